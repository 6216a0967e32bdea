"""A service has been heard of since it was started, or only before."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from lab.signs_of_life import since_start

STARTED = 1_764_287_726.9
"""2025-11-27 23:55:26.9 in UTC."""


@dataclasses.dataclass
class OneProcess:
    """What is asked of a lab."""

    started_at: float | None

    @property
    def processes(self) -> Any:
        record = self.started_at and SimpleNamespace(started_at=self.started_at)
        return SimpleNamespace(record=lambda _: record)


@pytest.mark.parametrize(
    ('reported', 'heard'),
    [
        ('2025-11-27T23:55:25', False),
        # The process before it may have reported at 26.2.
        ('2025-11-27T23:55:26', False),
        ('2025-11-27T23:55:27', True),
        (None, False),
    ],
)
def test_a_report_counts_from_the_second_after_the_start(
    reported: str | None, heard: bool
) -> None:
    lab: Any = OneProcess(STARTED)
    assert since_start(lab, 'nova-compute', reported) is heard


def test_what_was_not_started_has_not_been_heard_of() -> None:
    lab: Any = OneProcess(None)
    assert not since_start(lab, 'nova-compute', '2025-11-27T23:55:27')
