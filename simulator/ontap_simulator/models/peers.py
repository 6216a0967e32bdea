"""SVM peerings: what lets files be copied from one SVM to another."""

import threading
import uuid

from ontap_simulator.errors.block import NOT_PEERED_FOR_COPY, BlockError
from ontap_simulator.errors.common import (
    DuplicateError,
    InvalidValueError,
    NoSuchEntryError,
)
from ontap_simulator.errors.files import (
    NOT_PEERED,
    PEERED_FOR_OTHERS,
    PEERING_NOT_READY,
)
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.personality import Personality
from ontap_simulator.records import Record, link

FILE_COPY = 'file_copy'
LUN_COPY = 'lun_copy'
_STATES = ('peered', 'suspended')


class Peers:
    """The peerings between SVMs of this cluster, kept over restarts."""

    def __init__(self, state: State, cluster: Record, personality: Personality) -> None:
        self._state = state
        self._personality = personality
        self._cluster = cluster
        self._lock = threading.Lock()
        self._records: dict[str, Record] = state.load('peers')

    def all(self) -> list[Record]:
        """Every peering."""
        return list(self._records.values())

    def get(self, uuid: str) -> Record:
        """One peering."""
        if uuid not in self._records:
            raise NoSuchEntryError('uuid')
        return self._records[uuid]

    def create(self, svm: Svm, peer: Svm, applications: list[str]) -> Record:
        """Peer two SVMs; within a cluster that needs nobody's consent."""
        identifier = str(uuid.uuid4())
        record = {
            'uuid': identifier,
            'name': peer.name,
            'state': 'peered',
            'svm': svm.reference(),
            'applications': applications,
            'peer': {'svm': peer.reference(), 'cluster': self._cluster},
            '_links': link(f'/svm/peers/{identifier}'),
        }
        with self._lock:
            if self._between(svm.name, peer.name):
                raise DuplicateError('The SVM peer relationship already exists.')
            self._put(record)
        return record

    def update(self, uuid: str, changes: Record) -> None:
        """Change the applications or the state."""
        record = dict(self.get(uuid))
        if changes.get('state', 'peered') not in _STATES:
            raise InvalidValueError('state', changes['state'])
        record |= {
            key: changes[key] for key in ('applications', 'state') if key in changes
        }
        with self._lock:
            self._put(record)

    def delete(self, uuid: str) -> None:
        """End a peering."""
        self.get(uuid)
        with self._lock:
            self._records.pop(uuid, None)
            self._state.save('peers', self._records)

    def allow(self, svm: Svm, peer: Svm, application: str) -> bool:
        """Whether the SVMs are peered for it, in a direction that counts.

        :param svm: where a copy is read
        :param peer: where it is written
        """
        made_from = {'source': svm.name, 'destination': peer.name}.get(
            self._personality.file_copy_peering if application == FILE_COPY else ''
        )
        return any(
            record['state'] == 'peered'
            and application in record['applications']
            and made_from in {None, record['svm']['name']}
            for record in self._between(svm.name, peer.name)
        )

    def why_not(self, svm: Svm, peer: Svm, application: str) -> str:
        """The code of what keeps files from being copied between two SVMs."""
        found = self._between(svm.name, peer.name)
        if not found:
            return NOT_PEERED
        if not any(application in record['applications'] for record in found):
            return PEERED_FOR_OTHERS
        if not any(record['state'] == 'peered' for record in found):
            return PEERING_NOT_READY
        return NOT_PEERED

    def peer_for(self, svm: Svm, name: str, application: str, svms: list[Svm]) -> Svm:
        """The SVM at the other end of a peering.

        :param name: the name or UUID of the peering, or of the peer
        :raises BlockError: they are not peered for the application
        """
        for record in self._records.values():
            ends = {record['svm']['name'], record['peer']['svm']['name']}
            if svm.name not in ends or name not in {
                *ends,
                record['name'],
                record['uuid'],
            }:
                continue
            for other in svms:
                if other.name in ends - {svm.name} and self.allow(
                    svm, other, application
                ):
                    return other
        raise BlockError(
            NOT_PEERED_FOR_COPY,
            f'The SVM "{svm.name}" has no peering '
            f'"{name}" with the application "{application}".',
            'copy.source.peer',
        )

    def _between(self, one: str, other: str) -> list[Record]:
        return [
            record
            for record in self._records.values()
            if {record['svm']['name'], record['peer']['svm']['name']} == {one, other}
        ]

    def _put(self, record: Record) -> None:
        self._records[record['uuid']] = record
        self._state.save('peers', self._records)
