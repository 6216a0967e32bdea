"""LUNs and NVMe namespaces: files of a FlexVol that have a name in the SAN.

``/vol/VOLUME/lun1`` is the file ``lun1`` at the root of the FlexVol, so that
its clones are reflinks and a host on this machine can open it as a disk. What
a file cannot say (UUID, serial number, comment, ...) is in ``state.json``.
"""

import dataclasses
import functools
import re
import threading
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from ontap_simulator.block_exceptions import (
    LUN,
    NAMESPACE,
    NO_SUCH_QTREE,
    NO_SUCH_VOLUME,
    BlockCodes,
    BlockError,
)
from ontap_simulator.models.state import State
from ontap_simulator.models.volumes import FlexVol, Svm

_BASE_NAME = re.compile(r'[A-Za-z0-9._{}-]+')
_LONGEST_PATH = 2
_SERIAL_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-'
_SERIAL_LENGTH = 12


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a LUN or a namespace is: ``[QTREE/]NAME`` in a FlexVol."""

    volume: FlexVol
    path: str

    @property
    def name(self) -> str:
        """The name that hosts and drivers use."""
        return f'/vol/{self.volume.name}/{self.path}'


@dataclasses.dataclass(frozen=True)
class BlockObject:
    """A LUN or a namespace; sizes in bytes, times in seconds since 1970."""

    uuid: str
    kind: str
    svm: str
    volume: str
    path: str
    size: int
    os_type: str
    block_size: int
    created: float
    serial_number: str = ''
    comment: str = ''
    enabled: bool = True
    auto_delete: bool = False
    space_reserved: bool = False
    thin_provisioning: bool = False
    qos_policy: str = ''
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)
    from_file: str = ''
    """The file that became this LUN, which cannot be deleted before it."""
    copying: bool = False
    """A copy is still filling it; a restart ends the copy."""

    @property
    def name(self) -> str:
        """The name that hosts and drivers use."""
        return f'/vol/{self.volume}/{self.path}'

    @property
    def codes(self) -> BlockCodes:
        """The error codes of its kind."""
        return LUN if self.kind == LUN.noun else NAMESPACE


def _unwritten(volume: FlexVol, found: BlockObject) -> int:
    try:
        written = volume.directory.stat(found.path).st_blocks * 512
    except OSError:
        return 0
    return max(found.size - written, 0)


def new_serial_number(identifier: str) -> str:
    """The twelve letters of a LUN, from its UUID."""
    number = uuid.UUID(identifier).int
    letters = []
    for _ in range(_SERIAL_LENGTH):
        number, index = divmod(number, len(_SERIAL_LETTERS))
        letters.append(_SERIAL_LETTERS[index])
    return ''.join(letters)


def place_of(
    name: str, svm: Svm, volumes: Iterable[FlexVol], codes: BlockCodes
) -> Place:
    """Where ``/vol/VOLUME[/QTREE]/NAME`` is.

    :raises BlockError: there is no such FlexVol or qtree, or the name is bad
    """
    parts = name.split('/')
    if parts[:2] != ['', 'vol'] or not parts[2:3] or not parts[2]:
        raise BlockError(
            codes.no_volume,
            f'"{name}" names no volume: write it as /vol/VOLUME/NAME.',
            'name',
        )
    inside = parts[3:]
    if not inside or not inside[-1]:
        raise BlockError(codes.no_base_name, f'"{name}" has no base name.', 'name')
    volume = volume_named(parts[2], svm, volumes)
    if len(inside) > _LONGEST_PATH or not all(
        _BASE_NAME.fullmatch(part) and part.strip('.') for part in inside
    ):
        raise BlockError(
            codes.bad_characters,
            f'The name "{name}" is not made of '
            'A-Z, a-z, 0-9, "-", ".", "_", "{" and "}".',
            'name',
        )
    _check_qtree(volume, inside)
    return Place(volume, '/'.join(inside))


def volume_named(name: str, svm: Svm, volumes: Iterable[FlexVol]) -> FlexVol:
    """The FlexVol of an SVM.

    :raises BlockError: there is none of that name
    """
    for volume in volumes:
        if volume.svm == svm and volume.name == name:
            return volume
    raise BlockError(
        NO_SUCH_VOLUME,
        f'The volume "{name}" was not found in the SVM "{svm.name}".',
        'name',
    )


def _check_qtree(volume: FlexVol, inside: list[str]) -> None:
    # A qtree is a directory at the root of the FlexVol.
    if len(inside) == 1:
        return
    directories = {name for name, _ in volume.directory.entries('')}
    if inside[0] not in directories:
        raise BlockError(
            NO_SUCH_QTREE,
            f'The qtree "{inside[0]}" was not found.',
            'location.qtree.name',
        )


class BlockStore:
    """Every LUN and namespace of the cluster, kept over restarts."""

    def __init__(self, state: State, volumes: Iterable[FlexVol]) -> None:
        self._state = state
        self._volumes = {(v.svm.name, v.name): v for v in volumes}
        self._lock = threading.RLock()
        self._objects = {
            key: BlockObject(**record) for key, record in state.load('block').items()
        }
        self._by_file: dict[tuple[str, str, str], str] = {}
        self._forget_what_is_lost()
        for volume in self._volumes.values():
            volume.reserved.append(functools.partial(self._reserved, volume))

    def all(self, kind: str) -> list[BlockObject]:
        """Every LUN, or every namespace, by name."""
        with self._lock:
            found = [o for o in self._objects.values() if o.kind == kind]
        return sorted(found, key=lambda o: (o.svm, o.name))

    def get(self, identifier: str, codes: BlockCodes) -> BlockObject:
        """The LUN or namespace of that UUID.

        :raises BlockError: there is none
        """
        with self._lock:
            found = self._objects.get(identifier)
        if found is None or found.kind != codes.noun:
            raise BlockError(
                codes.not_found,
                f'The {codes.noun} "{identifier}" was not found.',
                'uuid',
            )
        return found

    def named(self, name: str, svm: Svm, kind: str) -> BlockObject | None:
        """The LUN or namespace of that name in an SVM."""
        return next(
            (o for o in self.all(kind) if o.name == name and o.svm == svm.name), None
        )

    def at(self, volume: FlexVol, path: str) -> BlockObject | None:
        """The LUN or namespace that a file is, or was made from."""
        inside = '/'.join(part for part in path.split('/') if part)
        with self._lock:
            found = self._by_file.get((volume.svm.name, volume.name, inside))
            return self._objects[found] if found else None

    def below(self, volume: FlexVol, path: str) -> bool:
        """Whether a directory has a LUN or a namespace in it."""
        inside = f'{path.strip("/")}/'
        with self._lock:
            return any(
                o.path.startswith(inside)
                for o in self._objects.values()
                if (o.svm, o.volume) == (volume.svm.name, volume.name)
            )

    def volume(self, found: BlockObject) -> FlexVol:
        """The FlexVol that a LUN or namespace is in."""
        return self._volumes[found.svm, found.volume]

    def knows(self, identifier: str) -> bool:
        """Whether there is a LUN or namespace of that UUID."""
        return identifier in self._objects

    def put(self, new: BlockObject) -> None:
        """Keep a new LUN or namespace."""
        with self._lock:
            self._objects[new.uuid] = new
            self._save()

    def update(self, found: BlockObject, **fields: Any) -> BlockObject:
        """Set some properties of a LUN or namespace.

        :raises BlockError: it is gone
        """
        with self._lock:
            changed = dataclasses.replace(self.get(found.uuid, found.codes), **fields)
            self.put(changed)
            return changed

    def remove(self, identifier: str) -> None:
        """Forget a LUN or namespace."""
        with self._lock:
            if self._objects.pop(identifier, None):
                self._save()

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._objects = {}
            self._save()

    def _reserved(self, volume: FlexVol) -> int:
        """Bytes that LUNs of a FlexVol have reserved and not written."""
        with self._lock:
            found = [
                o
                for o in self._objects.values()
                if o.space_reserved
                and (o.svm, o.volume) == (volume.svm.name, volume.name)
            ]
        return sum(_unwritten(volume, each) for each in found)

    def _forget_what_is_lost(self) -> None:
        """Whose file is gone, and the halves that copies have left."""
        lost = list(self._lost())
        for found in lost:
            del self._objects[found.uuid]
        self._save()

    def _lost(self) -> Iterator[BlockObject]:
        for found in self._objects.values():
            volume = self._volumes.get((found.svm, found.volume))
            if volume is None or not volume.directory.has_file(found.path):
                yield found
            elif found.copying:
                volume.directory.delete(found.path)
                yield found

    def _save(self) -> None:
        self._by_file = {
            (found.svm, found.volume, path): key
            for key, found in self._objects.items()
            for path in (found.path, found.from_file)
            if path
        }
        self._state.save(
            'block',
            {key: dataclasses.asdict(found) for key, found in self._objects.items()},
        )
