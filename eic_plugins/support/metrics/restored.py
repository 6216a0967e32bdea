"""What an ended process has counted, and what its successor counts on top: pure.

A counter that goes on where the last one ended never goes back. It could start at
zero, which Prometheus knows of; but if it is beyond the old value by the next scrape,
nobody sees that it did, and the difference is lost.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Gauge, Histogram
from prometheus_client.core import Metric as Family
from prometheus_client.samples import Sample

from eic_plugins.support.metrics.declared import Metric
from eic_plugins.support.metrics.merged import CREATED, by_series, merge

Key = tuple[str, frozenset[tuple[str, str]]]


def counted(
    families: Iterable[Family], metrics: Iterable[Metric], dropped: Iterable[str]
) -> dict[Key, float]:
    """The counters and histograms of a file, by sample.

    :param metrics: those that are still counted in this way
    :param dropped: labels that all of the samples have, and that are left out
    """
    left_out = set(dropped)
    declared = {
        metric.name.removesuffix('_total'): metric
        for metric in metrics
        if metric.kind is not Gauge
    }
    return {
        _key(sample, left_out): sample.value
        for family in merge([families])
        if family.name in declared and _is_like(family, declared[family.name])
        for sample in family.samples
    }


def together(
    families: Iterable[Family], before: Mapping[Key, float], labels: Mapping[str, str]
) -> Iterator[Family]:
    """The families of a registry with what was counted before, and with more labels."""
    for family in families:
        mine = {_key(sample): sample.value for sample in family.samples}
        samples = {
            **{key: _sum(key[0], mine[key], before.get(key)) for key in mine},
            **{
                key: value
                for key, value in before.items()
                if key not in mine and _family_of(key[0]) == family.name
            },
        }
        whole = Family(family.name, family.documentation, family.type)
        for (name, own), value in samples.items():
            whole.add_sample(name, {**labels, **dict(own)}, value)
        whole.samples = by_series(whole.samples)
        yield whole


def _sum(name: str, value: float, before: float | None) -> float:
    if before is None:
        return value
    return min(value, before) if name.endswith(CREATED) else value + before


def _key(sample: Sample, left_out: Iterable[str] = ()) -> Key:
    return sample.name, frozenset(
        (name, value) for name, value in sample.labels.items() if name not in left_out
    )


def _family_of(name: str) -> str:
    for suffix in ('_total', '_bucket', '_count', '_sum', CREATED):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _is_like(family: Family, metric: Metric) -> bool:
    """False if another release counted it with other bounds."""
    if metric.kind is not Histogram:
        return family.type == 'counter'
    bounds = {
        float(sample.labels['le']) for sample in family.samples if 'le' in sample.labels
    }
    return bounds == {*metric.buckets, float('inf')}
