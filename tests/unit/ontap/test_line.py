"""Requests that a cluster has no time for stand in a line."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from eic_plugins.ontap import throttling
from eic_plugins.ontap.line import Line
from eic_plugins.ontap.throttling import Throttle
from tests.unit.fake_clock import FakeClock

SOON = 0.02


def response(status: int) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers['Retry-After'] = str(SOON)
    return made


class Cluster:
    """It serves one request in so many seconds; whoever else comes is refused."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._free_at = time.monotonic() + every
        self.served: list[int] = []
        self.refused: list[int] = []
        self._throttle = Throttle()

    def ask(self, number: int) -> int:
        patience = throttling.PATIENCE
        reply = self._throttle.reply(lambda: self._answer(number), patience)
        return reply.response.status_code

    def _answer(self, number: int) -> requests.Response:
        with self._lock:
            if time.monotonic() < self._free_at:
                self.refused.append(number)
                return response(429)
            self._free_at = time.monotonic() + self._every
            self.served.append(number)
            return response(200)


def at_once(cluster: Cluster, count: int) -> list[int]:
    with ThreadPoolExecutor(count) as workers:
        return list(workers.map(cluster.ask, range(count)))


@pytest.fixture(autouse=True)
def little_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, '_LEAST_SPREAD', SOON)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, 'PATIENCE', 50 * SOON)


@pytest.mark.usefixtures('impatient')
def test_who_stands_in_a_line_that_moves_stays_there() -> None:
    """The last waits twice as long as one who sees nobody served."""
    cluster = Cluster(every=10 * SOON)
    assert at_once(cluster, 10) == [200] * 10


@pytest.mark.usefixtures('impatient')
def test_a_line_that_does_not_move_is_left() -> None:
    cluster = Cluster(every=3600)
    began = time.monotonic()
    assert at_once(cluster, 5) == [429] * 5
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures('impatient')
def test_nobody_stands_for_ever_in_a_line_that_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttling, 'LONGEST', 60 * SOON)
    found = at_once(Cluster(every=40 * SOON), 10)
    assert set(found) == {200, 429}


def test_who_stands_there_does_not_ask() -> None:
    cluster = Cluster(every=10 * SOON)
    at_once(cluster, 10)
    # All when they came, and then the first eight, every 20 ms.
    assert len(cluster.refused) <= 10 + 10 * 8 * 10


def test_with_each_answer_one_more_asks_at_once() -> None:
    clock = FakeClock()
    line = Line(clock)
    with contextlib.ExitStack() as stack:
        visits = [stack.enter_context(line.visit()) for _ in range(16)]
        for visit in visits:
            line.refused(visit, 1.0)
        assert sum(line.wait(visit, lambda: 0.0) for visit in visits) == 0
        clock.now = 1.0
        may: list[int] = []
        for _ in range(3):
            may.append(sum(line.wait(visit, lambda: 0.0) for visit in visits))
            visits.pop(0).served()
        assert may == [8, 9, 10]
        line.refused(visits[0], 1.0)
        may_now = [line.wait(visit, lambda: 0.0) for visit in visits]
        assert may_now == [False, *[True] * 7, *[False] * 5]


def test_who_goes_away_makes_room() -> None:
    line = Line(FakeClock())
    with line.visit() as stays, contextlib.ExitStack() as stack:
        for _ in range(8):
            line.refused(stack.enter_context(line.visit()), 0.0)
        line.refused(stays, 0.0)
        assert not line.wait(stays, lambda: 0.0)
        stack.close()
        assert line.wait(stays, lambda: 0.0)
