"""Cached images: an image's raw, inspected bytes, once in a pool.

On disk, in the root of the share::

    img-cache-<image id>          the bytes, named as the stock driver does
    .eic-<image id>.json          what they are; without it there is no
                                  cached image, whatever the file's name says
    eic-fill-<image id>-<random>  one being made, swept away if it is left over

A cached image is made under a temporary name, inspected, renamed, and declared
by its record last: a crash leaves none or a good one. One volume makes it
while the others that need it wait for the lock (tooz, across hosts).
"""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from oslo_log import log as logging

from eic_plugins import inspection
from eic_plugins.eviction import Usage
from eic_plugins.model import (
    CACHED_IMAGE_PREFIX,
    CachedImage,
    Image,
    Pool,
    StoredFile,
)
from eic_plugins.mount import ShareMount
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import OntapError, OntapRejectedError

LOG = logging.getLogger(__name__)

FILL_PREFIX = 'eic-fill-'
_FILL_ADVICE = ('It is tried again every netapp_nfs_image_cache_cleanup_interval '
                'seconds; it is safe to delete by hand, too, if it is older than '
                'copy_offload_timeout.')
_VOLUME_ADVICE = ('Do NOT delete it by hand: Cinder is about to write the volume '
                  'into this file. If the volume ends in error, delete the '
                  'volume through Cinder.')
_RECORD_PREFIX = '.eic-'
_RECORD_SUFFIX = '.json'
_BLOCK = 512  # bytes, of st_blocks

_TEMPORARY = re.compile(
    rf'{FILL_PREFIX}(?P<fill>.+)-[0-9a-f]+'
    rf'|{re.escape(_RECORD_PREFIX)}(?P<record>.+){re.escape(_RECORD_SUFFIX)}\.[0-9a-f]+')
_IDLE_SECONDS = 60

Lock = Callable[[str, bool], AbstractContextManager[None]]
"""A lock by name that holds across processes and hosts; whether to wait."""
Fill = Callable[[StoredFile], None]
"""Makes the file named, or raises."""


class LockTimeoutError(Exception):
    """A lock was not to be had within its deadline."""


class NotReadableError(OSError):
    """The service's user may not read or change what it made."""


