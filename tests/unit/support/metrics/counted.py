"""Metrics to try with, and a process of a service that counts as it is told."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from eic_plugins.support.metrics.declared import Metric
from eic_plugins.support.metrics.worker import LABELS, WorkerMetrics
from tests.unit.fake_clock import FakeClock

DONE = Metric(Counter, 'eic_done_total', (*LABELS, 'result'), 'Done.')
ERRORS = Metric(Counter, 'eic_errors_total', LABELS, 'Errors.')
NOW = Metric(Gauge, 'eic_now', LABELS, 'Now.')
SECONDS = Metric(Histogram, 'eic_seconds', LABELS, 'Time.', (1, 5))
METRICS = (DONE, ERRORS, NOW, SECONDS)
NEWER = Metric(Histogram, 'eic_seconds', LABELS, 'Time.', (1, 9))
SERVICE = 'some-api'


def nothing(_work: Callable[[], None]) -> None:
    """In the place of a thread."""


def counting(
    directory: Path | None, metrics: tuple[Metric, ...] = METRICS
) -> WorkerMetrics:
    """Counts that are written when a test says so."""
    return WorkerMetrics(SERVICE, directory, metrics, FakeClock(), nothing)


def count(counts: WorkerMetrics, number: int = 1, seconds: Metric = SECONDS) -> None:
    """So many that went well, and took two seconds."""
    for _ in range(number):
        counts.inc(DONE, result='well')
        counts.observe(seconds, 2.0)


def shown(path: Path, number: int = 0) -> dict[tuple[str, ...], float]:
    """What a file says, which is one of a process with that number."""
    samples = [
        sample
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    ]
    assert {each.labels.pop('service') for each in samples} == {SERVICE}
    assert {each.labels.pop('worker') for each in samples} == {str(number)}
    return {(each.name, *each.labels.values()): each.value for each in samples}


def _obey(counts: WorkerMetrics, seconds: Metric, line: str) -> str:
    what, _, number = line.strip().partition(' ')
    if what in {'count', 'unwritten'}:
        count(counts, int(number), seconds)
    elif what == 'fail':
        counts.inc(DONE, result='badly')
    elif what == 'hold':
        counts.add(NOW, int(number))
    elif what == 'fork':
        return str(_fork(counts))
    elif what == 'end':
        sys.exit(0)
    if what != 'unwritten':
        counts.write()
    return 'done'


def _fork(counts: WorkerMetrics) -> int:
    """A child that has counted one, and waits to be killed."""
    done, told = os.pipe()
    child = os.fork()
    if not child:
        count(counts)
        counts.write()
        os.write(told, b'.')
        signal.pause()
    os.read(done, 1)
    return child


def main(directory: str, *newer: str) -> None:
    """Obey the lines on standard input."""
    metrics = (DONE, NEWER) if newer else METRICS
    counts = counting(Path(directory), metrics)
    for line in sys.stdin:
        sys.stdout.write(f'{_obey(counts, metrics[-1], line)}\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main(*sys.argv[1:])
