"""What the processes of a service have counted, as their files say."""

from collections.abc import Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, ...]


def counted(directory: Path, service: str) -> dict[Series, float]:
    """Of all processes together: the name and the values of labels, but the worker."""
    found: dict[Series, float] = {}
    for path in directory.glob(f'eic-{service}@*.prom'):
        for family in text_string_to_metric_families(path.read_text()):
            for sample in family.samples:
                labels = {**sample.labels}
                del labels['worker']
                assert labels.pop('service') == service
                series = sample.name, *labels.values()
                found[series] = found.get(series, 0) + sample.value
    return found


def more(
    before: Mapping[Series, float], after: Mapping[Series, float]
) -> dict[Series, float]:
    """What was counted in between, times and sums of seconds left out."""
    return {
        series: value - before.get(series, 0)
        for series, value in after.items()
        if value != before.get(series, 0)
        and not series[0].endswith(('_created', '_sum', '_bucket'))
    }
