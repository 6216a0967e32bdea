"""The names of the series that the code really exports."""

import re

from prometheus_client import Histogram

from eic_plugins.middleware import metrics as of_filters
from eic_plugins.scheduler import metrics as of_the_weigher
from eic_plugins.support.metrics import merged
from eic_plugins.support.metrics.declared import Metric
from eic_plugins.volume import metrics as of_backends

DECLARED: tuple[Metric, ...] = (
    *of_backends.METRICS,
    *of_filters.METRICS,
    *of_the_weigher.METRICS,
    *merged.METRICS,
)
_OF_HISTOGRAMS = ('_bucket', '_count', '_sum')


def series() -> set[str]:
    """As Prometheus has them."""
    return {
        f'{metric.name}{suffix}'
        for metric in DECLARED
        for suffix in (_OF_HISTOGRAMS if metric.kind is Histogram else ('',))
    }


def named_in(expression: str) -> set[str]:
    """The series of ours that an expression names."""
    return set(re.findall(r'\beic_\w+', expression))
