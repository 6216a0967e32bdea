"""What is asked of the engine: an image, wanted in a pool, for a volume or not."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from eic_plugins.engine.pool_cache import CachedImages, PoolCache
from eic_plugins.glance.image_locations import Location
from eic_plugins.model import (
    CachedImage,
    Image,
    Refusal,
    StoredObject,
    VolumeCopy,
    VolumeProperties,
)
from eic_plugins.storage.interface import Filled, PoolStorage


class ImageSource(Protocol):
    """Where one request may have the bytes of an image from."""

    @property
    def verifies(self) -> bool:
        """True if the image's signature is to be verified."""

    def locations(self) -> Sequence[Location]:
        """Where Glance has the image; none if that is not known."""

    def locate_volume(self, copy: VolumeCopy) -> StoredObject | Refusal:
        """The file of a Cinder volume, or why it is of no use.

        :raises OntapError: the cluster did not answer
        """

    def download(self, storage: PoolStorage, target: StoredObject) -> Filled:
        """Fetch the image from Glance into ``target``, as a raw disk.

        :raises Exception: one of those in :mod:`eic_plugins.engine.failures`
        """

    def verify(self, path: Path) -> None:
        """Verify the signature of the image's raw bytes on this host.

        :raises SignatureError: it is not the signature of these bytes
        """


class NewVolume(Protocol):
    """A volume that is to be made."""

    @property
    def name(self) -> str:
        """What the pool calls it."""

    def properties(self) -> VolumeProperties:
        """What it is to have; asked when there is something to clone."""


class Elsewhere(Protocol):
    """Where else an image may be cached, for who looks at it only."""

    def pools(self) -> Iterable[CachedImages]:
        """The backend's other pools."""

    def search(self, image: Image) -> Sequence[CachedImage]:
        """The cached image in the rest of the cluster. That is asked only before a
        route that is taken once for a cluster.
        """


class Neighbours(Elsewhere, Protocol):
    """Where else an image may be cached, for who uses it."""

    def pools(self) -> Iterable[PoolCache]:
        """The backend's other pools."""


class NoNeighbours:
    """Nothing that is cached elsewhere is of use."""

    def pools(self) -> Iterable[PoolCache]:
        """None."""
        return ()

    def search(self, image: Image) -> Sequence[CachedImage]:
        """Nothing."""
        return ()


@dataclasses.dataclass(frozen=True)
class Demand:
    """An image that is wanted in a pool.

    ``size`` of the volume in GiB, None if only the cached image is wanted.
    ``refused`` if it is known beforehand why Cinder will refuse the image.
    """

    image: Image
    source: ImageSource
    size: int | None = None
    encrypted: bool = False
    pool_is_flexgroup: bool = False
    clone_limit_reached: bool = False
    refused: Refusal | None = None