class PoolCache:
    """The cached images of one pool."""

    def __init__(self, pool: Pool, mount: ShareMount, files: Files,
                 lock: Lock) -> None:
        self.pool = pool
        self.mount = mount
        self._files = files
        self._lock = lock

    def find(self, image: Image) -> CachedImage | None:
        """The cached image of exactly these bytes; no call to ONTAP."""
        record = self._read_record(image)
        if record.get('identity') != image.identity:
            return None
        size = self.mount.size(image.cached_name)
        if size is None or size != record.get('virtual_size'):
            return None
        return CachedImage(self.pool, self.pool.file(image.cached_name),
                           image.identity, size)

    def ensure(self, image: Image, fill: Fill, wait: bool = True,
               ) -> tuple[CachedImage, bool]:
        """The cached image, made by ``fill`` unless somebody else makes it.

        :param wait: False to give up at once if somebody else makes it
        :returns: the cached image, and whether this call made it
        :raises Exception: whatever ``fill``, the inspection or the lock
            raises; nothing of the attempt is left behind
        """
        with self._lock(self._lock_name(image.id), wait):
            self.mount.refresh()
            found = self.find(image)
            if found is not None:
                return found, False
            return self._make(image, fill), True

    def touch(self, image: Image) -> None:
        """Remember that the cached image was used now.

        On the file, too: the stock driver's cleaner goes by its access time,
        which a clone does not change.
        """
        self.mount.touch(_record_name(image.id))
        self.mount.touch(image.cached_name)

    def forget(self, image: Image) -> None:
        """Withdraw the record: the file turned out not to be there."""
        try:
            self.mount.unlink(_record_name(image.id))
        except OSError as err:
            LOG.warning('The record of image %(image)s in %(pool)s cannot be '
                        'removed: %(err)s', {'image': image.id, 'err': err,
                                             'pool': self.pool.name})

    def usages(self) -> Iterator[Usage]:
        """Every cached image with its last use; also files of that name
        without a record, which the stock driver or a cut-off eviction left.
        """
        for name in list(self.mount.names()):
            if not name.startswith(CACHED_IMAGE_PREFIX):
                continue
            image_id = name.removeprefix(CACHED_IMAGE_PREFIX)
            file = self.mount.stat(name)
            record = self.mount.stat(_record_name(image_id))
            if file is not None:
                used = record.st_mtime if record else file.st_mtime
                yield Usage(image_id, used, file.st_blocks * _BLOCK)

    def evict(self, usage: Usage) -> bool:
        """Remove a cached image, unless it is being made or was just used.

        A volume that is being cloned from it right now is whole or fails, and
        then has it made again.

        :returns: whether it was removed
        :raises LockTimeoutError: it is being made
        """
        image_id = usage.image_id
        with self._lock(self._lock_name(image_id), False):
            record = self.mount.stat(_record_name(image_id))
            if record is not None and record.st_mtime > usage.last_used:
                return False
            self.mount.unlink(_record_name(image_id))
            self._remove(CACHED_IMAGE_PREFIX + image_id)
        LOG.info('Evicted cached image %(image)s from pool %(pool)s.',
                 {'image': image_id, 'pool': self.pool.name})
        return True

    def sweep(self, now: float) -> None:
        """Remove what cut-off fills left, of whatever image.

        Also what a cluster that had been silent made later, when nobody
        waited for it any more. A fill that is under way writes, or has the
        lock: the one tells hosts that do not share the other.
        """
        for name in list(self.mount.names()):
            found = _TEMPORARY.fullmatch(name)
            file = self.mount.stat(name) if found else None
            if not found or not file:
                continue
            if now - max(file.st_mtime, file.st_ctime) < _IDLE_SECONDS:
                continue
            lock_name = self._lock_name(found['fill'] or found['record'])
            with contextlib.suppress(LockTimeoutError), self._lock(lock_name, False):
                LOG.info('Removing %(file)s from pool %(pool)s, left over by a '
                         'fill that was cut off.',
                         {'file': name, 'pool': self.pool.name})
                self._remove(name)

    def _lock_name(self, image_id: str) -> str:
        return f'eic-{image_id}-{self.pool.flexvol.uuid}'

    def image_ids(self) -> Iterator[str]:
        """The images that have a record here (one directory listing)."""
        for name in self.mount.names():
            if name.startswith(_RECORD_PREFIX) and name.endswith(_RECORD_SUFFIX):
                yield name[len(_RECORD_PREFIX):-len(_RECORD_SUFFIX)]

    def remove_volume(self, name: str) -> None:
        """Remove what was made of a volume that Cinder now downloads."""
        self._remove(name, _VOLUME_ADVICE)

    def _remove(self, name: str, advice: str = _FILL_ADVICE) -> None:
        """Remove a file of the share's root by whatever way is open.

        Through ONTAP first, which needs no permission on the mount; where the
        cluster does not answer, its data LIF may.
        """
        try:
            self._files.delete(self.pool.file(name))
        except OntapError as err:
            LOG.warning('ONTAP did not delete %(file)s in pool %(pool)s '
                        '(%(err)s); deleting it through the mount.',
                        {'file': name, 'pool': self.pool.name, 'err': err})
            self._remove_from_mount(name, advice)

    def _remove_from_mount(self, name: str, advice: str = _FILL_ADVICE) -> None:
        try:
            self.mount.unlink(name)
        except OSError as err:
            LOG.error('%(file)s is left in pool %(pool)s: %(err)s. %(advice)s',
                      {'file': name, 'pool': self.pool.name, 'err': err,
                       'advice': advice})

    def _make(self, image: Image, fill: Fill) -> CachedImage:
        name = f'{FILL_PREFIX}{image.id}-{secrets.token_hex(4)}'
        target = self.pool.file(name)
        try:
            fill(target)
            self._make_accessible(name)
            size = inspection.virtual_size_of_raw(self.mount.path(name),
                                                  raw_size(image))
            return self._publish(image, target, size)
        except BaseException:
            self._remove(name)
            raise

    def _make_accessible(self, name: str) -> None:
        try:
            self.mount.make_accessible(name)
        except PermissionError as err:
            raise NotReadableError(
                f"{err}: let Glance's and Cinder's users share a group that "
                'may read and write image files, or set '
                'nas_secure_file_operations = False') from err

    def _publish(self, image: Image, target: StoredFile,
                 size: int) -> CachedImage:
        final = self.pool.file(image.cached_name)
        # Whatever has the name now is stale or was never inspected. Without
        # its record first, a crash in between leaves no cached image.
        self.mount.unlink(_record_name(image.id))
        self._take_name(target, final)
        try:
            self.mount.write(_record_name(image.id), json.dumps({
                'image_id': image.id, 'identity': image.identity,
                'virtual_size': size}).encode())
        except BaseException:
            self._remove(image.cached_name)
            raise
        LOG.info('Cached image %(image)s is in pool %(pool)s, %(size)d bytes.',
                 {'image': image.id, 'pool': self.pool.name, 'size': size})
        return CachedImage(self.pool, final, image.identity, size)

    def _take_name(self, target: StoredFile, final: StoredFile) -> None:
        """Rename; the rare file in the way costs two calls more."""
        try:
            self._files.rename(target, final)
        except OntapRejectedError:
            self._files.delete(final)
            self._files.rename(target, final)

    def _read_record(self, image: Image) -> dict[str, object]:
        try:
            record = json.loads(self.mount.read(_record_name(image.id)) or b'{}')
        except ValueError:
            return {}
        return record if isinstance(record, dict) else {}


def raw_size(image: Image) -> int:
    """Bytes that the image's raw disk must have, 0 if Glance does not say."""
    if image.disk_format == 'raw':
        return image.size
    return image.virtual_size or 0


def _record_name(image_id: str) -> str:
    return f'{_RECORD_PREFIX}{image_id}{_RECORD_SUFFIX}'
