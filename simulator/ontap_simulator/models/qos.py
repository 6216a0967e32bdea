"""QoS policies: they are kept and assigned, nothing is throttled."""

import threading
import uuid

from ontap_simulator.errors.common import DuplicateError, NoSuchEntryError
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link, value

_LIMITS = ('fixed', 'adaptive')


class QosPolicies:
    """The QoS policies of the cluster, kept over restarts."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._records: dict[str, Record] = state.load('qos_policies')

    def all(self) -> list[Record]:
        """Every policy."""
        return list(self._records.values())

    def get(self, uuid: str) -> Record:
        """One policy."""
        if uuid not in self._records:
            raise NoSuchEntryError('uuid')
        return self._records[uuid]

    def create(self, svm: Svm, body: Record) -> Record:
        """Make a policy with the limits in the body."""
        identifier = str(uuid.uuid4())
        limits = {key: body[key] for key in _LIMITS if key in body}
        record: Record = {
            'uuid': identifier,
            'name': body['name'],
            'svm': svm.reference(),
            'object_count': 0,
            **limits,
            '_links': link(f'/storage/qos/policies/{identifier}'),
        }
        with self._lock:
            self._check_free(svm.name, body['name'])
            self._put(record)
        return record

    def update(self, uuid: str, changes: Record) -> None:
        """Rename a policy or change its limits."""
        record = dict(self.get(uuid))
        with self._lock:
            if changes.get('name', record['name']) != record['name']:
                self._check_free(record['svm']['name'], changes['name'])
            record |= {
                key: changes[key] for key in ('name', *_LIMITS) if key in changes
            }
            self._put(record)

    def delete(self, uuid: str) -> None:
        """Delete a policy."""
        self.get(uuid)
        with self._lock:
            self._records.pop(uuid, None)
            self._state.save('qos_policies', self._records)

    def _check_free(self, svm: str, name: str) -> None:
        if any(
            r['name'] == name and value(r, 'svm.name') == svm
            for r in self._records.values()
        ):
            raise DuplicateError(f'A QoS policy named "{name}" exists.')

    def _put(self, record: Record) -> None:
        self._records[record['uuid']] = record
        self._state.save('qos_policies', self._records)
