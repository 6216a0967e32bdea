"""The mounted share of a pool: small file work, as who may do it.

With ``nas_secure_file_operations = False`` the share's root belongs to root and
the stock driver works through rootwrap; with ``True`` cinder-volume's own user
does. Everything here is tried as that user first, and through the driver's own
way of running commands (``mv``, ``rm``, ``chmod``, ``truncate``, all in Cinder's
rootwrap filters) when that is denied.
"""

import os
import pathlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator

_RECORD_MODE = 0o640

RunCommand = Callable[..., None]
"""Runs a command as the driver does; raises OSError if it fails."""


class ShareMount:
    """Files in the root of one share, by name.

    :param path: where this host has the share mounted
    :param mode: permission bits that a volume's file must have
    """

    def __init__(self, path: str, run: RunCommand, mode: int = 0o660) -> None:
        self._path = pathlib.Path(path)
        self._run = run
        self._mode = mode

    def path(self, name: str) -> pathlib.Path:
        """The file of that name on this host."""
        return self._path / name

    def size(self, name: str) -> int | None:
        """Bytes, None if there is no such file."""
        found = self.stat(name)
        return found.st_size if found else None

    def stat(self, name: str) -> os.stat_result | None:
        """What the file system says of a file, None if there is none."""
        try:
            return self.path(name).stat()
        except OSError:
            return None

    def read(self, name: str) -> bytes | None:
        """The content, None if there is no such file or it is unreadable."""
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def names(self) -> Iterator[str]:
        """All names in the share's root."""
        with os.scandir(self._path) as entries:
            for entry in entries:
                yield entry.name

    def refresh(self) -> None:
        """Opening the directory makes the NFS client revalidate its names."""
        os.close(os.open(self._path, os.O_RDONLY | os.O_DIRECTORY))

    def write(self, name: str, content: bytes) -> None:
        """Replace a small file as a whole.

        :raises OSError: it is as it was
        """
        temporary = f'{name}.{secrets.token_hex(4)}'
        try:
            _write_new(self.path(temporary), content)
            self.path(temporary).replace(self.path(name))
        except PermissionError:
            self._write_by_command(temporary, content)
            self._run('mv', '-f', str(self.path(temporary)),
                      str(self.path(name)))

    def unlink(self, name: str) -> None:
        """Remove a file; not an error if there is none.

        :raises OSError: it is still there
        """
        try:
            self.path(name).unlink(missing_ok=True)
        except PermissionError:
            self._run('rm', '-f', str(self.path(name)))

    def resize(self, name: str, size: int) -> None:
        """Set a raw file's length in bytes, sparsely."""
        try:
            os.truncate(self.path(name), size)
        except PermissionError:
            self._run('truncate', '-s', str(size), str(self.path(name)))

    def make_accessible(self, name: str) -> None:
        """Give a file the mode of a volume, and see that it can be read.

        :raises OSError: it cannot be had
        """
        path = self.path(name)
        if path.stat().st_mode & self._mode != self._mode:
            try:
                path.chmod(self._mode)
            except PermissionError:
                self._run('chmod', f'{self._mode:o}', str(path))
        with path.open('rb'):
            """Readable, or this raises."""

    def touch(self, name: str) -> bool:
        """Set a file's times to now, if that is allowed.

        :returns: False if there is no such file
        """
        now = time.time()
        try:
            os.utime(self.path(name), (now, now))
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def move_aside(self, name: str) -> str | None:
        """Give a file a temporary name; None if there is no such file."""
        aside = f'{name}.{secrets.token_hex(4)}'
        try:
            self.rename(name, aside)
        except FileNotFoundError:
            return None
        return aside

    def rename(self, name: str, to: str) -> None:
        """Rename a file, replacing what has the name.

        :raises FileNotFoundError: there is no such file
        :raises OSError: it was not renamed
        """
        try:
            self.path(name).replace(self.path(to))
        except PermissionError:
            self._run('mv', '-f', str(self.path(name)), str(self.path(to)))

    def fresh_mtime(self, name: str) -> float:
        """A file's time of modification as the server has it.

        Opening makes an NFS client ask; ``stat`` alone may answer from memory.
        """
        with self.path(name).open('rb') as stream:
            return os.fstat(stream.fileno()).st_mtime

    def _write_by_command(self, temporary: str, content: bytes) -> None:
        descriptor, local = tempfile.mkstemp(prefix='eic-')
        os.close(descriptor)
        try:
            pathlib.Path(local).write_bytes(content)
            pathlib.Path(local).chmod(_RECORD_MODE)
            # Keeps its owner, who is the one to read it.
            self._run('mv', local, str(self.path(temporary)))
        finally:
            pathlib.Path(local).unlink(missing_ok=True)


def _write_new(path: pathlib.Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _RECORD_MODE)
    with os.fdopen(descriptor, 'wb') as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
