"""LUN maps: which igroup sees which LUN, under which number."""

import itertools
import threading
from collections.abc import Callable

from ontap_simulator.errors.block import (
    IGROUP_MAPPED,
    INITIATOR_SAME_NUMBER,
    INITIATOR_SEES_TWICE,
    MAP_EXISTS,
    MAP_MISSING,
    BlockError,
)
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.igroups import Igroups
from ontap_simulator.models.state import State
from ontap_simulator.records import Record

HIGHEST_NUMBER = 4095
Key = tuple[str, str]
"""The UUIDs of the LUN and of the igroup."""


class LunMaps:
    """The LUN maps of the cluster, kept over restarts."""

    def __init__(self, state: State, igroups: Igroups, store: BlockStore) -> None:
        self._state = state
        self._store = store
        self._igroups = igroups
        self._lock = threading.RLock()
        self._nodes: dict[tuple[str, str], list[str]] = {}
        self._numbers: dict[Key, int] = {
            _key(text): number for text, number in state.load('lun_maps').items()
        }

    def all(self) -> dict[Key, int]:
        """The number of every map whose LUN and igroup are still there."""
        igroups = {group['uuid'] for group in self._igroups.all()}
        with self._lock:
            return {
                (lun, igroup): number
                for (lun, igroup), number in self._numbers.items()
                if self._store.knows(lun) and igroup in igroups
            }

    def get(self, lun: str, igroup: str) -> int:
        """The number of a map.

        :raises BlockError: there is no such map
        """
        try:
            return self.all()[lun, igroup]
        except KeyError as err:
            raise BlockError(MAP_MISSING, 'The LUN map does not exist.') from err

    def create(self, lun: BlockObject, igroup: Record, number: int | None) -> int:
        """Map a LUN, under the lowest free number if none is asked for.

        :raises BlockError: an initiator would see the LUN twice, or two LUNs
            under one number
        """
        with self._lock:
            if (lun.uuid, igroup['uuid']) in self._numbers:
                raise BlockError(
                    MAP_EXISTS,
                    f'"{lun.name}" is mapped to the igroup "{igroup["name"]}" already.',
                )
            seen = self._seen_by(igroup)
            if lun.uuid in seen:
                raise BlockError(
                    INITIATOR_SEES_TWICE, 'An initiator would see the LUN twice.'
                )
            taken = set(seen.values())
            if number is None:
                number = next(n for n in itertools.count() if n not in taken)
            elif number in taken:
                raise BlockError(
                    INITIATOR_SAME_NUMBER,
                    f'The number {number} is in use.',
                    'logical_unit_number',
                )
            self._numbers[lun.uuid, igroup['uuid']] = number
            self._save()
            return number

    def nodes(self, lun: str, igroup: str) -> list[str]:
        """The nodes that were added to those that report a LUN."""
        with self._lock:
            return list(self._nodes.get((lun, igroup), ()))

    def report(self, lun: str, igroup: str, node: str, reports: bool) -> None:
        """Let a node report a LUN, or not any more; forgotten at a restart."""
        with self._lock:
            others = [name for name in self.nodes(lun, igroup) if name != node]
            self._nodes[lun, igroup] = [*others, node] if reports else others

    def delete(self, lun: str, igroup: str) -> None:
        """Unmap a LUN from an igroup."""
        with self._lock:
            self.get(lun, igroup)
            del self._numbers[lun, igroup]
            self._save()

    def is_mapped(self, identifier: str) -> bool:
        """Whether a LUN is mapped to any igroup."""
        return any(lun == identifier for lun, _ in self.all())

    def unmap(self, identifier: str) -> None:
        """Unmap a LUN from every igroup."""
        self._drop(lambda key: key[0] == identifier)

    def free_igroup(self, identifier: str, even_if_mapped: bool) -> None:
        """Unmap everything from an igroup, or refuse to.

        :raises BlockError: LUNs are mapped, and ``even_if_mapped`` is not set
        """
        if not even_if_mapped:
            self.check_not_mapped(identifier)
        self._drop(lambda key: key[1] == identifier)

    def check_not_mapped(self, igroup: str) -> None:
        """Refuse what an igroup with mapped LUNs does not allow."""
        if any(key[1] == igroup for key in self.all()):
            raise BlockError(IGROUP_MAPPED, 'The igroup is mapped to LUNs.')

    def check_new_initiators(self, igroup: Record, names: list[str]) -> None:
        """Whether initiators may join an igroup.

        :raises BlockError: one would see a LUN twice, or two under one number
        """
        own = self._of({igroup['uuid']})
        for name in names:
            others = self._of(
                {
                    group['uuid']
                    for group in self._igroups.all()
                    if name in _initiators(group)
                }
                - {igroup['uuid']}
            )
            if set(own) & set(others):
                raise BlockError(
                    INITIATOR_SEES_TWICE, f'"{name}" would see a LUN twice.', 'name'
                )
            if set(own.values()) & set(others.values()):
                raise BlockError(
                    INITIATOR_SAME_NUMBER,
                    f'"{name}" would see two LUNs under one number.',
                    'name',
                )

    def clear(self) -> None:
        """Forget every map."""
        self._drop(lambda key: True)

    def _seen_by(self, igroup: Record) -> dict[str, int]:
        """What the initiators of an igroup see already."""
        own = _initiators(igroup)
        return self._of(
            {
                group['uuid']
                for group in self._igroups.all()
                if group['uuid'] == igroup['uuid'] or own & _initiators(group)
            }
        )

    def _of(self, igroups: set[str]) -> dict[str, int]:
        return {
            lun: number
            for (lun, igroup), number in self.all().items()
            if igroup in igroups
        }

    def _drop(self, wanted: Callable[[Key], bool]) -> None:
        with self._lock:
            kept = {
                key: number for key, number in self._numbers.items() if not wanted(key)
            }
            if len(kept) != len(self._numbers):
                self._numbers = kept
                self._save()

    def _save(self) -> None:
        self._state.save(
            'lun_maps', {'/'.join(key): number for key, number in self._numbers.items()}
        )


def _key(text: str) -> Key:
    lun, _, igroup = text.partition('/')
    return lun, igroup


def _initiators(igroup: Record) -> set[str]:
    return {initiator['name'] for initiator in igroup.get('initiators', [])}
