"""A fact that is gathered once, in a thread, and waited for with a deadline."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from eic_plugins.cli.checks.finding import NotSeenError

_T = TypeVar('_T')


class Deadline:
    """When all of it must be over.

    :param seconds: from now on
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds that are left, 0 if none are."""
        return max(0.0, self._end - self._clock())


class Once(Generic[_T]):
    """Gathers a fact in a daemon thread, which may hang without harm.

    :param what: what is gathered, as a message names it
    :param seconds: how long it may take
    """

    def __init__(self, what: str, gather: Callable[[], _T], seconds: float) -> None:
        self._what = what
        self._gather = gather
        self._seconds = seconds
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._started = 0.0
        self._result: list[_T] = []
        self._error: NotSeenError | None = None

    def get(self, deadline: Deadline) -> _T:
        """The fact.

        :raises NotSeenError: it could not be gathered, or not in time
        """
        with self._lock:
            if not self._started:
                self._started = time.monotonic()
                threading.Thread(
                    target=self._run, name=f'eic check: {self._what}', daemon=True
                ).start()
        left = self._started + self._seconds - time.monotonic()
        if not self._done.wait(max(0.0, min(left, deadline.left()))):
            raise NotSeenError(
                f'{self._what} did not answer within {self._seconds:g} s'
            )
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._gather())
        except NotSeenError as err:
            self._error = err
        except Exception as err:
            self._error = NotSeenError(f'{self._what}: {type(err).__name__}: {err}')
        finally:
            self._done.set()
