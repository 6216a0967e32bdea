"""Where a pool keeps cached images: one small interface, a module a protocol.

:mod:`eic_plugins.storage.files` keeps them as files of an NFS share. What the
cache and the engine do is the same for every storage: one fill at a time,
inspection before publication, eviction by last use.
"""

import abc
import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from eic_plugins.model import CachedImage, Image, Pool, StoredFile, VolumeProperties
from eic_plugins.ontap.session import OntapError, OntapRejectedError
from eic_plugins.storage.eviction import Usage

FILL_PREFIX = 'eic-fill-'
"""What is being made, or what a cut-off fill left, is named with this."""

IMAGE_ID = r'[\w-]{1,64}'
"""What stands for an image in a name; anything else is somebody else's name,
which is left alone."""

Examine = Callable[[Path], None]
"""Looks at bytes on this host; raises if they must not be published."""


def is_image_id(text: str) -> bool:
    """True if a name with that in it can be one of ours."""
    return re.fullmatch(IMAGE_ID, text, re.ASCII) is not None


class NotReadableError(OSError):
    """The service's user may not read or change what it made."""


class CannotGrowError(OntapError):
    """ONTAP does not let a clone have the size of its volume."""


class VolumeNotMadeError(Exception):
    """The volume is not there, and nothing of it.

    ``image_is_gone`` if that is because the cached image is not, either.
    """

    def __init__(self, cause: Exception, image_is_gone: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.image_is_gone = image_is_gone


def image_is_gone(
    cached: CachedImage, err: Exception, find: Callable[[StoredFile], object | None]
) -> bool:
    """True if a clone failed because its cached image is not there any more.

    :param err: why it failed; only a refusal of ONTAP's can mean that
    :param find: asks ONTAP for the cached image
    """
    if not isinstance(err, OntapRejectedError):
        return False
    try:
        return find(cached.file) is None
    except OntapError:
        return False


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


class PoolStorage(abc.ABC):
    """Cached images of one pool, by image id; no policy, no locks."""

    pool: Pool
    kind = ''
    """What cached images are: ``files``, ``luns`` or ``namespaces``."""
    remembers = False
    """Whether :meth:`recall` may tell less than a :meth:`refresh` would."""
    use_delay = 0.0
    """Seconds until a use on another host can be seen here, at most."""
    clones_are_free = False
    """A clone of a file in the pool takes no bytes, nor reserves any."""

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

    def write_uses(self) -> int:
        """Write down the uses that were only remembered; called each minute.

        :returns: how many
        :raises OntapError: some are remembered still
        """
        return 0

    @abc.abstractmethod
    def touch(self, image_id: str) -> bool:
        """Say that it is in use now; False if it is not there any more."""

    def keep(self, image_id: str) -> None:
        """Say that it is still in use; called often while it is."""
        self.touch(image_id)

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

    @abc.abstractmethod
    def make_volume(
        self, name: str, cached: CachedImage, size: int, properties: VolumeProperties
    ) -> None:
        """FlexClone the cached image to a volume of ``size`` GiB.

        :param properties: what it is to have; files have none of them
        :raises VolumeNotMadeError: nothing of it is left
        """

    @abc.abstractmethod
    def publish(self, target: StoredFile, image: Image, record: Record) -> Record:
        """Give what a fill made the cached image's name and its record.

        :returns: the record as it is there now
        :raises OntapError, OSError: there is no cached image then
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

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """Remove what a fill made; logs what to do if that fails."""

    @abc.abstractmethod
    def remove_volume(self, name: str) -> None:
        """Remove what was made of a volume that Cinder now downloads."""

    @abc.abstractmethod
    def usages(self) -> Iterator[Usage]:
        """Every cached image, and what is left of one."""

    def held(self) -> Iterator[tuple[Usage, Record | None]]:
        """The same with their records; None for what is left of one."""
        for usage in self.usages():
            yield usage, self.read(usage.image_id)

    @abc.abstractmethod
    def held_of(self, image_id: str) -> tuple[Usage, Record | None] | None:
        """The same of one image, however many others there are; None of one
        of which there is nothing.
        """

    @abc.abstractmethod
    def leftovers(self) -> Iterator[Leftover]:
        """What cut-off fills may have left."""

    @abc.abstractmethod
    def image_ids(self) -> Iterator[str]:
        """The images that have a record here."""

    @abc.abstractmethod
    def unrecorded(self, image_id: str) -> StoredFile | None:
        """What has the cached image's name without a record."""

    @abc.abstractmethod
    def writable(self, name: str, size: int) -> AbstractContextManager[Path]:
        """A path on this host to write ``size`` bytes (0: not known) to."""
