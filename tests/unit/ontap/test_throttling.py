"""What a busy cluster says, and how long that is waited for."""

import contextlib
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
import requests

from eic_plugins.ontap.throttling import Throttle
from tests.unit.fake_clock import FakeClock

NOW = 1_900_000_000.0


def response(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update(
        {name.replace('_', '-'): text for name, text in headers.items()}
    )
    return made


def busy(after: str | None = None, status: int = 429, **headers: str) -> Any:
    return response(status, **({'Retry_After': after} if after else {}), **headers)


class Cluster:
    """It gives these answers, one after the other; ``chance`` is that of the wait."""

    def __init__(self, *answers: Any, chance: float = 0.0) -> None:
        self.clock = FakeClock(NOW)
        self.answers = [*answers, response(200)]
        self.waited: list[float] = []
        self._throttle = Throttle(self._watch, self.clock, lambda: chance)

    @contextlib.contextmanager
    def _watch(self, seconds: float) -> Iterator[None]:
        before = self.clock.now
        yield
        assert self.clock.now - before == pytest.approx(seconds), 'the wait is within'
        self.waited.append(seconds)

    def ask(self, patience: float = 60.0) -> Any:
        return self._throttle.reply(lambda: self.answers.pop(0), patience)


def test_an_answer_is_an_answer() -> None:
    cluster = Cluster()
    assert cluster.ask().response.status_code == 200
    assert cluster.waited == []


@pytest.mark.parametrize('status', [429, 503])
def test_it_waits_as_told(status: int) -> None:
    cluster = Cluster(busy('7', status))
    assert cluster.ask().response.status_code == 200
    assert cluster.clock.pauses == [7.0] == cluster.waited


def test_a_date_is_read_by_the_clusters_own_clock() -> None:
    ahead = NOW + 3600
    told = formatdate(ahead + 9, usegmt=True)
    cluster = Cluster(busy(told, Date=formatdate(ahead, usegmt=True)))
    cluster.ask()
    assert cluster.clock.pauses == [9.0]


def test_a_date_without_another_is_read_by_this_hosts_clock() -> None:
    cluster = Cluster(busy(formatdate(NOW + 9, usegmt=True)))
    cluster.ask()
    assert cluster.clock.pauses == [9.0]


@pytest.mark.parametrize('text', [None, '', 'soon', '-3', 'Mon, 99 Foo', '\u0661'])
def test_what_is_not_said_is_a_short_while_and_then_a_longer_one(
    text: str | None,
) -> None:
    cluster = Cluster(*[busy(text)] * 6)
    assert cluster.ask().response.status_code == 200
    assert cluster.clock.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_who_waits_does_not_come_back_with_all_others() -> None:
    found = set()
    for chance in (0.0, 0.3, 0.6, 0.9):
        cluster = Cluster(busy('10'), chance=chance)
        cluster.ask()
        found.update(cluster.clock.pauses)
    assert len(found) == 4
    assert min(found) == 10.0, 'sooner than it was told'
    assert max(found) < 15.0


def test_a_wait_that_is_longer_than_there_is_time_is_none() -> None:
    cluster = Cluster(busy('61'))
    assert cluster.ask(60.0).response.status_code == 429
    assert cluster.clock.pauses == []
    assert cluster.waited == [0.0], 'it is counted all the same'


def test_it_does_not_wait_for_ever() -> None:
    cluster = Cluster(*[busy('20')] * 9, chance=0.99)
    assert cluster.ask(60.0).response.status_code == 429
    assert cluster.clock.now - NOW <= 60.0


@pytest.mark.parametrize(
    ('answers', 'unsure'),
    [([], False), ([429], False), ([503], True), ([503, 429], True)],
)
def test_what_was_sent_before_may_have_been_done_after_a_503_only(
    answers: list[int], unsure: bool
) -> None:
    cluster = Cluster(*(busy('1', status) for status in answers))
    assert cluster.ask().unsure is unsure


def test_what_is_in_use_is_waited_for_if_it_will_be_free() -> None:
    cluster = Cluster(busy('2', 409))
    assert cluster.ask().response.status_code == 200
    cluster = Cluster(busy(None, 409))
    assert cluster.ask().response.status_code == 409
