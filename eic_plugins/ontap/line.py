"""The line of requests before a busy cluster: who came first asks first.

A cluster at its limit serves so many requests a second and refuses the rest. If all
who were refused asked again on their own, most of them would be refused again, and
some would be so until their time is over. So only the first few in the line ask,
each as late as it was told. If one alone did, it would be served once for each time
that it is told to wait, however much more the limit allows. As long as they are
served, one more asks with each answer: a limit is not reached by a few requests at a
time where each takes a tenth of a second.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

from eic_plugins.support.clock import Clock

_FEW = 8
"""Who may ask when somebody was refused just now."""
_NOW = 0.001
"""Seconds that nobody waits for: sums of floating point numbers differ by less."""
Left = Callable[[], float]
"""Seconds for which somebody may still wait."""


class Line:
    """Where requests wait; for threads and for greenthreads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moved = threading.Condition()
        self._standing: list[Visit] = []
        self._at_once = _FEW
        self.served_at = float('-inf')
        """When the cluster last served one who stood here, on the monotonic clock."""

    @contextlib.contextmanager
    def visit(self) -> Iterator['Visit']:
        """Somebody who may come to stand here, and is gone at the end."""
        visit = Visit(self)
        try:
            yield visit
        finally:
            self._leave(visit)

    def refused(self, visit: 'Visit', seconds: float) -> None:
        """It was, and does not ask for so many seconds; it keeps its place."""
        with self._moved:
            if visit not in self._standing:
                self._standing.append(visit)
            self._at_once = _FEW
            visit.may_ask_at = self._clock.monotonic() + seconds

    def wait(self, visit: 'Visit', left: Left) -> bool:
        """Return at one's turn; False if there is no time left for that."""
        while True:
            seconds = max(left(), 0.0)
            opens_in = self._opens_in(visit, seconds)
            if opens_in is not None and opens_in <= _NOW:
                return True
            if not seconds:
                return False
            if opens_in is not None:
                self._clock.sleep(min(opens_in, seconds))

    def served(self, visit: 'Visit') -> None:
        """It was: its place is free, and one more may ask at once."""
        with self._moved:
            if visit in self._standing:
                self._at_once += 1
                self.served_at = self._clock.monotonic()
                self._leave(visit)

    def _opens_in(self, visit: 'Visit', seconds: float) -> float | None:
        """Seconds until it may ask; None if others go first, after they have moved."""
        with self._moved:
            if self._standing.index(visit) < self._at_once:
                return max(visit.may_ask_at - self._clock.monotonic(), 0.0)
            self._moved.wait(seconds)
            return None

    def _leave(self, visit: 'Visit') -> None:
        with self._moved:
            if visit in self._standing:
                self._standing.remove(visit)
                self._moved.notify_all()


class Visit:
    """One request's."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.may_ask_at = float('-inf')
        """By what it was told, on the monotonic clock."""

    def turn(self, seconds: float, left: Left) -> bool:
        """Stand in the line after a refusal; whether one's turn comes in time.

        :param seconds: for which the cluster wants it not to ask
        """
        self._line.refused(self, seconds)
        return self._line.wait(self, left)

    def served(self) -> None:
        """The cluster had time for it."""
        self._line.served(self)
