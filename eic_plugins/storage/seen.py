"""What a backend has seen of the cached images' LUNs or namespaces of its SVM.

A device that was seen with a valid record is remembered by its uuid. As long as
there is a device with that uuid, it has those bytes. Whoever clones it by uuid
gets them, or is told that it is gone. So nobody looks again at a cached image that
was seen before.

The times of use are remembered, too, and written later: by
:meth:`SeenDevices.unwritten`, once a minute.
"""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eic_plugins.model import CACHED_IMAGE_PREFIX, FlexVol
from eic_plugins.ontap.block import BlockDevice, BlockDevices

_MOST = 4096
"""Devices that are remembered; of more, those seen first are looked up again."""
_Key = tuple[str, str]
"""The FlexVol's uuid and the image's id."""


@dataclasses.dataclass(frozen=True)
class SeenDevice:
    """A cached image's device, and its last use (seconds since the epoch) by
    this process that nobody has written down; 0 if there is none.
    """

    device: BlockDevice
    used: float = 0.0


class SeenDevices:
    """The memory of a backend, for all of its pools; threads share it.

    Whoever has looked finds here what that look saw, or a later one: looks are
    numbered, and what an earlier one brings later counts for nothing.
    """

    def __init__(self, devices: BlockDevices) -> None:
        self._devices = devices
        self._lock = threading.Lock()
        self._seen: dict[_Key, SeenDevice] = {}
        self._numbers = itertools.count(1)
        self._looked: dict[str, int] = {}
        """The number of the last look at an image."""

    def get(self, flexvol: FlexVol, image_id: str) -> SeenDevice | None:
        """What was seen last; no call."""
        with self._lock:
            return self._seen.get((flexvol.uuid, image_id))

    def look(self, image_id: str) -> None:
        """See what all FlexVols of the SVM have of an image: one call."""
        number = next(self._numbers)
        found = self._devices.named(CACHED_IMAGE_PREFIX + image_id)
        self._replace(found, lambda key: key[1] == image_id, number, image_id)

    def look_over(self, flexvol: FlexVol) -> Sequence[BlockDevice]:
        """See what a FlexVol has of all images: one call."""
        number = next(self._numbers)
        found = self._devices.list(flexvol, f'{CACHED_IMAGE_PREFIX}*')
        self._replace(found, lambda key: key[0] == flexvol.uuid, number)
        return found

    def everywhere(self, image_id: str) -> list[BlockDevice]:
        """An image's devices in any FlexVol, as last seen; no call."""
        with self._lock:
            return [
                seen.device for key, seen in self._seen.items() if key[1] == image_id
            ]

    def put(self, device: BlockDevice) -> None:
        """A device as it has just been made."""
        self._replace([device], lambda _: False, next(self._numbers), _key(device)[1])

    def use(self, flexvol: FlexVol, image_id: str, now: float) -> bool:
        """Remember a use; False if no such device is known."""
        with self._lock:
            seen = self._seen.get((flexvol.uuid, image_id))
            if seen is not None:
                self._seen[flexvol.uuid, image_id] = SeenDevice(seen.device, now)
            return seen is not None

    def unwritten(self, flexvol: FlexVol) -> list[SeenDevice]:
        """The devices of a FlexVol that were used since that was written."""
        with self._lock:
            return [
                seen
                for key, seen in self._seen.items()
                if key[0] == flexvol.uuid and seen.used
            ]

    def written(self, device: BlockDevice, until: float) -> None:
        """A device as it is now, with all uses up to then in its comment."""
        with self._lock:
            key = _key(device)
            seen = self._seen.get(key)
            if seen is not None and seen.device.uuid == device.uuid:
                self._seen[key] = SeenDevice(
                    device, seen.used if seen.used > until else 0.0
                )

    def forget(self, flexvol: FlexVol, image_id: str) -> None:
        """It is not there, or is something else by now."""
        self._replace(
            (),
            lambda key: key == (flexvol.uuid, image_id),
            next(self._numbers),
            image_id,
        )

    def serves(self, device: BlockDevice) -> bool:
        """Not in a qtree, where EIC puts none; nor of an ``os_type`` that the
        backend's volumes do not have, which no clone can change.
        """
        return (
            device.name.startswith(CACHED_IMAGE_PREFIX)
            and '/' not in device.name
            and device.os_type in {'', self._devices.os_type}
        )

    def _replace(
        self,
        found: Iterable[BlockDevice],
        stale: Callable[[_Key], bool],
        number: int,
        image_id: str = '',
    ) -> None:
        """Put what a look found in the place of what it was about.

        A use that nobody has written stays, if its device does.
        """
        with self._lock:

            def newer(key: _Key) -> bool:
                return self._looked.get(key[1], 0) > number

            before = self._seen
            self._seen = {
                key: seen
                for key, seen in before.items()
                if newer(key) or not stale(key)
            }
            for device in found:
                if self.serves(device) and not newer(_key(device)):
                    self._put(device, before.get(_key(device)))
            if image_id:
                self._looked[image_id] = max(number, self._looked.pop(image_id, 0))
            _shorten(self._seen)
            _shorten(self._looked)

    def _put(self, device: BlockDevice, before: SeenDevice | None) -> None:
        key = _key(device)
        self._seen.pop(key, None)
        same = before is not None and before.device.uuid == device.uuid
        self._seen[key] = SeenDevice(device, before.used if same and before else 0.0)


def _shorten(found: dict[Any, Any]) -> None:
    """Keep the newest ones."""
    while len(found) > _MOST:
        del found[next(iter(found))]


def _key(device: BlockDevice) -> _Key:
    return (device.flexvol_uuid, device.name.removeprefix(CACHED_IMAGE_PREFIX))
