"""The mounted share of a pool: small file work, as who may do it.

With ``nas_secure_file_operations = False`` the share's root belongs to root and
the stock driver works through rootwrap; with ``True`` cinder-volume's own user
does. Everything here is tried as that user first, and through the driver's own
way of running commands (``mv``, ``rm``, ``chmod``, ``truncate``, all in Cinder's
rootwrap filters) when that is denied.

Others may write to the share, too. So no symbolic link is followed, by this
process or by a command; nothing but regular files is opened; and what is read is
bounded. Whoever may write to the share's root could still put a link there between
a look at a name and a command on it. But he can change all volumes there anyway,
and the stock driver's own commands follow links.
"""

import contextlib
import os
import pathlib
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator

from eic_plugins.support.clock import SYSTEM

_RECORD_MODE = 0o640
_PAUSES = (0.05, 0.1, 0.2, *[0.4] * 12)
"""Seconds between looks for a file that must be there: 5 in all."""

RunCommand = Callable[..., None]
"""Runs a command as the driver does; raises OSError if it fails."""


class NotRegularError(OSError):
    """What has the name is a link, a device or whatever else but a file."""


class ShareNotMountedError(OSError):
    """The share is not mounted on this host, and could not be mounted."""


def _mounted_by_others(_path: str) -> None:
    """Nothing to do: somebody else looks after the mount."""


