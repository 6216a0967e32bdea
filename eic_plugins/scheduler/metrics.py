"""Prometheus metrics of the weigher, in files of cinder-scheduler's processes.

``[eic] metrics_directory`` in cinder.conf of the scheduler turns them on.
"""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from eic_plugins.scheduler import locality
from eic_plugins.support.metrics import worker
from eic_plugins.support.metrics.declared import Metric
from eic_plugins.support.metrics.worker import LABELS

SERVICE = 'cinder-scheduler'

WEIGHED = Metric(
    Counter,
    'eic_weighed_requests_total',
    (*LABELS, 'nearest'),
    'Volumes from an image that pools were weighed for, by how near the nearest pool '
    'was: `constant_time` (it has the cached image, or the raw file), `same_flexvol`, '
    '`same_svm`, `same_cluster`, `far` (all pools weighed the same).',
)
SECONDS = Metric(
    Histogram,
    'eic_weigh_seconds',
    LABELS,
    'Seconds that the weigher took for all pools of a request.',
    (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
QUERY_FAILURES = Metric(
    Counter,
    'eic_weigher_query_failures_total',
    LABELS,
    "Queries of Cinder's image-volume cache that failed; no pool weighed more for it.",
)
METRICS = (WEIGHED, SECONDS, QUERY_FAILURES)

NEAREST = {
    locality.CACHED: 'constant_time',
    locality.SAME_FLEXVOL: 'same_flexvol',
    locality.SAME_SVM: 'same_svm',
    locality.SAME_CLUSTER: 'same_cluster',
    locality.FAR: 'far',
}
"""What a weight is called."""


def weighed(directory: str | None, weights: Sequence[float], seconds: float) -> None:
    """Pools were weighed for a volume from an image."""
    counts = worker.shared(SERVICE, directory, METRICS)
    nearest = max(weights, default=locality.FAR)
    counts.inc(WEIGHED, nearest=NEAREST.get(nearest, 'far'))
    counts.observe(SECONDS, seconds)


def query_failed(directory: str | None) -> None:
    """The image-volume cache could not be looked at."""
    worker.shared(SERVICE, directory, METRICS).inc(QUERY_FAILURES)
