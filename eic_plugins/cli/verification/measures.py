"""How long FlexClones take, and how many a second there are."""

import concurrent.futures
import statistics
from collections.abc import Iterator
from typing import Protocol

from oslo_utils import units

from eic_plugins.cli.verification.findings import Measure
from eic_plugins.model import StoredObject
from eic_plugins.support.clock import SYSTEM

_SIZES = (1, 16, 128, 1024)
"""GiB of sparse files, or of devices without reserved space."""
_REPEATS = 3
_AT_ONCE = (1, 2, 4, 8, 16)
_CLONES = 16
_TIMEOUT = 60.0


class Cloner(Protocol):
    """Clones files or devices."""

    def clone(
        self, source: StoredObject, destination: StoredObject, timeout: float
    ) -> object:
        """One FlexClone, in at most so many seconds."""


class Place(Protocol):
    """Where they are made."""

    def file(self, name: str, size: int) -> StoredObject:
        """A new one of ``size`` bytes."""

    def stored(self, name: str) -> StoredObject:
        """One that may be there."""


def measure(cloner: Cloner, scratch: Place, what: str = 'file') -> Iterator[Measure]:
    """Clone latency by size, then clones a second by how many run at once."""
    for size in _SIZES:
        yield _latency(cloner, scratch, size, what)
    source = scratch.file('rate', units.Gi)
    for at_once in _AT_ONCE:
        yield _rate(cloner, scratch, source, at_once)


def _latency(cloner: Cloner, scratch: Place, size: int, what: str) -> Measure:
    source = scratch.file(f'sparse-{size}', size * units.Gi)
    found = [
        _seconds(cloner, source, scratch.stored(f'sparse-{size}-{number}'))
        for number in range(_REPEATS)
    ]
    return Measure(
        f'clone of a {what} of {size} GiB', f'{statistics.median(found) * 1000:.0f} ms'
    )


def _rate(
    cloner: Cloner, scratch: Place, source: StoredObject, at_once: int
) -> Measure:
    targets = [scratch.stored(f'rate-{at_once}-{number}') for number in range(_CLONES)]
    started = SYSTEM.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(_seconds, cloner, source, each) for each in targets]:
            done.result()
    seconds = SYSTEM.monotonic() - started
    return Measure(
        f'clones a second, {at_once} at once', f'{_CLONES / max(seconds, 1e-6):.1f}'
    )


def _seconds(cloner: Cloner, source: StoredObject, target: StoredObject) -> float:
    started = SYSTEM.monotonic()
    cloner.clone(source, target, _TIMEOUT)
    return SYSTEM.monotonic() - started
