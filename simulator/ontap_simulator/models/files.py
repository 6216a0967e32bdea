"""Files on a FlexVol: stat, list, rename, delete, FlexClone."""

import contextlib
import datetime
import errno
import os
import stat
from collections.abc import Iterator
from urllib.parse import quote

from ontap_simulator.disk import fiemap
from ontap_simulator.errors.common import UnsupportedError
from ontap_simulator.errors.files import CloneFailedError, FileError
from ontap_simulator.faults import Faults
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.late_clones import LateClones
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.personality import Personality
from ontap_simulator.records import Record

_BLOCK = 512
_TYPES = (
    (stat.S_ISREG, 'file'),
    (stat.S_ISDIR, 'directory'),
    (stat.S_ISLNK, 'symlink'),
    (stat.S_ISBLK, 'blockdev'),
    (stat.S_ISCHR, 'chardev'),
    (stat.S_ISSOCK, 'socket'),
    (stat.S_ISFIFO, 'fifo'),
)


class Files:
    """File operations of the cluster."""

    def __init__(
        self, faults: Faults, block: BlockStore, personality: Personality
    ) -> None:
        self._faults = faults
        self._block = block
        self._traits = personality
        self._late = LateClones()

    def stat(self, volume: FlexVol, path: str) -> Record:
        """All metadata of one file or directory."""
        with file_errors(path):
            found = self._late.stat(volume, path) or volume.directory.stat(path)
            record = self._metadata(volume, path, found)
            if stat.S_ISLNK(found.st_mode):
                record['target'] = volume.directory.link_target(path)
        return record

    def list(self, volume: FlexVol, path: str) -> list[Record]:
        """The entries of a directory, with "." and ".."."""
        with file_errors(path):
            own = volume.directory.stat(path)
            entries = [('.', own), ('..', own), *volume.directory.entries(path)]
        records = []
        for name, found in entries:
            full = f'{path.strip("/")}/{name}'.lstrip('/')
            records.append(
                {
                    **self._metadata(volume, full, found),
                    'name': name,
                    'path': path.strip('/'),
                }
            )
        return records

    def make_directory(self, volume: FlexVol, path: str, mode: int) -> None:
        """Create a directory."""
        with file_errors(path):
            check_not_full(self._faults, volume)
            volume.directory.make_directory(path, mode)

    def rename(self, volume: FlexVol, path: str, to: str) -> None:
        """Rename inside the volume."""
        self._late.publish(volume, path, to)
        replace = self._traits.rename_existing == 'replaced'
        with file_errors(path):
            self._check_no_block_object(volume, path)
            volume.directory.rename(path, to, replace)

    def resize(self, volume: FlexVol, path: str, size: int) -> None:
        """Set a file's size in bytes."""
        self._late.publish(volume, path)
        with file_errors(path):
            self._check_no_block_object(volume, path)
            with volume.directory.writable(path) as file:
                if self._traits.file_resize == 'refused':
                    _check_not_larger(file, size)
                os.ftruncate(file, size)

    def delete(self, volume: FlexVol, path: str, recurse: bool) -> None:
        """Delete a file or a directory."""
        self._late.publish(volume, path)
        with file_errors(path):
            self._check_no_block_object(volume, path)
            volume.directory.delete(path, recurse)

    def clone(
        self, volume: FlexVol, source: str, destination: str, overwrite: bool
    ) -> None:
        """FlexClone: a second file on the same blocks, in constant time."""
        self.check_plain(volume, source)
        self.check_plain(volume, destination)
        self._late.publish(volume, source, destination)
        try:
            check_not_full(self._faults, volume)
            volume.directory.clone(
                self.followed(volume, source),
                destination,
                overwrite,
                self._traits.clone_owner == 'root',
            )
        except OSError as err:
            raise CloneFailedError(_reason(err)) from err
        if self._traits.clone_visible == 'late':
            self._late.hide(volume, destination)

    def followed(self, volume: FlexVol, path: str) -> str:
        """What a link leads to, on a cluster that follows links."""
        if self._traits.symbolic_links == 'link':
            return path
        try:
            target = volume.directory.link_target(path)
        except OSError:
            return path
        return f'{path.rpartition("/")[0]}/{target}'.lstrip('/')

    def check_plain(self, volume: FlexVol, path: str) -> None:
        """Refuse what is asked for files alone.

        :raises UnsupportedError: it is a LUN or a namespace
        """
        found = self._block.at(volume, path)
        if found and found.path == path.strip('/'):
            raise UnsupportedError(
                'This simulator clones and copies LUNs as LUNs, not as files.',
                target='path',
            )

    def _metadata(self, volume: FlexVol, path: str, found: os.stat_result) -> Record:
        record = metadata(volume, path, found)
        block = self._block.at(volume, path)
        if block and block.path == path.strip('/'):
            record['type'] = 'lun'
        return record

    def _check_no_block_object(self, volume: FlexVol, path: str) -> None:
        if self._block.at(volume, path) or self._block.below(volume, path):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def unique_bytes(self, volume: FlexVol, path: str) -> int:
        """The bytes that only this file holds."""
        with file_errors(path), volume.directory.open(path) as file:
            return fiemap.unique(file)


def _check_not_larger(file: int, size: int) -> None:
    if size > os.fstat(file).st_size:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def check_not_full(faults: Faults, volume: FlexVol) -> None:
    """Fail as a full FlexVol does, if a fault says that it is one."""
    if faults.volume_full(volume.svm.name, volume.name):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Turns a file system's error into ONTAP's."""
    try:
        yield
    except OSError as err:
        raise FileError(err.errno or errno.EIO, path) from err


def metadata(volume: FlexVol, path: str, found: os.stat_result) -> Record:
    """A file as ``/storage/volumes/{uuid}/files`` shows it."""
    url = (
        f'/api/storage/volumes/{volume.uuid}/files/'
        f'{quote(path, safe="").replace(".", "%2E")}'
    )
    kind = _type(found.st_mode)
    record: Record = {
        'path': path,
        'name': path.rpartition('/')[2] or '.',
        'type': kind,
        'volume': volume.reference(),
        'size': found.st_size,
        'bytes_used': found.st_blocks * _BLOCK,
        'unix_permissions': int(f'{stat.S_IMODE(found.st_mode):o}'),
        'owner_id': found.st_uid,
        'group_id': found.st_gid,
        'hard_links_count': found.st_nlink,
        'inode_number': found.st_ino,
        'inode_generation': found.st_ino,
        'creation_time': _iso(found.st_ctime),
        'modified_time': _iso(found.st_mtime),
        'changed_time': _iso(found.st_ctime),
        'accessed_time': _iso(found.st_atime),
        'is_vm_aligned': False,
        'is_junction': False,
        'is_snapshot': False,
        '_links': {'metadata': {'href': f'{url}?return_metadata=true'}},
    }
    if kind == 'directory':
        record['_links']['self'] = {'href': url}
    return record


def _reason(err: OSError) -> str:
    return os.strerror(err.errno) if err.errno else str(err)


def _type(mode: int) -> str:
    return next((name for test, name in _TYPES if test(mode)), 'file')


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec='seconds')