class ShareMount:
    """Files in the root of one share, by name.

    :param path: where this host has the share mounted
    :param mode: permission bits that a volume's file must have
    :param ensure: has something mounted at that path; raises ShareNotMountedError
    """

    def __init__(
        self,
        path: str,
        run: RunCommand,
        mode: int = 0o660,
        ensure: Callable[[str], None] = _mounted_by_others,
    ) -> None:
        self._path = pathlib.Path(path)
        self._run = run
        self._mode = mode
        self._ensure = ensure

    def path(self, name: str) -> pathlib.Path:
        """The file of that name on this host.

        :raises NotRegularError: that is no name, but a way elsewhere
        """
        if not name or name in {'.', '..'} or {'/', '\0'} & set(name):
            raise NotRegularError(f'{name!r} is no name of a file')
        return self._path / name

    def size(self, name: str) -> int | None:
        """Bytes, None if there is no such regular file."""
        found = self.stat(name)
        return found.st_size if found and stat.S_ISREG(found.st_mode) else None

    def stat(self, name: str) -> os.stat_result | None:
        """What the file system says of a name, None if there is none; of a
        link it says what the link is.
        """
        try:
            return self.path(name).lstat()
        except OSError:
            return None

    def read(self, name: str, most: int) -> bytes | None:
        """The content, None if there is no such regular file of at most that
        many bytes, or it is unreadable.
        """
        try:
            with self.opened(name) as descriptor:
                if os.fstat(descriptor).st_size > most:
                    return None
                # One more: it may grow meanwhile.
                content = os.read(descriptor, most + 1)
        except OSError:
            return None
        return content if len(content) <= most else None

    def await_file(self, name: str) -> int | None:
        """Bytes of a file that ONTAP says it has made.

        NFS may show it some time later: by the client's cache of the directory, or
        by the server. It is waited for, 5 seconds at most.

        :returns: None if there is still no such regular file
        """
        self.await_name(name)
        return self.size(name)

    def await_name(self, name: str) -> os.stat_result | None:
        """The same for whatever has the name: what the file system says of it."""
        for pause in _PAUSES:
            found = self.stat(name)
            if found is not None:
                return found
            SYSTEM.sleep(pause)
            self.refresh()
        return self.stat(name)

    def names(self) -> Iterator[str]:
        """All names in the share's root, but those of directories."""
        with os.scandir(self._path) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield entry.name

    def refresh(self) -> None:
        """Opening the directory makes the NFS client revalidate its names.

        A mount may be lost while cinder-volume runs. What is written then goes to
        the disk of this host, so whatever is made begins with this.

        :raises ShareNotMountedError: there is no mount
        """
        self._ensure(str(self._path))
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
            self._move(self.path(temporary), self.path(name))

    def unlink(self, name: str) -> None:
        """Remove a file; not an error if there is none.

        :raises OSError: it is still there
        """
        try:
            self.path(name).unlink(missing_ok=True)
        except PermissionError:
            self._run('rm', '-f', str(self.path(name)))

    def resize(self, name: str, size: int) -> None:
        """Set a raw file's length in bytes, sparsely.

        :raises OSError: it is as it was, or no regular file
        """
        try:
            with self.opened(name, os.O_WRONLY) as descriptor:
                os.ftruncate(descriptor, size)
        except PermissionError:
            self._run('truncate', '-s', str(size), str(self._regular(name)))

    def sync(self, name: str) -> None:
        """Wait until the server has everything that this host wrote.

        To close a file is not enough: with an NFSv4 write delegation the client
        may write later. ONTAP clones what the server has.

        :raises OSError: it has not got all of it
        """
        with self.opened(name) as descriptor:
            os.fsync(descriptor)

    def make_accessible(self, name: str) -> None:
        """Give a file the mode of a volume, and see that it can be read.

        :raises OSError: it cannot be had
        """
        path = self._regular(name)
        if path.lstat().st_mode & self._mode != self._mode:
            try:
                _chmod(path, self._mode)
            except PermissionError:
                self._run('chmod', f'{self._mode:o}', str(path))
        with self.opened(name):
            """Readable, or this raises."""

    def touch(self, name: str, at: float | None = None) -> bool:
        """Set a file's times, if that is allowed.

        :param at: seconds since the epoch, None for now
        :returns: False if there is no such file
        """
        now = SYSTEM.time() if at is None else at
        try:
            os.utime(self.path(name), (now, now), follow_symlinks=False)
        except FileNotFoundError:
            return False
        except PermissionError:
            # A time of one's own choice is for the owner, who may be Glance's user;
            # the present one is for who may write.
            if at is None:
                with contextlib.suppress(OSError):
                    os.utime(self.path(name), follow_symlinks=False)
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
            self._move(self.path(name), self.path(to))

    def fresh_mtime(self, name: str) -> float:
        """A file's time of modification as the server has it.

        Opening makes an NFS client ask; ``stat`` alone may answer from memory.
        """
        with self.opened(name) as descriptor:
            return os.fstat(descriptor).st_mtime

    @contextlib.contextmanager
    def opened(self, name: str, flags: int = os.O_RDONLY) -> Iterator[int]:
        """A descriptor of a regular file; opening a link, a pipe or a device
        raises, and has done nothing.
        """
        # Non-blocking is for what has become a pipe since.
        descriptor = os.open(
            self._regular(name), flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotRegularError(f'{name} is not a regular file')
            yield descriptor
        finally:
            os.close(descriptor)

    def _regular(self, name: str) -> pathlib.Path:
        """Its path, for what would follow a link.

        :raises NotRegularError: it is one, or a device or whatever else
        :raises OSError: there is none
        """
        path = self.path(name)
        if not stat.S_ISREG(path.lstat().st_mode):
            raise NotRegularError(f'{name} is not a regular file')
        return path

    def _move(self, path: pathlib.Path, to: pathlib.Path) -> None:
        """By command; not into what a link of that name leads to."""
        self._run('mv', '-f', '-T', str(path), str(to))

    def _write_by_command(self, temporary: str, content: bytes) -> None:
        descriptor, local = tempfile.mkstemp(prefix='eic-')
        os.close(descriptor)
        try:
            pathlib.Path(local).write_bytes(content)
            pathlib.Path(local).chmod(_RECORD_MODE)
            # Keeps its owner, who is the one to read it.
            self._run('mv', '-T', local, str(self.path(temporary)))
        finally:
            pathlib.Path(local).unlink(missing_ok=True)


def _chmod(path: pathlib.Path, mode: int) -> None:
    """Of a file that may not be readable, and may be a link by now."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularError(f'{path.name} is not a regular file')
        # fchmod takes no such descriptor; the link there leads nowhere else.
        pathlib.Path(f'/proc/self/fd/{descriptor}').chmod(mode)
    finally:
        os.close(descriptor)


def _write_new(path: pathlib.Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _RECORD_MODE)
    with os.fdopen(descriptor, 'wb') as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
