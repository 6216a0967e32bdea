"""What a pool's storage does, one small interface for each kind of caller.

| Interface | Who asks |
|---|---|
| :class:`View` | who looks for a cached image |
| :class:`Lookup` | who looks for one, or uses one |
| :class:`Fills` | who makes a cached image |
| :class:`Clones` | who makes a volume of it |
| :class:`Holdings` | who compares, evicts and counts |
| :class:`Bytes` | who reads a cached image |
| :class:`UnrecordedFiles` | who looks for a file that others wrote |
| :class:`ForeignFiles` | who makes a cached image of such a file |

A :class:`PoolStorage` is all of them but the last two. Of these it has the last
one if there can be such files. :mod:`eic_plugins.storage.files` keeps cached images
as files of an NFS share, :mod:`eic_plugins.storage.block` as LUNs or NVMe
namespaces. What the cache and the engine do is the same for all of them: one fill at
a time, inspection before publication, eviction by last use. No policy is here, and
no lock.
"""

import abc
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from eic_plugins.model import CachedImage, Image, Pool, StoredObject, VolumeProperties
from eic_plugins.ontap.session import OntapError, OntapForbiddenError
from eic_plugins.storage.eviction import Usage

Examine = Callable[[Path], None]
"""Looks at bytes on this host; raises if they must not be published."""


class NotReadableError(OSError):
    """The service's user may not read or change what it made."""


class CannotGrowError(OntapError):
    """ONTAP does not let a clone have the size of its volume."""


class GrowthForbiddenError(OntapForbiddenError):
    """The user's role lets a volume be cloned, and not become larger than its image."""


