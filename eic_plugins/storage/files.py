"""Cached images as files in the root of an NFS share::

    img-cache-<image id>          the bytes, named as the stock driver does
    .eic-<image id>.json          what they are, sealed; without it there is no
                                  cached image, whatever the file's name says
    eic-fill-<image id>-<random>  one being made, swept away if it is left over

The record's modification time is the last use; as long as it is the time of its
making, which stands in it, the image has served one volume at most. Renames and
deletions of bytes go through ONTAP, which needs no permission on the mount.
"""

import contextlib
import dataclasses
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.model import (
    CACHED_IMAGE_PREFIX,
    CachedImage,
    Image,
    Pool,
    StoredObject,
    VolumeProperties,
)
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import OntapError, OntapRejectedError
from eic_plugins.storage import inspection
from eic_plugins.storage.eviction import Usage
from eic_plugins.storage.file_records import (
    MOST_RECORD_BYTES,
    RECORD_PREFIX,
    RECORD_SUFFIX,
    format_record,
    is_time_of,
    parse_record,
    place_of,
    record_name,
)
from eic_plugins.storage.foreign_files import MountedFiles, make_accessible
from eic_plugins.storage.interface import (
    Examine,
    ForeignFiles,
    Leftover,
    PoolStorage,
    Record,
    VolumeNotMadeError,
)
from eic_plugins.storage.mount import NotRegularError, ShareMount
from eic_plugins.storage.names import FILL_PREFIX, IMAGE_ID
from eic_plugins.storage.seals import Place, Seals
from eic_plugins.storage.share_files import ShareFiles
from eic_plugins.support import native
from eic_plugins.support.clock import SYSTEM

LOG = logging.getLogger(__name__)

_FILL_ADVICE = (
    'It is tried again every netapp_nfs_image_cache_cleanup_interval '
    'seconds; it is safe to delete by hand, too, if it is older than '
    'copy_offload_timeout.'
)
_VOLUME_ADVICE = (
    'Do NOT delete it by hand: Cinder is about to write the volume '
    'into this file. If the volume ends in error, delete the '
    'volume through Cinder.'
)
_BLOCK = 512  # bytes, of st_blocks

_TEMPORARY = re.compile(
    rf'{FILL_PREFIX}(?P<fill>{IMAGE_ID})-[0-9a-f]+'
    rf'|{re.escape(RECORD_PREFIX)}(?P<record>{IMAGE_ID})'
    rf'{re.escape(RECORD_SUFFIX)}\.[0-9a-f]+',
    re.ASCII,
)


@dataclasses.dataclass(frozen=True)
class _Held:
    """What was read of one image: the bytes of its regular file, if there is
    one, and its record as it stands there.
    """

    usage: Usage
    size: int | None
    content: bytes | None


