"""Prometheus metrics of the filters: of each process of an API, in files.

``[eic] metrics_directory`` in cinder.conf of cinder-api, or in nova.conf, turns them
on. What stands in a label is this bundle's own word, and never a user's.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from oslo_config import cfg
from prometheus_client import Counter, Gauge, Histogram

from eic_plugins import config
from eic_plugins.middleware.boot_verdict import Verdict
from eic_plugins.support.metrics import worker
from eic_plugins.support.metrics.declared import Metric
from eic_plugins.support.metrics.worker import LABELS, WorkerMetrics

CINDER_API = 'cinder-api'
NOVA_API = 'nova-api'

ERRORS = Metric(
    Counter,
    'eic_filter_errors_total',
    LABELS,
    'Requests that went on as they came because of an error of the filter itself; '
    'the log has it.',
)
LOOKUPS = Metric(
    Counter,
    'eic_lookups_total',
    (*LABELS, 'result'),
    'Look-ups of an image in Glance, one for a request: `remembered`, `answered`, '
    '`late` (filter_budget was over), `failed`, `left_alone` (Glance failed before), '
    '`no_place` (filter_lookups were under way).',
)
LOOKUP_SECONDS = Metric(
    Histogram,
    'eic_lookup_seconds',
    LABELS,
    'Seconds that a request waited for Glance.',
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
REQUESTS = Metric(
    Counter,
    'eic_image_requests_total',
    (*LABELS, 'result'),
    'Requests to cinder-api for a volume from an image: `hint_added` (the scheduler '
    'hears where the image is), `no_copies` (nowhere that counts), `not_looked_up`, '
    "`users_hint` (the request has hints in the place that hides EIC's).",
)
HINTS_DROPPED = Metric(
    Counter,
    'eic_forged_hints_total',
    LABELS,
    'Requests that brought a hint `eic`, which was dropped.',
)
HOLD_SECONDS = Metric(
    Histogram,
    'eic_hold_seconds',
    (*LABELS, 'end'),
    'Seconds that the answers to services were held, by how that ended: `available`, '
    '`error`, `budget` (hold_budget was over), `limit` (hold_limit were held), '
    '`single_threaded` (the server gives a worker one request at a time), `unknown`.',
    (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60),
)
HELD = Metric(
    Gauge,
    'eic_held_answers',
    LABELS,
    'Answers that were held when the file was written.',
)
DELETIONS = Metric(
    Counter,
    'eic_postponed_deletions_total',
    (*LABELS, 'result'),
    'Deletions of volumes that were being made: `postponed`, and what became of them, '
    '`deleted`, `refused` (by Cinder) or `forgotten` (gone, or used meanwhile).',
)
BOOTS = Metric(
    Counter,
    'eic_boots_total',
    (*LABELS, 'done', 'reason'),
    'Requests to nova-api for a server, by what X-EIC-Boot says of them '
    '([nova.md](nova.md)).',
)
OF_BOTH = (ERRORS, LOOKUPS, LOOKUP_SECONDS)
OF_CINDER = (*OF_BOTH, REQUESTS, HINTS_DROPPED, HOLD_SECONDS, HELD, DELETIONS)
OF_NOVA = (*OF_BOTH, BOOTS)
METRICS = (*OF_CINDER, BOOTS)


class LookupCounts(Protocol):
    """Counts look-ups."""

    def looked_up(self, result: str, seconds: float | None = None) -> None:
        """One has ended; the seconds if somebody waited for it."""


class FilterMetrics:
    """What the filters of one API count."""

    def __init__(self, counts: WorkerMetrics) -> None:
        self._counts = counts

    def error(self) -> None:
        """The filter itself has failed."""
        self._counts.inc(ERRORS)

    def looked_up(self, result: str, seconds: float | None = None) -> None:
        """As :class:`LookupCounts` says."""
        self._counts.inc(LOOKUPS, result=result)
        if seconds is not None:
            self._counts.observe(LOOKUP_SECONDS, seconds)

    def requested(self, result: str) -> None:
        """A volume from an image was asked for."""
        self._counts.inc(REQUESTS, result=result)

    def forged(self) -> None:
        """A hint ``eic`` was dropped."""
        self._counts.inc(HINTS_DROPPED)

    @contextlib.contextmanager
    def holding(self) -> Iterator[list[str]]:
        """An answer is held; how that ends is put into the list."""
        ends: list[str] = []
        begun = time.monotonic()
        self._counts.add(HELD, 1)
        try:
            yield ends
        finally:
            self._counts.add(HELD, -1)
            for end in ends:
                self._counts.observe(HOLD_SECONDS, time.monotonic() - begun, end=end)

    def deletion(self, result: str) -> None:
        """Something became of a deletion."""
        self._counts.inc(DELETIONS, result=result)

    def booted(self, verdict: Verdict) -> None:
        """A request for a server was passed on."""
        self._counts.inc(BOOTS, done=verdict.done, reason=verdict.reason)


UNCOUNTED = FilterMetrics(WorkerMetrics('', None, ()))
"""Counts nothing."""


def of_cinder(conf: cfg.ConfigOpts) -> FilterMetrics:
    """Those of cinder-api, whose ``conf`` has ``[eic]``."""
    return _of(conf, CINDER_API, OF_CINDER)


def of_nova(conf: cfg.ConfigOpts) -> FilterMetrics:
    """Those of nova-api, likewise."""
    return _of(conf, NOVA_API, OF_NOVA)


def _of(
    conf: cfg.ConfigOpts, service: str, metrics: tuple[Metric, ...]
) -> FilterMetrics:
    directory = conf[config.GROUP].metrics_directory
    return FilterMetrics(worker.shared(service, directory, metrics))