class VolumeNotMadeError(Exception):
    """The volume is not there, and nothing of it.

    ``image_is_gone`` if that is because the cached image is not, either.
    """

    def __init__(self, cause: Exception, image_is_gone: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.image_is_gone = image_is_gone


@dataclasses.dataclass(frozen=True)
class Record:
    """What is known of a cached image: without a record there is none.

    ``identity`` and ``signature`` (what was verified, '' for nothing) are the
    image's when it was made. ``uuid`` of the LUN or namespace that has it; files
    have none.
    """

    identity: str
    virtual_size: int
    signature: str = ''
    uuid: str = dataclasses.field(default='', compare=False)


@dataclasses.dataclass(frozen=True)
class Filled:
    """What a fill says of what it made: bytes of the raw disk (0: not known),
    which signature is known to be verified (``Image.signature``), and whether it
    is made of bytes that were inspected before they were published.
    """

    virtual_size: int = 0
    signature: str = ''
    inspected: bool = False


@dataclasses.dataclass(frozen=True)
class Leftover:
    """What a fill that was cut off left, of which image, idle since when."""

    name: str
    image_id: str
    idle_since: float


class UnrecordedFiles(abc.ABC):
    """Files that somebody else wrote, looked at only."""

    @abc.abstractmethod
    def unrecorded(self, image_id: str) -> StoredObject | None:
        """What has the cached image's name without a record."""


class View(abc.ABC):
    """Which images are cached in one pool. Nothing here changes anything."""

    pool: Pool
    kind = ''
    """What cached images are: ``files``, ``luns`` or ``namespaces``."""
    remembers = False
    """Whether :meth:`recall` may tell less than a :meth:`refresh` would."""

    @abc.abstractmethod
    def refresh(self, image_id: str = '') -> None:
        """See what other hosts did, of one image or of all."""

    @abc.abstractmethod
    def read(self, image_id: str) -> Record | None:
        """The record, if the cached image's bytes are there in its size."""

    def recall(self, image_id: str) -> Record | None:
        """As :meth:`read`, after a :meth:`refresh` or a look at the image in
        another pool: what that has seen need not be asked again.
        """
        return self.read(image_id)

    @property
    def foreign_files(self) -> UnrecordedFiles | None:
        """Where the pool can have files of others; None where it cannot."""
        return None


class Lookup(View):
    """Which images are cached in one pool, and that they are in use."""

    @abc.abstractmethod
    def image_ids(self) -> Iterator[str]:
        """The images that have a record here."""

    @abc.abstractmethod
    def touch(self, image_id: str) -> bool:
        """Say that it is in use now; False if it is not there any more."""

    def keep(self, image_id: str) -> None:
        """Say that it is still in use; called often while it is."""
        self.touch(image_id)

    def write_uses(self) -> int:
        """Write down the uses that were only remembered; called each minute.

        :returns: how many
        :raises OntapError: some are remembered still
        """
        return 0


class Fills(abc.ABC):
    """Cached images in the making, under temporary names, in one pool."""

    clones_are_free = False
    """A clone of a file in the pool takes no bytes, nor reserves any."""

    @abc.abstractmethod
    def writable(self, name: str, size: int) -> AbstractContextManager[Path]:
        """A path on this host to write ``size`` bytes (0: not known) to."""

    @abc.abstractmethod
    def examine(
        self,
        name: str,
        expected_size: int,
        also: Examine | None,
        inspected: bool = False,
    ) -> int:
        """Inspect what a fill made; the size in bytes of the raw disk.

        :param expected_size: bytes, 0 if it is not known
        :param also: another look that is wanted
        :param inspected: True if these bytes were inspected elsewhere
        :raises UnsafeImageError: these are not the bytes of a raw disk, or
            not of this size
        :raises NotReadableError: the host may not read them
        """

    @abc.abstractmethod
    def publish(self, target: StoredObject, image: Image, record: Record) -> Record:
        """Give what a fill made the cached image's name and its record.

        :returns: the record as it is there now
        :raises OntapError, OSError: there is no cached image then
        """

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """Remove what a fill made; logs what to do if that fails."""

    @abc.abstractmethod
    def leftovers(self) -> Iterator[Leftover]:
        """What cut-off fills may have left."""


class Clones(abc.ABC):
    """Volumes that are clones of a pool's cached images."""

    @abc.abstractmethod
    def make_volume(
        self, name: str, cached: CachedImage, size: int, properties: VolumeProperties
    ) -> None:
        """FlexClone the cached image to a volume of ``size`` GiB.

        :param properties: what it is to have; files have none of them
        :raises VolumeNotMadeError: nothing of it is left
        """

    @abc.abstractmethod
    def remove_volume(self, name: str) -> None:
        """Remove what was made of a volume that Cinder now downloads."""


class Holdings(abc.ABC):
    """What a pool holds of cached images, when it was used, and their end."""

    use_delay = 0.0
    """Seconds until a use on another host can be seen here, at most."""

    @abc.abstractmethod
    def usages(self) -> Iterator[Usage]:
        """Every cached image, and what is left of one."""

    @abc.abstractmethod
    def held(self) -> Iterator[tuple[Usage, Record | None]]:
        """The same with their records; None for what is left of one."""

    @abc.abstractmethod
    def held_of(self, image_id: str) -> tuple[Usage, Record | None] | None:
        """The same of one image, however many others there are; None of one
        of which there is nothing.
        """

    @abc.abstractmethod
    def withdraw(self, image_id: str) -> None:
        """Remove the record: nobody starts to use the bytes any more."""

    @abc.abstractmethod
    def withdraw_unused(self, usage: Usage) -> bool:
        """As :meth:`withdraw`, unless it was used since then; whether it did.

        Nobody's use can fall in between: who touches it either is seen here,
        or finds the record gone.
        """

    @abc.abstractmethod
    def remove_image(self, image_id: str) -> None:
        """Remove the bytes that had the cached image's name."""


class Bytes(abc.ABC):
    """The bytes of cached images, and of what becomes one."""

    @abc.abstractmethod
    def readable(self, image_id: str) -> AbstractContextManager[int]:
        """A descriptor to read a cached image with, on this host.

        The image's lock is held meanwhile: what is made for it would be swept.

        :raises Exception: the host does not get at it
        """

    def filled_so_far(self, prefix: str) -> int:
        """Bytes that fills of these names have, if that takes no call; else 0."""
        return 0


class ForeignFiles(UnrecordedFiles):
    """Files that somebody else wrote, as what a cached image can be made of."""

    @abc.abstractmethod
    def prove(self, name: str, image: Image) -> None:
        """Cut what a fill made to the image's size, and check its checksum.

        :raises NotTheImageError: it has another one
        """

    @abc.abstractmethod
    def cut(self, name: str, image: Image) -> None:
        """Cut what a fill made to the image's size.

        :raises NotTheImageError: it is shorter than the image, or how long
            that is is not known
        """


class PoolStorage(Lookup, Fills, Clones, Holdings, Bytes):
    """Cached images of one pool, by image id."""

    @property
    def foreign_files(self) -> ForeignFiles | None:
        """Where the pool can have such files; None where it cannot."""
        return None
