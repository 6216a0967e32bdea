"""Copies of file data that cost nothing where the file system shares extents.

XFS and btrfs do (FICLONE). Elsewhere data is copied, holes stay holes, and one
warning says that clones are not constant-time here.
"""

import dataclasses
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
_FIEMAP = 0xC020660B
_FIEMAP_SYNC = 1
_EXTENT_LAST = 1
_EXTENT_SHARED = 0x2000
# Extents without a place on the disk yet: unknown, delayed, inline or tail.
_EXTENT_UNPLACED = 0x2 | 0x4 | 0x200 | 0x400
_HEADER = struct.Struct('=QQLLLL')
_EXTENT = struct.Struct('=QQQQQLLLL')
_EXTENTS_A_CALL = 128
_CHUNK = 1 << 20
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS}
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


@dataclasses.dataclass(frozen=True)
class Extent:
    """A piece of a file on the disk; ``physical`` is -1 until it is there."""

    logical: int
    physical: int
    length: int
    shared: bool = dataclasses.field(compare=False)


def extents(file: int, flush: bool = False) -> list[Extent] | None:
    """The extents of a file, None if the file system does not tell.

    :param flush: write to the disk first, so that every extent has its place
    """
    found: list[Extent] = []
    start = 0
    while True:
        try:
            batch = _extents_from(file, start, flush)
        except OSError as err:
            if err.errno in _UNSUPPORTED:
                return None
            raise
        for logical, physical, length, flags in batch:
            place = -1 if flags & _EXTENT_UNPLACED else physical
            found.append(Extent(logical, place, length, bool(flags & _EXTENT_SHARED)))
            start = logical + length
        if not batch or batch[-1][3] & _EXTENT_LAST:
            return found


def allocated(file: int) -> int:
    """The bytes that a file takes, whoever shares them."""
    return os.fstat(file).st_blocks * 512


def unique(file: int) -> int:
    """The bytes that no other file shares; all of them if that is unknown."""
    found = extents(file)
    if found is None:
        return allocated(file)
    return sum(extent.length for extent in found if not extent.shared)


def _extents_from(
    file: int, start: int, flush: bool
) -> list[tuple[int, int, int, int]]:
    buffer = bytearray(_HEADER.size + _EXTENTS_A_CALL * _EXTENT.size)
    _HEADER.pack_into(
        buffer,
        0,
        start,
        (1 << 64) - 1 - start,
        _FIEMAP_SYNC if flush else 0,
        0,
        _EXTENTS_A_CALL,
        0,
    )
    fcntl.ioctl(file, _FIEMAP, buffer)
    mapped = _HEADER.unpack_from(buffer)[3]
    found = []
    for number in range(mapped):
        fields = _EXTENT.unpack_from(buffer, _HEADER.size + number * _EXTENT.size)
        found.append((fields[0], fields[1], fields[2], fields[5]))
    return found


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
    if err.errno not in _UNSUPPORTED:
        raise err
    if not _warned:
        _warned = True
        LOG.warning(
            'The data directory is on a file system without reflinks '
            '(%s): file clones copy data here. Put it on XFS or btrfs '
            'for constant-time clones.',
            err.strerror,
        )
