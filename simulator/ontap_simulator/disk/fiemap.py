"""Where the bytes of a file are on the disk (FIEMAP)."""

import dataclasses
import fcntl
import os
import struct

from ontap_simulator.disk.reflink import UNSUPPORTED

_FIEMAP = 0xC020660B
_FIEMAP_SYNC = 1
_EXTENT_LAST = 1
_EXTENT_SHARED = 0x2000

# Extents without a place on the disk yet: unknown, delayed, inline or tail.
_EXTENT_UNPLACED = 0x2 | 0x4 | 0x200 | 0x400
_HEADER = struct.Struct('=QQLLLL')

_EXTENT = struct.Struct('=QQQQQLLLL')

_EXTENTS_A_CALL = 128


@dataclasses.dataclass(frozen=True)
class Extent:
    """A piece of a file on the disk; ``physical`` is -1 until it is there."""

    logical: int
    physical: int
    length: int
    shared: bool = dataclasses.field(compare=False)


def extents(file: int, flush: bool = False) -> list[Extent] | None:
    """The extents of a file; None if the file system does not tell them.

    :param flush: write to the disk first, so that every extent has its place
    """
    found: list[Extent] = []
    start = 0
    while True:
        try:
            batch = _extents_from(file, start, flush)
        except OSError as err:
            if err.errno in UNSUPPORTED:
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
