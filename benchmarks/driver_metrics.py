"""What EIC's backends say of themselves: their files for Prometheus."""

import dataclasses
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from eic_plugins.volume.metrics import ONTAP_WAITING, SECONDS, file_name
from lab import cinder
from lab.context import Lab
from lab.waiting import wait_until

_WRITTEN_SECONDS = 150
"""The file is written with the pool's statistics, once a minute, at the latest."""


@dataclasses.dataclass(frozen=True)
class Counted:
    """What one backend has counted since its cinder-volume was started."""

    volumes: int
    seconds: float
    """That the driver took for them."""
    waiting: int
    """Requests that ONTAP had no time for when the file was written."""


def of(lab: Lab, section: str) -> Counted:
    """What the backend's file says; zeros without one."""
    path = cinder.metrics(lab) / file_name(section)
    try:
        return counted(path.read_text())
    except FileNotFoundError:
        return Counted(0, 0.0, 0)


def counted(text: str) -> Counted:
    """What is in a file."""
    values: dict[str, float] = {}
    for sample in _samples(text):
        values[sample.name] = values.get(sample.name, 0.0) + sample.value
    return Counted(
        int(values.get(f'{SECONDS.name}_count', 0)),
        values.get(f'{SECONDS.name}_sum', 0.0),
        int(values.get(ONTAP_WAITING.name, 0)),
    )


def after(lab: Lab, section: str, volumes: int) -> Counted:
    """What the file says when it tells of so many volumes.

    :raises LabError: it does not, after two minutes
    """

    def told() -> Counted | None:
        found = of(lab, section)
        return found if found.volumes >= volumes else None

    return wait_until(
        told, f'the metrics of {section} to tell of {volumes} volumes', _WRITTEN_SECONDS
    )


def _samples(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        yield from family.samples