class FileStorage(PoolStorage):
    """The files of one share, through its mount and through ONTAP.

    :param clone_timeout: seconds that one FlexClone may take
    :param seals: of the records
    """

    clones_are_free = True
    kind = 'files'

    def __init__(
        self,
        pool: Pool,
        mount: ShareMount,
        files: Files,
        clone_timeout: float,
        seals: Seals,
    ) -> None:
        self.pool = pool
        self.mount = mount
        self.seals = seals
        self._files = files
        self._clone_timeout = clone_timeout
        self._share = ShareFiles(pool, mount, files)
        self._foreign = MountedFiles(
            pool, mount, lambda image_id: self._record(image_id) is not None
        )
        self._written: set[str] = set()

    @property
    def foreign_files(self) -> ForeignFiles:
        """The stock driver's, and those of volumes that images are kept in."""
        return self._foreign

    def refresh(self, image_id: str = '') -> None:
        """Have the NFS client look at the directory again."""
        self.mount.refresh()

    def read(self, image_id: str) -> Record | None:
        """The record, through the mount: no call to ONTAP."""
        record = self._record(image_id)
        if record is None:
            return None
        found = self.mount.size(CACHED_IMAGE_PREFIX + image_id)
        return record if found == record.virtual_size else None

    def touch(self, image_id: str) -> bool:
        """Set the record's time to now.

        The bytes' too: the stock driver's cleaner goes by their access time,
        which a clone does not change.
        """
        if not self.mount.touch(record_name(image_id)):
            return False
        self.mount.touch(CACHED_IMAGE_PREFIX + image_id)
        return True

    def examine(
        self,
        name: str,
        expected_size: int,
        also: Examine | None,
        inspected: bool = False,
    ) -> int:
        """Make the file a volume's in mode, then look at its bytes."""
        make_accessible(self.mount, name)
        if name in self._written:
            self._written.discard(name)
            native.run(self.mount.sync, name)
        size = inspection.virtual_size_of_raw(self.mount.path(name), expected_size)
        if also is not None:
            also(self.mount.path(name))
        return size

    def make_volume(
        self, name: str, cached: CachedImage, size: int, properties: VolumeProperties
    ) -> None:
        """Clone the cached image's file, and let it grow sparsely."""
        try:
            self._files.clone(
                cached.stored, self.pool.stored(name), self._clone_timeout
            )
            self._check_and_grow(name, cached, size * units.Gi)
        except (OntapError, OSError) as err:
            self.remove_volume(name)
            raise VolumeNotMadeError(
                err, _image_is_gone(cached, err, self._files)
            ) from err

    def publish(self, target: StoredObject, image: Image, record: Record) -> Record:
        """Rename the file, then write its record."""
        # Whatever has the name now is stale or was never inspected. Without
        # its record first, a crash in between leaves no cached image.
        self.withdraw(image.id)
        self._share.rename(target, self.pool.stored(image.cached_name))
        made = SYSTEM.time()
        try:
            self.mount.write(
                record_name(image.id),
                format_record(self._place(image.id), record, self.seals, made),
            )
            self.mount.touch(record_name(image.id), made)
        except BaseException:
            self.remove(image.cached_name)
            raise
        return record

    def withdraw(self, image_id: str) -> None:
        """Delete the record through the mount."""
        self.mount.unlink(record_name(image_id))

    def withdraw_unused(self, usage: Usage) -> bool:
        """Rename the record, then look whether its time is still the same.

        A rename is atomic on the server, and opening the renamed file makes
        the NFS client ask for its time.
        """
        name = record_name(usage.image_id)
        aside = self.mount.move_aside(name)
        if aside is None:
            return True
        # What is no file is no record that anybody could use.
        with contextlib.suppress(NotRegularError):
            if self.mount.fresh_mtime(aside) > usage.last_used:
                self.mount.rename(aside, name)
                return False
        self.mount.unlink(aside)
        return True

    def remove_image(self, image_id: str) -> None:
        """Delete the file with the cached image's name."""
        self.remove(CACHED_IMAGE_PREFIX + image_id)

    def remove(self, name: str) -> None:
        """Delete a file of a fill."""
        self._written.discard(name)
        self._share.delete(name, _FILL_ADVICE)

    def remove_volume(self, name: str) -> None:
        """Delete a volume's file."""
        self._share.delete(name, _VOLUME_ADVICE)

    def usages(self) -> Iterator[Usage]:
        """Every cached image with its last use; also what is left of one: a
        file of that name, which the stock driver or a cut-off eviction left,
        or a record whose file somebody deleted.
        """
        for held in native.run(self._survey):
            yield held.usage

    def held(self) -> Iterator[tuple[Usage, Record | None]]:
        """The same with the records."""
        for held in native.run(self._survey):
            yield held.usage, self._sealed(held)

    def held_of(self, image_id: str) -> tuple[Usage, Record | None] | None:
        """Two stats and a read."""
        held = self._look(image_id)
        return (held.usage, self._sealed(held)) if held else None

    def _survey(self) -> list[_Held]:
        """Thousands of small requests to the server, one after the other: in a
        native thread.
        """
        found = list(self.mount.names())
        looks = (
            self._look(image_id)
            for image_id in {
                *_image_ids(found, CACHED_IMAGE_PREFIX),
                *_image_ids(found, RECORD_PREFIX, RECORD_SUFFIX),
            }
        )
        return [held for held in looks if held is not None]

    def _look(self, image_id: str) -> _Held | None:
        file = self.mount.stat(CACHED_IMAGE_PREFIX + image_id)
        record = self.mount.stat(record_name(image_id))
        dated = record or file
        if dated is None:
            return None
        content = self._content(image_id) if record else None
        return _Held(
            Usage(
                image_id,
                dated.st_mtime,
                file.st_blocks * _BLOCK if file else 0,
                file.st_size if file else 0,
                is_time_of(content, dated.st_mtime),
            ),
            _size(file),
            content,
        )

    def _sealed(self, held: _Held) -> Record | None:
        record = parse_record(
            held.content, self._place(held.usage.image_id), self.seals
        )
        return record if record and record.virtual_size == held.size else None

    @contextlib.contextmanager
    def readable(self, image_id: str) -> Iterator[int]:
        """The file, through the mount."""
        with self.mount.opened(CACHED_IMAGE_PREFIX + image_id) as descriptor:
            yield descriptor

    def filled_so_far(self, prefix: str) -> int:
        """By the blocks that they have: some are made in their full size."""
        found = [
            self.mount.stat(name)
            for name in self.mount.names()
            if name.startswith(prefix)
        ]
        return sum(each.st_blocks * _BLOCK for each in found if each)

    def leftovers(self) -> Iterator[Leftover]:
        """Files with a temporary name."""
        return iter(native.run(lambda: list(self._leftovers())))

    def _leftovers(self) -> Iterator[Leftover]:
        for name in list(self.mount.names()):
            found = _TEMPORARY.fullmatch(name)
            file = self.mount.stat(name) if found else None
            if found and file:
                yield Leftover(
                    name,
                    found['fill'] or found['record'],
                    max(file.st_mtime, file.st_ctime),
                )

    def image_ids(self) -> Iterator[str]:
        """The images of all records (one directory listing)."""
        return _image_ids(
            native.run(lambda: list(self.mount.names())), RECORD_PREFIX, RECORD_SUFFIX
        )

    @contextlib.contextmanager
    def writable(self, name: str, size: int) -> Iterator[Path]:
        """The file's path on the mount; whoever writes makes the file."""
        self._written.add(name)
        yield self.mount.path(name)

    def _record(self, image_id: str) -> Record | None:
        return parse_record(self._content(image_id), self._place(image_id), self.seals)

    def _content(self, image_id: str) -> bytes | None:
        return self.mount.read(record_name(image_id), MOST_RECORD_BYTES)

    def _place(self, image_id: str) -> Place:
        return place_of(self.pool.stored(CACHED_IMAGE_PREFIX + image_id), image_id)

    def _check_and_grow(self, name: str, cached: CachedImage, wanted: int) -> None:
        """Check what the clone is on the mount, then grow it to its size.

        The first look at this name on this mount: NFS has no negative entry
        for it yet.
        """
        size = self.mount.await_file(name)
        if size != cached.virtual_size:
            raise OntapError(
                f'the clone has {size} bytes instead of {cached.virtual_size}'
            )
        if size < wanted:
            self.mount.resize(name, wanted)


def _size(file: os.stat_result | None) -> int | None:
    return file.st_size if file and stat.S_ISREG(file.st_mode) else None


def _image_ids(names: Iterable[str], prefix: str, suffix: str = '') -> Iterator[str]:
    """The image ids that stand between the two in the names that have them."""
    named = re.compile(f'{re.escape(prefix)}({IMAGE_ID}){re.escape(suffix)}', re.ASCII)
    for name in names:
        found = named.fullmatch(name)
        if found:
            yield found[1]


def _image_is_gone(cached: CachedImage, err: Exception, files: Files) -> bool:
    """True if a clone failed because its cached image is not there any more:
    only a refusal of ONTAP's can mean that.
    """
    if not isinstance(err, OntapRejectedError):
        return False
    try:
        return files.stat(cached.stored) is None
    except OntapError:
        return False
