"""Copies of file data that take no time where the file system shares extents.

XFS and btrfs share them (FICLONE). On other file systems the data is copied and
holes stay holes. One warning says so.
"""

import errno
import fcntl
import logging
import os
import struct
from collections.abc import Iterator

LOG = logging.getLogger(__name__)

BLOCK = 4096
_FICLONE = 0x40049409
_FICLONERANGE = 0x4020940D
_CHUNK = 1 << 20
UNSUPPORTED = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS}

_warned = False


def clone(source: int, destination: int) -> None:
    """Give the empty file ``destination`` the content of ``source``."""
    try:
        fcntl.ioctl(destination, _FICLONE, source)
    except OSError as err:
        _fall_back(err)
        size = os.fstat(source).st_size
        os.ftruncate(destination, size)
        for start, end in data_segments(source, 0, size):
            _copy_bytes(source, destination, start, end)


def clone_range(source: int, destination: int, start: int, end: int) -> None:
    """Copy bytes; ``start`` is a multiple of BLOCK, ``end`` too or the end."""
    packed = struct.pack('=qQQQ', source, start, end - start, start)
    try:
        fcntl.ioctl(destination, _FICLONERANGE, packed)
    except OSError as err:
        _fall_back(err)
        _copy_bytes(source, destination, start, end)


def data_segments(file: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a file between two offsets that are not holes."""
    while start < end:
        try:
            data = os.lseek(file, start, os.SEEK_DATA)
        except OSError as err:
            if err.errno == errno.ENXIO:
                return
            raise
        hole = min(os.lseek(file, data, os.SEEK_HOLE), end)
        if data < end:
            yield data, hole
        start = hole


def _copy_bytes(source: int, destination: int, start: int, end: int) -> None:
    while start < end:
        data = os.pread(source, min(_CHUNK, end - start), start)
        if not data:
            return
        written = 0
        while written < len(data):
            written += os.pwrite(destination, data[written:], start + written)
        start += len(data)


def _fall_back(err: OSError) -> None:
    global _warned  # noqa: PLW0603 - one warning a process
    if err.errno not in UNSUPPORTED:
        raise err
    if not _warned:
        _warned = True
        LOG.warning(
            'The data directory is on a file system without reflinks '
            '(%s): file clones copy data here. Put it on XFS or btrfs '
            'for constant-time clones.',
            err.strerror,
        )
