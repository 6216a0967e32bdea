"""The one directory of a share that ``eic verify`` writes to, and removes again."""

import os
import secrets
import shutil
from pathlib import Path

from eic_plugins.model import Pool, StoredObject
from eic_plugins.storage.mount import ShareMount

PREFIX = 'eic-verify-'
_MODE = 0o640
_CONTENT = 64 << 10
"""Bytes that are written into a file; the rest of it is a hole."""


class NotWritableError(Exception):
    """The share cannot be written to, and what to do."""


class Scratch:
    """A directory of its own in the root of a share.

    :param mount: where this host has the share mounted
    """

    def __init__(self, pool: Pool, mount: Path) -> None:
        self.pool = pool
        self._mount = mount
        self._name = f'{PREFIX}{secrets.token_hex(4)}'

    def __enter__(self) -> 'Scratch':
        self.remove_older()
        try:
            self._root.mkdir(0o770)
        except OSError as err:
            raise NotWritableError(
                f'{self._mount} of pool {self.pool.name}: {err.strerror}. Run eic '
                'verify as a user that may write to the root of the share; with '
                'nas_secure_file_operations = False that is root.'
            ) from err
        return self

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def left(self) -> Path | None:
        """What could not be removed."""
        return self._root if self._root.exists() else None

    def stored(self, name: str) -> StoredObject:
        """The file of that name, as ONTAP knows it."""
        return self.pool.stored(f'{self._name}/{name}')

    def path(self, name: str) -> Path:
        """The file of that name on this host."""
        return self._root / name

    def awaited(self, name: str) -> os.stat_result:
        """What NFS says of a file that ONTAP has made, as soon as it shows it.

        :raises FileNotFoundError: it does not in 5 seconds
        """
        found = ShareMount(str(self._root), _no_command).await_name(name)
        if found is None:
            raise FileNotFoundError(f'NFS does not show {name}')
        return found

    def file(self, name: str, size: int = _CONTENT) -> StoredObject:
        """A new file of ``size`` bytes, with 64 KiB in it, on the server's disk."""
        with self.path(name).open('wb') as stream:
            stream.write(os.urandom(_CONTENT))
            stream.truncate(size)
            os.fchmod(stream.fileno(), _MODE)
            stream.flush()
            os.fsync(stream.fileno())
        return self.stored(name)

    def remove_older(self) -> None:
        """What an earlier run left that was killed."""
        for path in self._mount.glob(f'{PREFIX}*'):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)

    @property
    def _root(self) -> Path:
        return self._mount / self._name


def _no_command(*words: str) -> None:
    raise PermissionError(f'{words[0]}: nothing is run as somebody else here')
