"""What the filters count has names that the manual lists, and ends that it explains."""

import threading
from collections.abc import Iterator
from enum import StrEnum

import pytest

from eic_plugins.middleware import metrics
from eic_plugins.middleware.hold import HoldEnd
from eic_plugins.middleware.lookup import (
    Lookup,
    LookupEnd,
    LookupLimits,
    NotUnderstoodError,
)
from eic_plugins.middleware.remotes import Remote
from eic_plugins.support.metrics import worker
from eic_plugins.support.metrics.declared import Metric, manual
from tests.unit.fake_clock import FakeClock
from tests.unit.manuals import ROOT

SECONDS = 20


class Counts:
    """Remembers the ends of look-ups."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, float | None]] = []

    def looked_up(self, result: str, seconds: float | None = None) -> None:
        self.ends.append((result, seconds))


class Glance:
    """Answers when it is released."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.release = threading.Event()
        self.release.set()

    def __call__(self, _key: str) -> str:
        assert self.release.wait(SECONDS)
        if self.error:
            raise self.error
        return 'found'


@pytest.fixture
def glance() -> Iterator[Glance]:
    remote = Glance()
    yield remote
    remote.release.set()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def lookup(counts: Counts) -> Lookup[str, str]:
    clock = FakeClock(100.0)
    remote = Remote('Glance', 'x', 2, 15.0, clock)
    return Lookup(LookupLimits(2, 60.0), remote, clock, counts)


def test_the_manual_lists_every_metric_of_the_filters() -> None:
    assert manual(metrics.METRICS) in (ROOT / 'docs/metrics.md').read_text()


def test_each_metric_has_the_service_and_the_worker_first() -> None:
    assert {metric.labels[:2] for metric in metrics.METRICS} == {worker.LABELS}


@pytest.mark.parametrize(
    ('metric', 'values'),
    [(metrics.LOOKUPS, LookupEnd), (metrics.HOLD_SECONDS, HoldEnd)],
    ids=['look-ups', 'holds'],
)
def test_what_may_stand_in_a_label_is_explained(
    metric: Metric, values: type[StrEnum]
) -> None:
    assert [value for value in values if f'`{value}`' not in metric.help] == []


def test_the_second_of_two_requests_asks_the_memory(
    lookup: Lookup[str, str], glance: Glance, counts: Counts
) -> None:
    for _ in range(2):
        assert lookup.within(SECONDS, 'p', 'a', glance) == 'found'
    assert counts.ends == [('answered', 0.0), ('remembered', None)]


def test_who_is_late_waited_for_the_budget(
    lookup: Lookup[str, str], glance: Glance, counts: Counts
) -> None:
    glance.release.clear()
    assert lookup.within(0.01, 'p', 'a', glance) is None
    assert [end for end, _ in counts.ends] == ['late']


def test_without_a_place_nobody_waits(
    lookup: Lookup[str, str], glance: Glance, counts: Counts
) -> None:
    glance.release.clear()
    for image in 'a', 'b':
        lookup.within(0.01, 'p', image, glance)
    assert [end for end, _ in counts.ends] == ['late', 'no_place']


@pytest.mark.parametrize('error', [OSError('down'), NotUnderstoodError('odd')])
def test_a_failure_counts_as_that(
    lookup: Lookup[str, str], glance: Glance, counts: Counts, error: Exception
) -> None:
    glance.error = error
    assert lookup.within(SECONDS, 'p', 'a', glance) is None
    assert counts.ends == [('failed', 0.0)]


def test_after_failures_glance_is_left_alone_and_that_counts(
    lookup: Lookup[str, str], glance: Glance, counts: Counts
) -> None:
    glance.error = OSError('down')
    for image in 'a', 'b', 'c':
        lookup.within(SECONDS, 'p', image, glance)
    assert [end for end, _ in counts.ends] == ['failed', 'failed', 'left_alone']
