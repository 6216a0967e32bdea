"""Every LUN and namespace of the cluster, kept over restarts in ``state.json``."""

import dataclasses
import functools
import threading
from collections.abc import Iterator
from typing import Any

from ontap_simulator.errors.block import BlockError
from ontap_simulator.errors.block_codes import BlockCodes
from ontap_simulator.errors.common import NoSuchVolumeError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.flexvols import FlexVols
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol


def _unwritten(volume: FlexVol, found: BlockObject) -> int:
    try:
        written = volume.files.stat(found.path).st_blocks * 512
    except OSError:
        return 0
    return max(found.size - written, 0)


class BlockStore:
    """Every LUN and namespace of the cluster, kept over restarts."""

    def __init__(self, state: State, volumes: FlexVols) -> None:
        self._state = state
        self._volumes = volumes
        self._lock = threading.RLock()
        self._objects = {
            key: BlockObject(**record) for key, record in state.load('block').items()
        }
        self._by_file: dict[tuple[str, str, str], str] = {}
        self._forget_what_is_lost()

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
        volume = self._volume(found)
        if volume is None:
            raise NoSuchVolumeError(found.volume)
        return volume

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

    def reserve(self, volume: FlexVol) -> None:
        """Count what its LUNs and namespaces reserve as used."""
        volume.reserved.append(functools.partial(self._reserved, volume))

    def renamed(self, volume: FlexVol, old: str) -> None:
        """Follow a FlexVol to its new name."""
        with self._lock:
            for key, found in self._objects.items():
                if (found.svm, found.volume) == (volume.svm.name, old):
                    self._objects[key] = dataclasses.replace(found, volume=volume.name)
            self._save()

    def inside(self, volume: FlexVol) -> list[BlockObject]:
        """Every LUN and namespace in a FlexVol."""
        place = (volume.svm.name, volume.name)
        with self._lock:
            return [o for o in self._objects.values() if (o.svm, o.volume) == place]

    def _volume(self, found: BlockObject) -> FlexVol | None:
        place = (found.svm, found.volume)
        return next((v for v in self._volumes if (v.svm.name, v.name) == place), None)

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
            volume = self._volume(found)
            if volume is None or not volume.files.has_file(found.path):
                yield found
            elif found.copying:
                volume.files.delete(found.path)
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
