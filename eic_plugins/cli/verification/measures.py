"""How long FlexClones of files take, and how many a second there are."""

import concurrent.futures
import statistics
from collections.abc import Iterator

from oslo_utils import units

from eic_plugins.cli.verification.findings import Measure
from eic_plugins.cli.verification.scratch import Scratch
from eic_plugins.model import StoredObject
from eic_plugins.ontap.files import Files
from eic_plugins.support.clock import SYSTEM

_SIZES = (1, 16, 128, 1024)
"""GiB of sparse files."""
_REPEATS = 3
_AT_ONCE = (1, 2, 4, 8, 16)
_CLONES = 16
_TIMEOUT = 60.0


def measure(files: Files, scratch: Scratch) -> Iterator[Measure]:
    """Clone latency by file size, then clones a second by how many run at once."""
    for size in _SIZES:
        yield _latency(files, scratch, size)
    source = scratch.file('rate', units.Gi)
    for at_once in _AT_ONCE:
        yield _rate(files, scratch, source, at_once)


def _latency(files: Files, scratch: Scratch, size: int) -> Measure:
    source = scratch.file(f'sparse-{size}', size * units.Gi)
    found = [
        _seconds(files, source, scratch.stored(f'sparse-{size}-{number}'))
        for number in range(_REPEATS)
    ]
    return Measure(
        f'clone of a file of {size} GiB', f'{statistics.median(found) * 1000:.0f} ms'
    )


def _rate(
    files: Files, scratch: Scratch, source: StoredObject, at_once: int
) -> Measure:
    targets = [scratch.stored(f'rate-{at_once}-{number}') for number in range(_CLONES)]
    started = SYSTEM.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(_seconds, files, source, each) for each in targets]:
            done.result()
    seconds = SYSTEM.monotonic() - started
    return Measure(
        f'clones a second, {at_once} at once', f'{_CLONES / max(seconds, 1e-6):.1f}'
    )


def _seconds(files: Files, source: StoredObject, target: StoredObject) -> float:
    started = SYSTEM.monotonic()
    files.clone(source, target, _TIMEOUT)
    return SYSTEM.monotonic() - started
