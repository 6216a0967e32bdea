"""Cached images: an image's raw, inspected bytes, once in a pool.

On disk, in the root of the share::

    img-cache-<image id>          the bytes, named as the stock driver does
    .eic-<image id>.json          what they are; without it there is no
                                  cached image, whatever the file's name says
    eic-fill-<image id>-<random>  one being made, removed if it is left over

A cached image is made under a temporary name, inspected, renamed, and declared
by its record last: a crash leaves none or a good one. One volume makes it
while the others that need it wait for the lock (tooz, across hosts).
"""

import contextlib
import json
import os
import pathlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from oslo_log import log as logging

from eic_plugins import inspection
from eic_plugins.model import CachedImage, Image, Pool, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import OntapError, OntapRejectedError

LOG = logging.getLogger(__name__)

FILL_PREFIX = 'eic-fill-'
_RECORD_PREFIX = '.eic-'
_RECORD_SUFFIX = '.json'
_RECORD_MODE = 0o640

Lock = Callable[[str], AbstractContextManager[None]]
"""Names a lock that holds across processes and hosts."""
Fill = Callable[[StoredFile], None]
"""Makes the file named, or raises."""


class PoolCache:
    """The cached images of one pool.

    :param mount_point: where this host has the pool's share mounted
    :param make_accessible: gives a file on the mount the mode of a volume
    """

    def __init__(self, pool: Pool, mount_point: str, files: Files, lock: Lock,
                 make_accessible: Callable[[str], None]) -> None:
        self.pool = pool
        self._mount = pathlib.Path(mount_point)
        self._files = files
        self._lock = lock
        self._make_accessible = make_accessible

    def find(self, image: Image) -> CachedImage | None:
        """The cached image of exactly these bytes; no call to ONTAP."""
        record = self._read_record(image)
        if record.get('identity') != image.identity:
            return None
        size = _size(self._mount / image.cached_name)
        if size is None or size != record.get('virtual_size'):
            return None
        return CachedImage(self.pool, self.pool.file(image.cached_name),
                           image.identity, size)

    def ensure(self, image: Image, fill: Fill) -> tuple[CachedImage, bool]:
        """The cached image, made by ``fill`` unless somebody else makes it.

        :returns: the cached image, and whether this call made it
        :raises Exception: whatever ``fill``, the inspection or the lock
            raises; nothing of the attempt is left behind
        """
        with self._lock(f'eic-{image.id}-{self.pool.flexvol.uuid}'):
            self._refresh_directory()
            found = self.find(image)
            if found is not None:
                return found, False
            self._remove_leftovers(image)
            return self._make(image, fill), True

    def touch(self, image: Image) -> None:
        """Remember that the cached image was used now."""
        with contextlib.suppress(OSError):
            os.utime(self._record_path(image))

    def forget(self, image: Image) -> None:
        """Withdraw the record: the file turned out not to be there."""
        with contextlib.suppress(OSError):
            self._record_path(image).unlink(missing_ok=True)

    def image_ids(self) -> Iterator[str]:
        """The images that have a record here (one directory listing)."""
        for entry in os.scandir(self._mount):
            name = entry.name
            if name.startswith(_RECORD_PREFIX) and name.endswith(_RECORD_SUFFIX):
                yield name[len(_RECORD_PREFIX):-len(_RECORD_SUFFIX)]

    def _make(self, image: Image, fill: Fill) -> CachedImage:
        name = f'{FILL_PREFIX}{image.id}-{secrets.token_hex(4)}'
        target = self.pool.file(name)
        try:
            fill(target)
            path = self._mount / name
            self._make_accessible(str(path))
            size = inspection.virtual_size_of_raw(path, raw_size(image))
            return self._publish(image, target, size)
        except BaseException:
            self.remove(name)
            raise

    def _publish(self, image: Image, target: StoredFile,
                 size: int) -> CachedImage:
        final = self.pool.file(image.cached_name)
        # Whatever has the name now is stale or was never inspected. Without
        # its record first, a crash in between leaves no cached image.
        self._record_path(image).unlink(missing_ok=True)
        self._take_name(target, final)
        self._write_record(image, size)
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

    def remove(self, name: str) -> None:
        """Remove a file of the share's root by whatever way is open.

        Through ONTAP first, which needs no permission on the mount; where the
        cluster does not answer, its data LIF may.
        """
        try:
            self._files.delete(self.pool.file(name))
        except OntapError as err:
            LOG.warning('Removing %(file)s from pool %(pool)s through its '
                        'mount: %(err)s',
                        {'file': name, 'pool': self.pool.name, 'err': err})
            with contextlib.suppress(OSError):
                (self._mount / name).unlink(missing_ok=True)

    def _remove_leftovers(self, image: Image) -> None:
        """Only under the image's lock: whatever is there is nobody's."""
        record = self._record_path(image).name
        half_written = record.removesuffix(_RECORD_SUFFIX) + '.'
        prefixes = (f'{FILL_PREFIX}{image.id}-', half_written)
        for entry in list(os.scandir(self._mount)):
            if entry.name.startswith(prefixes) and entry.name != record:
                LOG.info('Removing %s, left over by a fill that was cut off.',
                         entry.name)
                self._files.delete(self.pool.file(entry.name))

    def _refresh_directory(self) -> None:
        """Opening the directory makes the NFS client revalidate its names."""
        os.close(os.open(self._mount, os.O_RDONLY | os.O_DIRECTORY))

    def _record_path(self, image: Image) -> pathlib.Path:
        return self._mount / f'{_RECORD_PREFIX}{image.id}{_RECORD_SUFFIX}'

    def _read_record(self, image: Image) -> dict[str, object]:
        try:
            record = json.loads(self._record_path(image).read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def _write_record(self, image: Image, size: int) -> None:
        record = {'image_id': image.id, 'identity': image.identity,
                  'virtual_size': size}
        path = self._record_path(image)
        temporary = path.with_suffix(f'.{secrets.token_hex(4)}')
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                             _RECORD_MODE)
        with os.fdopen(descriptor, 'w') as stream:
            json.dump(record, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)


def raw_size(image: Image) -> int:
    """Bytes that the image's raw disk must have, 0 if Glance does not say."""
    if image.disk_format == 'raw':
        return image.size
    return image.virtual_size or 0


def _size(path: pathlib.Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
