"""A whole directory tree a second time, its files sharing their blocks."""

import contextlib
import os
import stat
from pathlib import Path

from ontap_simulator.disk import reflink

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def clone_tree(source: Path, destination: Path) -> None:
    """Give an empty directory the content of another one.

    Symbolic links stay links, and names of one file stay names of one file. What
    is no file, directory or symbolic link is left out.
    """
    names: dict[int, Path] = {}
    for found in sorted(os.scandir(source), key=lambda entry: entry.name):
        _clone_entry(Path(found), destination / found.name, names)


def _clone_entry(source: Path, destination: Path, names: dict[int, Path]) -> None:
    like = source.lstat()
    if stat.S_ISLNK(like.st_mode):
        destination.symlink_to(source.readlink())
    elif stat.S_ISDIR(like.st_mode):
        destination.mkdir(mode=0o700)
        for found in sorted(source.iterdir()):
            _clone_entry(found, destination / found.name, names)
        _take_attributes(destination, like)
    elif stat.S_ISREG(like.st_mode):
        first = names.setdefault(like.st_ino, destination)
        if first is not destination:
            os.link(first, destination)
            return
        _clone_file(source, destination)
        _take_attributes(destination, like)


def _clone_file(source: Path, destination: Path) -> None:
    # What was deleted meanwhile is not in the copy.
    with contextlib.suppress(FileNotFoundError):
        original = os.open(source, _FILE)
        try:
            file = os.open(destination, _NEW, 0o600)
            try:
                reflink.clone(original, file)
            finally:
                os.close(file)
        finally:
            os.close(original)


def _take_attributes(path: Path, like: os.stat_result) -> None:
    with contextlib.suppress(PermissionError, FileNotFoundError):
        os.chown(path, like.st_uid, like.st_gid, follow_symlinks=False)
    with contextlib.suppress(FileNotFoundError):
        path.chmod(stat.S_IMODE(like.st_mode))
        os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))
