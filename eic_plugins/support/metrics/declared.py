"""A metric as it is declared, and as the manual shows it."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric as it is declared and documented."""

    kind: type[Counter] | type[Gauge] | type[Histogram]
    name: str
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    def collector(self, registry: CollectorRegistry) -> Any:
        """What counts it."""
        if self.kind is Histogram:
            return Histogram(
                self.name,
                self.help,
                self.labels,
                registry=registry,
                buckets=self.buckets,
            )
        return self.kind(self.name, self.help, self.labels, registry=registry)


def manual(metrics: Iterable[Metric]) -> str:
    """The table of these metrics, as it stands in ``docs/metrics.md``."""
    rows = ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|']
    rows += [
        f'| `{metric.name}` | {metric.kind.__name__.lower()} | '
        f'{", ".join(metric.labels)} | {metric.help} |'
        for metric in metrics
    ]
    return '\n'.join(rows) + '\n'
