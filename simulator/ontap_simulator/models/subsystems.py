"""NVMe subsystems: their hosts, and the namespaces that the hosts see."""

import itertools
import re
import threading
from collections.abc import Callable
from typing import Any

from ontap_simulator.errors.block import (
    HOST_EXISTS,
    HOST_MISSING,
    NAMESPACE_MAPPED,
    NAMESPACE_NOT_MAPPED,
    SUBSYSTEM_EXISTS,
    SUBSYSTEM_HAS_HOSTS,
    SUBSYSTEM_IS_IGROUP,
    SUBSYSTEM_MAPPED,
    SUBSYSTEM_MISSING,
    SUBSYSTEM_NAME,
    SUBSYSTEM_NEEDS_SERVICE,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.nqns import host_nqns
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link

OS_TYPES = ('aix', 'linux', 'vmware', 'windows')
CHANGEABLE = ('comment', 'delete_on_unmap')
_NAME = re.compile(r'[A-Za-z0-9._:-]{1,64}')
Key = tuple[str, str]
"""The UUIDs of the subsystem and of the namespace."""


class Subsystems:
    """The subsystems of the cluster and their maps, kept over restarts."""

    def __init__(self, state: State, store: BlockStore) -> None:
        self._state = state
        self._store = store
        self._lock = threading.RLock()
        self._systems: dict[str, dict[str, Any]] = state.load('subsystems')
        self._numbers: dict[Key, int] = {
            _key(text): number for text, number in state.load('subsystem_maps').items()
        }

    def all(self) -> list[Record]:
        """Every subsystem, without its maps."""
        with self._lock:
            return [self._record(key) for key in self._systems]

    def get(self, identifier: str) -> Record:
        """One subsystem.

        :raises BlockError: there is none
        """
        with self._lock:
            if identifier not in self._systems:
                raise BlockError(
                    SUBSYSTEM_MISSING, 'The NVMe subsystem does not exist.', 'uuid'
                )
            return self._record(identifier)

    def named(self, name: str, svm: str) -> Record | None:
        """The subsystem of that name in an SVM."""
        return next(
            (
                system
                for system in self.all()
                if system['name'] == name and system['svm']['name'] == svm
            ),
            None,
        )

    def create(
        self, identifier: str, svm: Svm, body: Record, igroups: set[str]
    ) -> None:
        """Make a subsystem, with the hosts in the body.

        :param igroups: the names of the SVM's igroups, which are taken
        """
        if 'nvme' not in svm.protocols:
            raise BlockError(
                SUBSYSTEM_NEEDS_SERVICE,
                f'The NVMe service does not exist in the SVM "{svm.name}".',
            )
        name = str(body.get('name'))
        if not _NAME.fullmatch(name):
            raise BlockError(
                SUBSYSTEM_NAME, f'The subsystem name "{name}" is invalid.', 'name'
            )
        if body.get('os_type') not in OS_TYPES:
            raise InvalidValueError('os_type', body.get('os_type'))
        system = {
            'svm': svm.reference(),
            'name': name,
            'os_type': body['os_type'],
            'hosts': host_nqns(body.get('hosts') or []),
        }
        system |= {key: body[key] for key in CHANGEABLE if key in body}
        with self._lock:
            self._check_free(name, svm.name, igroups)
            self._systems[identifier] = system
            self._save()

    def update(self, identifier: str, body: Record) -> None:
        """Change the comment of a subsystem."""
        for name in set(body) - set(CHANGEABLE):
            raise InvalidValueError(name, body[name])
        with self._lock:
            self.get(identifier)
            self._systems[identifier].update(body)
            self._save()

    def delete(
        self, identifier: str, even_if_mapped: bool, even_with_hosts: bool
    ) -> None:
        """Delete a subsystem.

        :raises BlockError: it has namespaces or hosts, and the flag for them is
            not set
        """
        with self._lock:
            system = self.get(identifier)
            mapped = [key for key in self.maps() if key[0] == identifier]
            if mapped and not even_if_mapped:
                raise BlockError(
                    SUBSYSTEM_MAPPED, 'The NVMe subsystem has mapped namespaces.'
                )
            if system.get('hosts') and not even_with_hosts:
                raise BlockError(SUBSYSTEM_HAS_HOSTS, 'The NVMe subsystem has hosts.')
            del self._systems[identifier]
            self._drop(lambda key: key[0] == identifier)

    def add_hosts(self, identifier: str, nqns: list[str]) -> None:
        """Let hosts see a subsystem.

        :raises BlockError: one does already
        """
        with self._lock:
            self.get(identifier)
            hosts = self._systems[identifier]['hosts']
            for nqn in nqns:
                if nqn in hosts:
                    raise BlockError(
                        HOST_EXISTS, f'The host "{nqn}" exists already.', 'nqn'
                    )
            hosts.extend(nqns)
            self._save()

    def remove_host(self, identifier: str, nqn: str) -> None:
        """Take a host out.

        :raises BlockError: it is not in the subsystem
        """
        with self._lock:
            self.get(identifier)
            hosts = self._systems[identifier]['hosts']
            if nqn not in hosts:
                raise BlockError(
                    HOST_MISSING, f'The host "{nqn}" does not exist.', 'nqn'
                )
            hosts.remove(nqn)
            self._save()

    def maps(self) -> dict[Key, int]:
        """The namespace ID of every map whose namespace is still there."""
        with self._lock:
            return {
                key: number
                for key, number in self._numbers.items()
                if self._store.knows(key[1])
            }

    def map(self, identifier: str, namespace: str) -> int:
        """Map a namespace; its ID in the subsystem.

        :raises BlockError: it is mapped, to this subsystem or to another one
        """
        with self._lock:
            if self.is_mapped(namespace):
                raise BlockError(
                    NAMESPACE_MAPPED, 'The NVMe namespace is mapped already.'
                )
            taken = {
                number for key, number in self._numbers.items() if key[0] == identifier
            }
            number = next(n for n in itertools.count(1) if n not in taken)
            self._numbers[identifier, namespace] = number
            self._save()
            return number

    def unmap_from(self, identifier: str, namespace: str) -> None:
        """Unmap a namespace from a subsystem.

        :raises BlockError: it is not mapped to it
        """
        if (identifier, namespace) not in self.maps():
            raise BlockError(
                NAMESPACE_NOT_MAPPED, 'The namespace is not mapped to the subsystem.'
            )
        self._drop(lambda key: key == (identifier, namespace))

    def is_mapped(self, identifier: str) -> bool:
        """Whether a namespace is mapped to any subsystem."""
        return any(namespace == identifier for _, namespace in self.maps())

    def unmap(self, identifier: str) -> None:
        """Unmap a namespace from its subsystem."""
        self._drop(lambda key: key[1] == identifier)

    def clear(self) -> None:
        """Forget every subsystem."""
        with self._lock:
            self._systems, self._numbers = {}, {}
            self._save()

    def _check_free(self, name: str, svm: str, igroups: set[str]) -> None:
        if self.named(name, svm):
            raise BlockError(
                SUBSYSTEM_EXISTS, f'The NVMe subsystem "{name}" exists already.', 'name'
            )
        if name in igroups:
            raise BlockError(
                SUBSYSTEM_IS_IGROUP, f'There is an igroup named "{name}".', 'name'
            )

    def _drop(self, wanted: Callable[[Key], bool]) -> None:
        with self._lock:
            self._numbers = {
                key: number for key, number in self._numbers.items() if not wanted(key)
            }
            self._save()

    def _record(self, identifier: str) -> Record:
        system = self._systems[identifier]
        serial = identifier.replace('-', '')
        record = {
            **system,
            'uuid': identifier,
            'serial_number': serial[:20],
            'target_nqn': f'nqn.1992-08.com.netapp:sn.'
            f'{system["svm"]["uuid"].replace("-", "")}:subsystem.{system["name"]}',
            'hosts': [{'nqn': nqn} for nqn in system['hosts']],
            '_links': link(f'/protocols/nvme/subsystems/{identifier}'),
        }
        if not record['hosts']:
            del record['hosts']
        return record

    def _save(self) -> None:
        self._state.save('subsystems', self._systems)
        self._state.save(
            'subsystem_maps',
            {'/'.join(key): number for key, number in self._numbers.items()},
        )


def _key(text: str) -> Key:
    system, _, namespace = text.partition('/')
    return system, namespace
