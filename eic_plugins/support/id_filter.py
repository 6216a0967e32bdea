"""A set of ids in two bytes each, which can be asked and not listed: a Bloom filter.

It travels as base64 and is asked as it stands: who gets a thousand of them decodes
none. An id that is in it is always found. One that is not in it is found by chance,
in one of :data:`WRONG` cases, as long as there are :data:`MOST_EXACT` ids or fewer.
The text does not grow beyond :data:`MOST_CHARACTERS`: with more ids, more others are
found by chance, and still every one that is there.

The numbers are those of B. H. Bloom, "Space/time trade-offs in hash coding with
allowable errors", 1970: one in ``2 ** hashes`` wrong answers takes ``hashes / ln 2``
bits for each id. All hashes are made of two, see A. Kirsch and M. Mitzenmacher,
"Less Hashing, Same Performance", 2006.
"""

import base64
import dataclasses
import functools
import hashlib
import math
import string
from collections.abc import Collection, Iterator

MOST_CHARACTERS = 12288
"""What is sent of one set, at most."""
WRONG = 1024
_BITS = 6
"""Bits in a character of base64."""
_MOST_HASHES = int(math.log2(WRONG))
_BITS_PER_ID = _MOST_HASHES / math.log(2)
MOST_EXACT = int(MOST_CHARACTERS * _BITS / _BITS_PER_ID)
_VALUES = {
    each: value
    for value, each in enumerate(
        string.ascii_uppercase + string.ascii_lowercase + string.digits + '+/'
    )
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """An id that many filters are asked for: it is hashed once."""

    id: str

    @functools.cached_property
    def hashes(self) -> tuple[int, int]:
        """Two numbers, of which all positions are made."""
        found = hashlib.sha256(self.id.encode()).digest()
        return int.from_bytes(found[:8]), int.from_bytes(found[8:16]) | 1


@dataclasses.dataclass(frozen=True)
class IdFilter:
    """The set; ``bits`` is base64, ``hashes`` how many bits each id has set."""

    bits: str
    hashes: int

    @classmethod
    def of(cls, ids: Collection[str]) -> 'IdFilter':
        """The filter of these."""
        size = _bytes_for(len(ids))
        hashes = _hashes_for(len(ids), size * 8)
        bits = bytearray(size)
        for each in ids:
            for position in _positions(Wanted(each), hashes, size * 8):
                bits[position >> 3] |= 128 >> (position & 7)
        return cls(base64.b64encode(bits).decode(), hashes)

    def __contains__(self, each: object) -> bool:
        """True if it may be there."""
        return isinstance(each, str) and self.may_have(Wanted(each))

    def may_have(self, wanted: Wanted) -> bool:
        """True if it may be there."""
        bits = self.bits
        for position in _positions(wanted, self.hashes, len(bits) * _BITS):
            place, bit = divmod(position, _BITS)
            if not _VALUES.get(bits[place], 0) >> (_BITS - 1 - bit) & 1:
                return False
        return True


def read(bits: object, hashes: object) -> IdFilter | None:
    """The filter that somebody sent; None if these are not of one."""
    if not isinstance(bits, str) or not bits or not isinstance(hashes, int):
        return None
    return IdFilter(bits, hashes) if 0 < hashes <= _MOST_HASHES else None


def _bytes_for(count: int) -> int:
    """A multiple of three, so that base64 has no padding."""
    wanted = min(max(count, 1) * _BITS_PER_ID, MOST_CHARACTERS * _BITS)
    return math.ceil(wanted / 24) * 3


def _hashes_for(count: int, bits: int) -> int:
    return min(max(round(bits / max(count, 1) * math.log(2)), 1), _MOST_HASHES)


def _positions(wanted: Wanted, hashes: int, bits: int) -> Iterator[int]:
    first, step = wanted.hashes
    for _ in range(hashes):
        yield first % bits
        first += step
