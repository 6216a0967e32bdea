"""Time that is counted and not spent, for Cinder's clock as well."""

import datetime
import heapq
import itertools
from collections.abc import Callable

from oslo_utils import timeutils

_START = datetime.datetime(2026, 1, 1)
"""Naive, as Cinder's."""


class CountedTime:
    """Counted seconds, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._set()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.now

    def time(self) -> float:
        """The same."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Nobody does."""
        raise NotImplementedError

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have something happen."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), what))

    def run_until(self, done: Callable[[], bool]) -> None:
        """Let it pass."""
        while not done():
            self.now, _, what = heapq.heappop(self._events)
            self._set()
            what()

    def _set(self) -> None:
        timeutils.set_time_override(_START + datetime.timedelta(seconds=self.now))
