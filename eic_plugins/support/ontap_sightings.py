"""When the drivers on a host last saw ONTAP answer, as their metrics files say."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from eic_plugins.support.metrics import files, slots

ANSWERED = 'eic_ontap_answered_timestamp_seconds'
FAILED = 'eic_ontap_failed_timestamp_seconds'
"""Names of the metrics; each is a time in seconds since the epoch."""


class Sighting(NamedTuple):
    """When ONTAP last answered a backend, and failed it; None for never."""

    backend: str
    answered: float | None
    failed: float | None


def read(directory: Path) -> Iterator[Sighting]:
    """What the files in ``directory`` say, by backend; one that is odd is left out."""
    for path in sorted(directory.glob(files.PATTERN)):
        if slots.SIGN in path.name:
            continue  # of a process of an API
        try:
            times = _times(path.read_text())
        except (OSError, ValueError):
            continue
        for backend in sorted({backend for _, backend in times}):
            yield Sighting(
                backend, times.get((ANSWERED, backend)), times.get((FAILED, backend))
            )


def _times(text: str) -> dict[tuple[str, str], float]:
    return {
        (family.name, sample.labels.get('backend', '')): sample.value
        for family in text_string_to_metric_families(text)
        if family.name in {ANSWERED, FAILED}
        for sample in family.samples
    }
