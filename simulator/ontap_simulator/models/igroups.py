"""Initiator groups: which initiators belong together."""

import re
import threading
from typing import Any

from ontap_simulator.errors.block import (
    IGROUP_EXISTS,
    IGROUP_IS_SUBSYSTEM,
    IGROUP_MISSING,
    IGROUP_NAME,
    INITIATOR_IN_IGROUP,
    INITIATOR_NOT_IN_IGROUP,
    INITIATORS_MISSING,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.models.initiators import check_initiator, initiator_names
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link

OS_TYPES = (
    'aix',
    'hpux',
    'hyper_v',
    'linux',
    'netware',
    'openvms',
    'solaris',
    'vmware',
    'windows',
    'xen',
)

PROTOCOLS = ('fcp', 'iscsi', 'mixed')

CHANGEABLE = ('name', 'os_type', 'comment', 'delete_on_unmap')

_NAME = re.compile(r'[A-Za-z0-9._:-]{1,96}')

_OF_INITIATOR = ('comment', 'proximity')


class Igroups:
    """The igroups of the cluster, kept over restarts."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.RLock()
        self._groups: dict[str, dict[str, Any]] = state.load('igroups')

    def all(self) -> list[Record]:
        """Every igroup, without its maps."""
        with self._lock:
            return [self._record(key) for key in self._groups]

    def get(self, identifier: str) -> Record:
        """One igroup.

        :raises BlockError: there is none
        """
        with self._lock:
            if identifier not in self._groups:
                raise BlockError(
                    IGROUP_MISSING, f'The igroup "{identifier}" does not exist.', 'uuid'
                )
            return self._record(identifier)

    def named(self, name: str, svm: str) -> Record | None:
        """The igroup of that name in an SVM."""
        return next(
            (
                group
                for group in self.all()
                if group['name'] == name and group['svm']['name'] == svm
            ),
            None,
        )

    def create(
        self, identifier: str, svm: Svm, body: Record, subsystems: set[str]
    ) -> None:
        """Make an igroup.

        :param subsystems: the names of the SVM's subsystems, which are taken
        """
        group = {
            'svm': svm.reference(),
            'name': body.get('name'),
            'protocol': body.get('protocol', 'mixed'),
            'os_type': body.get('os_type'),
            'initiators': {},
        }
        group |= {
            key: body[key] for key in ('comment', 'delete_on_unmap') if key in body
        }
        for name in initiator_names(body.get('initiators') or []):
            check_initiator(name, str(group['protocol']))
            group['initiators'][name] = {}
        with self._lock:
            self._check(group)
            self._check_free(str(group['name']), svm.name, subsystems)
            self._put(identifier, group)

    def update(self, identifier: str, body: Record) -> None:
        """Rename an igroup, or change its OS type or comment."""
        for name in set(body) - set(CHANGEABLE):
            raise InvalidValueError(name, body[name])
        with self._lock:
            record = self.get(identifier)
            group = {**self._groups[identifier], **body}
            self._check(group)
            if group['name'] != record['name']:
                self._check_free(group['name'], record['svm']['name'], set())
            self._put(identifier, group)

    def delete(self, identifier: str) -> None:
        """Delete an igroup."""
        with self._lock:
            self.get(identifier)
            del self._groups[identifier]
            self._save()

    def add(self, identifier: str, names: list[str]) -> None:
        """Add initiators.

        :raises BlockError: none is given, or one is in the igroup already
        """
        if not names:
            raise BlockError(INITIATORS_MISSING, 'Initiators must be supplied.', 'name')
        with self._lock:
            group = self.get(identifier)
            present = self._groups[identifier]['initiators']
            for name in names:
                check_initiator(name, group['protocol'])
                if name in present:
                    raise BlockError(
                        INITIATOR_IN_IGROUP,
                        f'"{name}" is in the igroup already.',
                        'name',
                    )
            present.update((name, {}) for name in names)
            self._save()

    def change(self, identifier: str, name: str, changes: Record) -> None:
        """Set the comment or the proximity of an initiator.

        :raises BlockError: it is not in the igroup
        """
        with self._lock:
            self.get(identifier)
            found = self._groups[identifier]['initiators'].get(name)
            if found is None:
                raise BlockError(
                    INITIATOR_NOT_IN_IGROUP, f'"{name}" is not in the igroup.', 'name'
                )
            found.update((key, changes[key]) for key in _OF_INITIATOR if key in changes)
            self._save()

    def remove(self, identifier: str, name: str) -> None:
        """Take an initiator out.

        :raises BlockError: it is not in the igroup
        """
        with self._lock:
            self.get(identifier)
            if name not in self._groups[identifier]['initiators']:
                raise BlockError(
                    INITIATOR_NOT_IN_IGROUP, f'"{name}" is not in the igroup.', 'name'
                )
            del self._groups[identifier]['initiators'][name]
            self._save()

    def clear(self) -> None:
        """Forget every igroup."""
        with self._lock:
            self._groups = {}
            self._save()

    def _check(self, group: dict[str, Any]) -> None:
        if not _NAME.fullmatch(str(group['name'])):
            raise BlockError(
                IGROUP_NAME, f'The igroup name "{group["name"]}" is invalid.', 'name'
            )
        for name, known in (('os_type', OS_TYPES), ('protocol', PROTOCOLS)):
            if group[name] not in known:
                raise InvalidValueError(name, group[name])

    def _check_free(self, name: str, svm: str, subsystems: set[str]) -> None:
        if self.named(name, svm):
            raise BlockError(
                IGROUP_EXISTS, f'The igroup "{name}" exists already.', 'name'
            )
        if name in subsystems:
            raise BlockError(
                IGROUP_IS_SUBSYSTEM,
                f'There is an NVMe subsystem named "{name}".',
                'name',
            )

    def _record(self, identifier: str) -> Record:
        group = self._groups[identifier]
        own = f'/protocols/san/igroups/{identifier}'
        record = {
            **group,
            'uuid': identifier,
            '_links': link(own),
            'initiators': [
                {'name': name, **found, '_links': link(f'{own}/initiators/{name}')}
                for name, found in group['initiators'].items()
            ],
        }
        if not record['initiators']:
            del record['initiators']
        return record

    def _put(self, identifier: str, group: dict[str, Any]) -> None:
        self._groups[identifier] = group
        self._save()

    def _save(self) -> None:
        self._state.save('igroups', self._groups)
