"""What the engine asks of others, made of a test's own functions."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from eic_plugins.engine.pool_cache import PoolCache, Want
from eic_plugins.glance.image_locations import Location
from eic_plugins.model import (
    CachedImage,
    Image,
    Reason,
    Refusal,
    StoredObject,
    VolumeCopy,
    VolumeProperties,
)
from eic_plugins.storage.interface import Filled, PoolStorage

Make = Callable[[StoredObject], Filled]
Verify = Callable[[Path], None]


@dataclasses.dataclass(frozen=True)
class FakeFill:
    """A fill by ``on_make``; one with ``on_verify`` verifies."""

    on_make: Make
    on_verify: Verify | None = None
    want: Want | None = None

    @property
    def verifies(self) -> bool:
        return self.on_verify is not None

    def make(self, target: StoredObject) -> Filled:
        return self.on_make(target)

    def verify(self, path: Path) -> None:
        assert self.on_verify is not None
        self.on_verify(path)


def no_locations() -> Sequence[Location]:
    return ()


def no_volumes(_copy: VolumeCopy) -> StoredObject | Refusal:
    return Refusal.of_location(Reason.LOCATION_UNSUPPORTED)


@dataclasses.dataclass(frozen=True)
class FakeSource:
    """An image that ``on_download`` downloads; one with ``on_verify`` verifies."""

    on_download: Make
    on_locations: Callable[[], Sequence[Location]] = no_locations
    on_verify: Verify | None = None
    on_locate_volume: Callable[[VolumeCopy], StoredObject | Refusal] = no_volumes

    @property
    def verifies(self) -> bool:
        return self.on_verify is not None

    def locations(self) -> Sequence[Location]:
        return self.on_locations()

    def locate_volume(self, copy: VolumeCopy) -> StoredObject | Refusal:
        return self.on_locate_volume(copy)

    def download(self, _storage: PoolStorage, target: StoredObject) -> Filled:
        return self.on_download(target)

    def verify(self, path: Path) -> None:
        assert self.on_verify is not None
        self.on_verify(path)


@dataclasses.dataclass(frozen=True)
class FakeVolume:
    """A volume that is to be made, without properties of its own."""

    name: str

    def properties(self) -> VolumeProperties:
        return VolumeProperties()


def nothing_cached(_image: Image) -> Sequence[CachedImage]:
    return ()


@dataclasses.dataclass(frozen=True)
class FakeNeighbours:
    """Other pools as ``on_pools`` has them, others' as ``on_search`` does."""

    on_pools: Callable[[], Iterable[PoolCache]]
    on_search: Callable[[Image], Sequence[CachedImage]] = nothing_cached

    def pools(self) -> Iterable[PoolCache]:
        return self.on_pools()

    def search(self, image: Image) -> Sequence[CachedImage]:
        return self.on_search(image)


class FakeHeld:
    """A lock that is never lost."""

    def confirm(self) -> bool:
        return True


class NoLocks:
    """Locks that everybody has."""

    @contextlib.contextmanager
    def held(self, _name: str, *, wait: bool) -> Iterator[FakeHeld]:
        yield FakeHeld()
