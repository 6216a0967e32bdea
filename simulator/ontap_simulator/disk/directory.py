"""The files of one FlexVol, in a directory.

No path leads out of the directory. Each part of a path is opened below the part
before it, and symbolic links are never followed.
"""

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from ontap_simulator.disk import reflink

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC

SNAPSHOTS = '.snapshot'
"""The directory in which clients find a FlexVol's snapshots."""


def components(path: str) -> list[str]:
    """The names that a path in the volume is made of.

    :raises OSError: it would lead out of the volume, or is no path
    """
    parts = [part for part in path.split('/') if part not in {'', '.'}]
    if '..' in parts or '\0' in path:
        raise _error(errno.EINVAL, path)
    return parts


class Directory:
    """The root of a FlexVol; every method raises OSError as a file system."""

    def __init__(self, root: Path, scratch: Path) -> None:
        """
        :param scratch: a directory on the same file system, not exported
        """
        self.root = root
        self._scratch = scratch
        self.snapshot: Callable[[str], Path | None] = lambda name: None
        """The root of a snapshot, for reading below ``.snapshot/NAME``."""
        for directory in (root, scratch):
            directory.mkdir(parents=True, exist_ok=True)

    def stat(self, path: str) -> os.stat_result:
        """What lstat says."""
        if not components(path):
            return self.root.lstat()
        with self._reached(path) as (parent, name):
            return os.lstat(name, dir_fd=parent)

    def entries(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """The names and lstat results of a directory's entries."""
        with self._directory(components(path)) as descriptor:
            for name in sorted(_names(descriptor)):
                with contextlib.suppress(FileNotFoundError):
                    yield name, os.lstat(name, dir_fd=descriptor)

    def link_target(self, path: str) -> str:
        """Where a symbolic link points to; it is never followed."""
        with self._reached(path) as (parent, name):
            return os.readlink(name, dir_fd=parent)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[int]:
        """A regular file, for reading."""
        with self._reached(path) as (parent, name):
            # Without O_NONBLOCK, opening a FIFO would wait for its writer.
            file = os.open(name, _FILE | os.O_NONBLOCK, dir_fd=parent)
        try:
            mode = os.fstat(file).st_mode
            if stat.S_ISDIR(mode):
                raise _error(errno.EISDIR, path)
            if not stat.S_ISREG(mode):
                raise _error(errno.EINVAL, path)
            yield file
        finally:
            os.close(file)

    def clone(
        self, source: str, destination: str, overwrite: bool, of_root: bool = False
    ) -> None:
        """Give a file a second name with the same content, at once.

        :param of_root: the clone is root's alone, and not its source's owner's
        """
        with (
            self.open(source) as original,
            self._parent(destination) as (parent, name),
            self._temporary(original) as temporary,
        ):
            if of_root:
                _give_to_root(temporary)
            if overwrite:
                os.rename(temporary, name, dst_dir_fd=parent)
            else:
                os.link(temporary, name, dst_dir_fd=parent)

    def hide(self, path: str) -> str:
        """Move a file out of sight; where :meth:`show` finds it."""
        token = uuid.uuid4().hex
        with self._parent(path) as (parent, name):
            os.rename(name, self._scratch / token, src_dir_fd=parent)
        return token

    def stat_hidden(self, token: str) -> os.stat_result:
        """What lstat says of a file that is out of sight."""
        return (self._scratch / token).lstat()

    def show(self, token: str, path: str) -> None:
        """Put a file back that was out of sight."""
        with self._parent(path) as (parent, name):
            os.rename(self._scratch / token, name, dst_dir_fd=parent)

    @contextlib.contextmanager
    def frozen(self, path: str) -> Iterator[int]:
        """The file's content as it is now, whatever is written later."""
        with self.open(path) as original, self._temporary(original) as temporary:
            descriptor = os.open(temporary, _FILE)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def create(self, path: str, like: os.stat_result) -> Iterator[int]:
        """A new file, open for writing, with another one's owner and mode."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._parent(path) as (parent, name):
            file = os.open(name, flags, 0o600, dir_fd=parent)
        try:
            _take_attributes(file, like)
            yield file
        finally:
            os.close(file)

    def create_sparse(self, path: str, size: int, mode: int) -> None:
        """A new file of that size without a single block."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._parent(path) as (parent, name):
            file = os.open(name, flags, mode, dir_fd=parent)
        try:
            os.ftruncate(file, size)
        finally:
            os.close(file)

    @contextlib.contextmanager
    def writable(self, path: str) -> Iterator[int]:
        """A file that is there, open for writing."""
        with self._parent(path) as (parent, name):
            file = os.open(
                name,
                os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK,
                dir_fd=parent,
            )
        try:
            yield file
        finally:
            os.close(file)

    def refill(self, source: str, destination: str) -> None:
        """Give a file the content of another one; who has it open sees it."""
        with self.open(source) as original, self.writable(destination) as file:
            os.ftruncate(file, 0)
            reflink.clone(original, file)

    def link(self, path: str, to: str) -> None:
        """A second name of the same file."""
        with (
            self._parent(path) as (source, name),
            self._parent(to) as (target, new_name),
        ):
            os.link(
                name,
                new_name,
                src_dir_fd=source,
                dst_dir_fd=target,
                follow_symlinks=False,
            )

    def has_file(self, path: str) -> bool:
        """Whether a regular file has that name."""
        try:
            return stat.S_ISREG(self.stat(path).st_mode)
        except OSError:
            return False

    def make_directory(self, path: str, mode: int) -> None:
        """A new directory."""
        with self._parent(path) as (parent, name):
            os.mkdir(name, mode, dir_fd=parent)

    def rename(self, path: str, to: str, replace: bool = False) -> None:
        """Rename; unless it is replaced, what had the name ``to`` must be gone."""
        with (
            self._parent(path) as (source, name),
            self._parent(to) as (target, new_name),
        ):
            if not replace:
                with contextlib.suppress(FileNotFoundError):
                    os.lstat(new_name, dir_fd=target)
                    raise _error(errno.EEXIST, to)
            os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)

    def move(self, path: str, other: 'Directory', to: str) -> None:
        """Put a file or directory into another FlexVol, where the name is free."""
        with (
            self._parent(path) as (source, name),
            other._parent(to) as (target, new_name),
        ):
            with contextlib.suppress(FileNotFoundError):
                os.lstat(new_name, dir_fd=target)
                raise _error(errno.EEXIST, to)
            os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)

    def delete(self, path: str, recurse: bool = False) -> None:
        """Delete a file or directory."""
        with self._parent(path) as (parent, name):
            if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
                os.unlink(name, dir_fd=parent)
            elif recurse:
                shutil.rmtree(name, dir_fd=parent)
            else:
                os.rmdir(name, dir_fd=parent)

    def files(self) -> Iterator[int]:
        """Every regular file, open for reading in turn."""
        for _, _, names, directory in os.fwalk(self.root, follow_symlinks=False):
            for name in names:
                # The file may be gone by now, or be no regular file.
                with contextlib.suppress(OSError):
                    file = os.open(name, _FILE | os.O_NONBLOCK, dir_fd=directory)
                    try:
                        if stat.S_ISREG(os.fstat(file).st_mode):
                            yield file
                    finally:
                        os.close(file)

    def clear(self) -> None:
        """Delete everything in the volume, but not the volume."""
        for name in _names(self.root):
            self.delete(name, recurse=True)

    @contextlib.contextmanager
    def _directory(self, parts: list[str]) -> Iterator[int]:
        root, below = self._rooted(parts)
        current = os.open(root, _DIRECTORY)
        try:
            for part in below:
                inner = os.open(part, _DIRECTORY, dir_fd=current)
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    def _rooted(self, parts: list[str]) -> tuple[Path, list[str]]:
        if parts[:1] != [SNAPSHOTS] or len(parts) == 1:
            return self.root, parts
        root = self.snapshot(parts[1])
        if root is None:
            raise _error(errno.ENOENT, '/'.join(parts))
        return root, parts[2:]

    @contextlib.contextmanager
    def _reached(self, path: str) -> Iterator[tuple[int, str]]:
        """The directory that a path is in, for reading, and its name there."""
        parts = components(path)
        if not parts:
            raise _error(errno.EINVAL, path)
        with self._directory(parts[:-1]) as descriptor:
            yield descriptor, parts[-1]

    @contextlib.contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        """The same for writing, which nobody does in a snapshot."""
        if components(path)[:1] == [SNAPSHOTS]:
            raise _error(errno.EROFS, path)
        with self._reached(path) as found:
            yield found

    @contextlib.contextmanager
    def _temporary(self, original: int) -> Iterator[Path]:
        """A complete clone, out of sight: what is published is never half."""
        path = self._scratch / uuid.uuid4().hex
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        try:
            reflink.clone(original, file)
            _take_attributes(file, os.fstat(original))
            yield path
        finally:
            os.close(file)
            path.unlink(missing_ok=True)


def _names(directory: int | Path) -> list[str]:
    return os.listdir(directory)  # noqa: PTH208 - pathlib takes no descriptor


def _take_attributes(file: int, like: os.stat_result) -> None:
    # Only root may give files away; elsewhere the owner stays.
    with contextlib.suppress(PermissionError):
        os.fchown(file, like.st_uid, like.st_gid)
    os.fchmod(file, stat.S_IMODE(like.st_mode))


def _give_to_root(path: Path) -> None:
    with contextlib.suppress(PermissionError):
        os.chown(path, 0, 0)
    path.chmod(0o600)


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
