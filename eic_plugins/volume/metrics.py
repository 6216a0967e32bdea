"""Prometheus metrics of one backend, in a file.

cinder-volume runs a process for each backend, so there is no port: each
backend writes ``eic-<backend>.prom`` into ``[eic] metrics_directory``, which
node_exporter's textfile collector or ``eic metrics serve`` reads.
"""

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oslo_log import log as logging
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from eic_plugins.model import Outcome
from eic_plugins.support import ontap_sightings
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.metrics import files
from eic_plugins.support.metrics.declared import Metric

LOG = logging.getLogger(__name__)

_WRITE_SECONDS = 5.0
_SECONDS_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


VOLUMES = Metric(
    Counter,
    'eic_volumes_total',
    ('backend', 'pool', 'route'),
    'Volumes made from an image, or given another one. The route '
    'cinder_download is what was handed back to Cinder.',
)
REFUSALS = Metric(
    Counter,
    'eic_refusals_total',
    ('backend', 'route', 'reason'),
    'Faster routes that were not taken, and why.',
)
KEPT_OFF_HOST = Metric(
    Counter,
    'eic_bytes_kept_off_host_total',
    ('backend', 'pool'),
    'Bytes of images that no host had to read and write.',
)
SECONDS = Metric(
    Histogram,
    'eic_volume_seconds',
    ('backend', 'route'),
    'Seconds that the driver took for a volume; with cinder_download, before '
    'Cinder began.',
    _SECONDS_BUCKETS,
)
FILLS = Metric(
    Counter, 'eic_fills_total', ('backend', 'pool', 'route'), 'Cached images made.'
)
EVICTIONS = Metric(
    Counter,
    'eic_evictions_total',
    ('backend', 'pool'),
    'Cached images removed to make room.',
)
CACHED_IMAGES = Metric(
    Gauge,
    'eic_cached_images',
    ('backend', 'pool'),
    'Cached images, files of the stock driver included, when the pool was '
    'last cleaned.',
)
CACHED_BYTES = Metric(
    Gauge,
    'eic_cached_image_bytes',
    ('backend', 'pool'),
    'Bytes that they occupied then; volumes share them.',
)
CLONE_LIMIT = Metric(
    Gauge,
    'eic_clone_limit_ratio',
    ('backend', 'pool'),
    "How much of ONTAP's limits for clones is used, the nearer one of shared "
    'data and split load; 1 is the limit. Absent while neither is known.',
)
ONTAP_ANSWERED = Metric(
    Gauge,
    ontap_sightings.ANSWERED,
    ('backend',),
    'When ONTAP last answered what a volume or a cached image needed, in seconds '
    'since the epoch. Absent while it was not asked.',
)
ONTAP_FAILED = Metric(
    Gauge,
    ontap_sightings.FAILED,
    ('backend',),
    'When it last did not (reason ontap_unreachable), likewise.',
)

ONTAP_BUSY = Metric(
    Counter,
    'eic_ontap_busy_total',
    ('backend',),
    'Answers of ONTAP that it is too busy (HTTP 429, or 503).',
)
ONTAP_WAITED = Metric(
    Counter,
    'eic_ontap_busy_seconds_total',
    ('backend',),
    'Seconds that requests waited for that, as ONTAP said.',
)

ONTAP_WAITING = Metric(
    Gauge,
    'eic_ontap_busy_waiting',
    ('backend',),
    'Requests that waited for that when the file was written: the queue.',
)

METRICS = (
    VOLUMES,
    REFUSALS,
    KEPT_OFF_HOST,
    SECONDS,
    FILLS,
    EVICTIONS,
    CACHED_IMAGES,
    CACHED_BYTES,
    CLONE_LIMIT,
    ONTAP_ANSWERED,
    ONTAP_FAILED,
    ONTAP_BUSY,
    ONTAP_WAITED,
    ONTAP_WAITING,
)


class Metrics:
    """Counts for one backend.

    :param directory: where to write, None to write nothing
    """

    def __init__(
        self,
        backend: str,
        directory: Path | None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._backend = backend
        self._registry = CollectorRegistry()
        self._collectors = {
            metric: metric.collector(self._registry) for metric in METRICS
        }
        self._file = directory and directory / file_name(backend)
        self._clock = clock
        self._lock = threading.Lock()
        self._written = float('-inf')
        self._broken = False

    def record(self, pool: str, outcome: Outcome) -> None:
        """Count what was done for one volume."""
        self._of(VOLUMES, pool=pool, route=outcome.route).inc()
        self._of(SECONDS, route=outcome.route).observe(outcome.seconds)
        self._of(KEPT_OFF_HOST, pool=pool).inc(outcome.bytes_kept_off_host)
        for refusal in outcome.refusals:
            self._of(
                REFUSALS, route=str(refusal.subject), reason=refusal.reason.value
            ).inc()
        self.filled(pool, outcome)

    def filled(self, pool: str, outcome: Outcome) -> None:
        """Count the cached images alone: nobody asked for a volume."""
        for route in outcome.fills:
            self._of(FILLS, pool=pool, route=route).inc()

    def evicted(self, pool: str) -> None:
        """Count a cached image that had to go."""
        self._of(EVICTIONS, pool=pool).inc()

    def cached(self, pool: str, images: int, occupied: int) -> None:
        """What a pool has, in images and bytes."""
        self._of(CACHED_IMAGES, pool=pool).set(images)
        self._of(CACHED_BYTES, pool=pool).set(occupied)

    def clone_limit(self, pool: str, used: float | None) -> None:
        """How much of ONTAP's limits a pool has used, None if not known."""
        if used is not None:
            self._of(CLONE_LIMIT, pool=pool).set(used)
            return
        with contextlib.suppress(KeyError):
            self._collectors[CLONE_LIMIT].remove(self._backend, pool)

    def ontap(self, answered: bool) -> None:
        """ONTAP answered just now, or did not."""
        metric = ONTAP_ANSWERED if answered else ONTAP_FAILED
        self._of(metric).set_to_current_time()

    @contextlib.contextmanager
    def ontap_busy(self, seconds: float) -> Iterator[None]:
        """ONTAP said that it is too busy, and a request waits that long."""
        self._of(ONTAP_BUSY).inc()
        self._of(ONTAP_WAITED).inc(seconds)
        with self._of(ONTAP_WAITING).track_inprogress():
            # While nothing is served, no volume would have the file written.
            self.write()
            yield

    def write(self, at_once: bool = False) -> None:
        """Write the file, unless that was done a few seconds ago.

        A directory that cannot be written to is a warning, once.
        """
        if self._file is None:
            return
        with self._lock:
            if not at_once and self._clock.monotonic() - self._written < _WRITE_SECONDS:
                return
            self._written = self._clock.monotonic()
            try:
                files.replace(self._file, generate_latest(self._registry))
            except OSError as err:
                self._warn(err)
            else:
                self._broken = False

    def _warn(self, err: OSError) -> None:
        if not self._broken:
            LOG.warning(
                'No metrics of backend %(backend)s, as long as [eic] '
                'metrics_directory cannot be written to: %(err)s',
                {'backend': self._backend, 'err': err},
            )
        self._broken = True

    def _of(self, metric: Metric, **labels: str) -> Any:
        return self._collectors[metric].labels(backend=self._backend, **labels)


def file_name(backend: str) -> str:
    """The file of a backend in ``metrics_directory``."""
    return f'eic-{re.sub("[^A-Za-z0-9._-]", "_", backend)}.prom'
