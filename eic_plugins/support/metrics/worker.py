"""What the processes of an API or a scheduler count, each in a file of its own.

These services run several processes on a host, and end some of them now and then. Each
has a number of its own (:mod:`slots`), which is the label ``worker``, and goes on with
what the last process of that number has counted (:mod:`restored`). Nobody who counts
waits for a disk: a thread writes the file, five seconds after something was counted,
and once a minute to say that the process is there.
"""

import atexit
import dataclasses
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oslo_log import log as logging
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from eic_plugins.support import native
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.metrics import files, restored, slots
from eic_plugins.support.metrics.declared import Metric
from eic_plugins.support.metrics.merged import STALE

LOG = logging.getLogger(__name__)

LABELS = ('service', 'worker')
"""The first labels of each of these metrics."""
PAUSE = 5.0
"""Seconds between two looks whether something was counted."""
_ALIVE = 60.0
"""Seconds between two files if nothing was."""


class _Ready(Collector):
    """Families that are there already."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> list[Family]:
        return self._families


class _Counts:
    """Those of one process."""

    def __init__(self, service: str, directory: Path, metrics: Sequence[Metric]):
        self._service = service
        self._directory = directory
        self._metrics = metrics
        self._registry = CollectorRegistry()
        self._collectors = {
            metric: dataclasses.replace(
                metric, labels=metric.labels[len(LABELS) :]
            ).collector(self._registry)
            for metric in metrics
        }
        self._slot: slots.Slot | None = None
        self._lock = threading.Lock()
        self._before: dict[restored.Key, float] = {}

    def of(self, metric: Metric, labels: dict[str, str]) -> Any:
        collector = self._collectors[metric]
        return collector.labels(**labels) if labels else collector

    def write(self) -> None:
        """Write the file of the own slot.

        :raises OSError: it cannot be written, or all slots are taken
        """
        with self._lock:
            self._write(self._slot or self._claim())

    def leave(self) -> None:
        """This is the memory of a parent that has forked: forget its slot."""
        if self._slot is not None:
            self._slot.give_back()

    def _write(self, slot: slots.Slot) -> None:
        shown = restored.together(
            self._registry.collect(),
            self._before,
            dict(zip(LABELS, (self._service, str(slot.number)), strict=True)),
        )
        registry = CollectorRegistry()
        registry.register(_Ready(shown))
        native.run(files.replace, slot.path, generate_latest(registry))

    def _claim(self) -> slots.Slot:
        slot = slots.claim(self._directory, self._service)
        if slot is None:
            raise OSError(f'{slots.SLOTS} processes of {self._service} count already')
        self._before = dict(self._counted_before(slot.path))
        self._slot = slot
        return slot

    def _counted_before(self, path: Path) -> Iterator[tuple[restored.Key, float]]:
        try:
            written = files.read(path)
        except (OSError, ValueError):
            return
        counted = restored.counted(written.families, self._metrics, LABELS)
        yield from counted.items()


def in_thread(work: Callable[[], None]) -> None:
    """Run ``work`` in a thread that ends with the process."""
    threading.Thread(target=work, daemon=True, name='eic-metrics').start()


class WorkerMetrics:
    """Counts for a service, in whichever of its processes it is asked to.

    No method raises an error.

    :param directory: where to write, None to count nothing
    :param metrics: their first labels are :data:`LABELS`
    :param start: runs a callable in the background
    """

    def __init__(
        self,
        service: str,
        directory: Path | None,
        metrics: Sequence[Metric],
        clock: Clock = SYSTEM,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        self._service = service
        self._directory = directory
        self._metrics = metrics
        self._clock = clock
        self._start = start
        self._by_process: dict[int, _Counts] = {}
        self._dirty = True
        self._written = float('-inf')
        self._broken = False

    def inc(self, metric: Metric, **labels: str) -> None:
        """Count one more."""
        if counts := self._counts():
            counts.of(metric, labels).inc()
            self._dirty = True

    def add(self, metric: Metric, number: float) -> None:
        """Let a gauge without labels of its own grow, or shrink."""
        if counts := self._counts():
            counts.of(metric, {}).inc(number)
            self._dirty = True

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """Count one more, of that size."""
        if counts := self._counts():
            counts.of(metric, labels).observe(value)
            self._dirty = True

    def look(self) -> None:
        """Write the file, if that is due."""
        alive = self._clock.monotonic() - self._written >= _ALIVE
        if self._dirty or alive:
            self.write()
        if alive and self._directory is not None:
            slots.remove_dead(self._directory, self._service, STALE)

    def write(self) -> None:
        """Write the file; if it cannot be written, that is a warning, once."""
        counts = self._by_process.get(os.getpid())
        if counts is None:
            return
        self._dirty = False
        self._written = self._clock.monotonic()
        try:
            counts.write()
        except Exception as err:
            self._warn(err)
        else:
            self._broken = False

    def _counts(self) -> _Counts | None:
        if self._directory is None:
            return None
        # A server may load the filters first, and fork its workers then.
        counts = self._by_process.get(os.getpid())
        return counts or self._begin(self._directory)

    def _begin(self, directory: Path) -> _Counts:
        process = os.getpid()
        made = _Counts(self._service, directory, self._metrics)
        counts = self._by_process.setdefault(process, made)
        if counts is made:
            for parent in [each for each in self._by_process if each != process]:
                self._by_process.pop(parent).leave()
            self._start_writing()
        return counts

    def _start_writing(self) -> None:
        self._written = float('-inf')
        try:
            self._start(self._run)
        except RuntimeError as err:
            self._warn(err)
        atexit.register(self.write)

    def _run(self) -> None:
        while True:
            self.look()
            self._clock.sleep(PAUSE)

    def _warn(self, err: Exception) -> None:
        if not self._broken:
            LOG.warning(
                'No metrics of %(service)s, as long as [eic] metrics_directory cannot '
                'be written to: %(err)s',
                {'service': self._service, 'err': err},
            )
        self._broken = True


_KNOWN: dict[tuple[str, str | None], WorkerMetrics] = {}


def shared(
    service: str, directory: str | None, metrics: Sequence[Metric]
) -> WorkerMetrics:
    """The metrics of a service: the same for all who count in this process.

    :param directory: ``[eic] metrics_directory``
    """
    key = service, directory
    if key not in _KNOWN:
        place = Path(directory) if directory else None
        _KNOWN.setdefault(key, WorkerMetrics(service, place, metrics))
    return _KNOWN[key]
