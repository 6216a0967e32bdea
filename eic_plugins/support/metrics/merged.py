"""The files of metrics of a host, put together as one collection.

A series that two files have is taken from the newer one. What nobody has written for a
while is left out, so that no gauge looks as if it were measured now; when each file was
written is told of all of them.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from oslo_log import log as logging
from prometheus_client import Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.metrics import files
from eic_plugins.support.metrics.declared import Metric

LOG = logging.getLogger(__name__)

FILES = 1024
"""Files that are read of one directory; it has one for a backend and for a worker."""
STALE = 600.0
"""Seconds. Whoever is there writes once a minute."""

WRITTEN = Metric(
    Gauge,
    'eic_metrics_file_written_timestamp_seconds',
    ('file',),
    'When a file was last written, in seconds since the epoch.',
)
SHOWN = Metric(
    Gauge,
    'eic_metrics_file_shown',
    ('file',),
    '1 if its metrics are shown here, 0 if it is too old or cannot be read.',
)
METRICS = (WRITTEN, SHOWN)

CREATED = '_created'
"""Ends the name of the time at which a counter began."""
_BEGUN = {'counter', 'histogram', 'summary'}
"""Types whose samples have a time at which they began."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """One file: when it was written, and what it has; nothing if it is not shown."""

    path: Path
    written: float
    families: tuple[Family, ...] | None = None


class MergedFiles(Collector):
    """What a registry of prometheus_client shows of some directories.

    :param stale: seconds after which a file is left out
    """

    def __init__(
        self,
        directories: Sequence[Path],
        stale: float = STALE,
        clock: Clock = SYSTEM,
    ) -> None:
        self._directories = directories
        self._stale = stale
        self._clock = clock
        self._broken: dict[Path, float] = {}

    def collect(self) -> Iterator[Family]:
        """All families, and then what is known of the files."""
        seen = sorted(self._seen(), key=lambda file: file.written, reverse=True)
        yield from merge(file.families or () for file in seen)
        yield _gauge(WRITTEN, {str(file.path): file.written for file in seen})
        yield _gauge(
            SHOWN, {str(file.path): file.families is not None for file in seen}
        )

    def _seen(self) -> Iterator[Seen]:
        for directory in self._directories:
            for path in sorted(directory.glob(files.PATTERN))[:FILES]:
                try:
                    yield self._look(path)
                except OSError:
                    # It was removed between the two looks.
                    continue

    def _look(self, path: Path) -> Seen:
        at = files.written_at(path)
        if at < self._clock.time() - self._stale:
            return Seen(path, at)
        try:
            return Seen(path, *files.read(path))
        except (OSError, ValueError) as err:
            self._warn(path, at, err)
            return Seen(path, at)

    def _warn(self, path: Path, at: float, err: Exception) -> None:
        """Once until it is written again: Prometheus asks four times a minute."""
        if self._broken.get(path) != at:
            LOG.warning('%(file)s is not shown: %(err)s', {'file': path, 'err': err})
        self._broken[path] = at


def merge(of_files: Iterable[Iterable[Family]]) -> list[Family]:
    """One family of each name; of a series that is there twice, the first one."""
    merged: dict[str, Family] = {}
    known: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for family in (family for families in of_files for family in families):
        into = merged.setdefault(family.name, _like(family))
        if into.type != family.type:
            continue
        for sample in family.samples:
            series = sample.name, frozenset(sample.labels.items())
            if series not in known:
                known.add(series)
                into.samples.append(sample)
    return list(_with_created(merged))


def _with_created(families: Mapping[str, Family]) -> Iterator[Family]:
    """The text format has the time at which a counter began as a metric of its own.

    In OpenMetrics that name belongs to the counter, and the samples of one series
    stand together.
    """
    for name, family in families.items():
        owner = families.get(name.removesuffix(CREATED))
        if owner is not family and owner is not None and owner.type in _BEGUN:
            continue
        created = families.get(name + CREATED)
        if family.type in _BEGUN and created is not None:
            family.samples += created.samples
            family.samples = by_series(family.samples)
        yield family


def by_series(samples: Sequence[Sample]) -> list[Sample]:
    """Those of one series together, as OpenMetrics wants them."""
    grouped: dict[frozenset[tuple[str, str]], list[Sample]] = {}
    for sample in samples:
        labels = {key: each for key, each in sample.labels.items() if key != 'le'}
        grouped.setdefault(frozenset(labels.items()), []).append(sample)
    return [sample for group in grouped.values() for sample in group]


def _like(family: Family) -> Family:
    return Family(family.name, family.documentation, family.type)


def _gauge(metric: Metric, by_file: Mapping[str, float]) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for file, value in sorted(by_file.items()):
        family.add_metric([file], value)
    return family
