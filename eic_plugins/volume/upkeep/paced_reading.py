"""Reads bytes at a capped rate, and says what their hash is."""

import dataclasses
import hashlib
import os
from collections.abc import Callable

from eic_plugins.support.clock import SYSTEM, Clock

_CHUNK = 1 << 20
_DROP = 64 << 20
"""Bytes after which the host's memory is given back what it keeps of them."""


@dataclasses.dataclass(frozen=True)
class Digest:
    """The hash of the first bytes, and whether only zeros follow."""

    value: str
    rest_is_zero: bool


@dataclasses.dataclass(frozen=True)
class Pace:
    """``rate`` in bytes per second, 0 for no cap; ``say`` is told what was read."""

    rate: float = 0.0
    say: Callable[[int], None] = lambda _read: None
    clock: Clock = SYSTEM


def digest_of(descriptor: int, algorithm: str, size: int, pace: Pace) -> Digest:
    """The hash of the first ``size`` bytes of a file or a device.

    What the host has in memory of it is thrown away first: the storage is asked.

    :raises ValueError: there is no such algorithm
    :raises OSError: it cannot be read
    """
    hashed = hashlib.new(algorithm, usedforsecurity=False)
    reading = _Reading(descriptor, pace)
    left, rest_is_zero = size, True
    while chunk := reading.next():
        hashed.update(chunk[:left])
        rest_is_zero = rest_is_zero and not any(chunk[left:])
        left = max(left - len(chunk), 0)
    if left:
        raise EOFError(f'it ends {left} bytes too early')
    return Digest(hashed.hexdigest(), rest_is_zero)


class _Reading:
    """One file, from its beginning."""

    def __init__(self, descriptor: int, pace: Pace) -> None:
        self._descriptor = descriptor
        self._pace = pace
        self._began = pace.clock.monotonic()
        self._read = 0
        self._drop(0)

    def next(self) -> bytes:
        """The next bytes, when it is time for them; none at the end."""
        chunk = os.pread(self._descriptor, _CHUNK, self._read)
        self._read += len(chunk)
        if self._read % _DROP < len(chunk):
            self._drop(self._read)
        self._pace.say(self._read)
        self._wait()
        return chunk

    def _wait(self) -> None:
        if self._pace.rate:
            clock = self._pace.clock
            early = self._began + self._read / self._pace.rate - clock.monotonic()
            if early > 0:
                clock.sleep(early)

    def _drop(self, until: int) -> None:
        os.posix_fadvise(self._descriptor, 0, until, os.POSIX_FADV_DONTNEED)
