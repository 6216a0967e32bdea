"""Looks at volumes until they are there, with one look for all who wait.

The looks are queries of Cinder's database. They come every 50 ms, or less often
where a query is slow: a busy worker has better things to do.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping

from eic_plugins.support.clock import Clock

Statuses = Callable[[Collection[str]], Mapping[str, str]]
"""The statuses of volumes by their ids; of one that is gone there is none."""

IN_THE_MAKING = frozenset({'creating', 'downloading'})
"""The statuses of a volume that Cinder is making."""

_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_LOOK_SHARE = 10
"""A look takes no more than one part in so many of the time."""


class StatusWatch:
    """Of those who wait, one at a time looks, for all of them."""

    def __init__(self, statuses: Statuses, clock: Clock) -> None:
        self._statuses = statuses
        self._clock = clock
        self._latest: dict[str, str] = {}
        self._changed = threading.Condition()
        self._somebody_looks = False
        self._pause = _PAUSE

    @property
    def watched(self) -> list[str]:
        """The volumes that somebody waits for, by id."""
        with self._changed:
            return sorted(self._latest)

    def wait(self, volume_id: str, deadline: float) -> str:
        """The status that the volume has at its end, or by the deadline.

        :returns: ``''`` of a volume that is gone
        :raises Exception: the look-up failed
        """
        with self._watched(volume_id):
            while (
                self._latest[volume_id] in IN_THE_MAKING
                and (left := deadline - self._clock.monotonic()) > 0
            ):
                if self._somebody_looks:
                    self._changed.wait(left)
                else:
                    self._look(left)
            return self._latest[volume_id]

    @contextlib.contextmanager
    def _watched(self, volume_id: str) -> Iterator[None]:
        with self._changed:
            self._latest[volume_id] = 'creating'
            try:
                yield
            finally:
                del self._latest[volume_id]
                if not self._latest:
                    self._pause = _PAUSE

    def _look(self, left: float) -> None:
        self._somebody_looks = True
        try:
            with self._let_go():
                self._clock.sleep(min(self._pause, left))
            volumes = list(self._latest)
            with self._let_go():
                began = self._clock.monotonic()
                statuses = self._statuses(volumes)
                took = self._clock.monotonic() - began
            self._pause = min(max(_PAUSE, (_LOOK_SHARE - 1) * took), _LONGEST_PAUSE)
            self._latest.update(
                (volume, statuses.get(volume, ''))
                for volume in volumes
                if volume in self._latest
            )
        finally:
            self._somebody_looks = False
            self._changed.notify_all()

    @contextlib.contextmanager
    def _let_go(self) -> Iterator[None]:
        """Others may go on meanwhile."""
        self._changed.release()
        try:
            yield
        finally:
            self._changed.acquire()
