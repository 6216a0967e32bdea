"""Holds an answer until the volume it tells of can be used.

Nova looks for a new volume as soon as it has the answer, and then every three
seconds. A volume that is there after a few tenths of a second is so seen after
three seconds. If the answer is held for those tenths, Nova's first look succeeds.

All volumes that a worker holds answers for are looked at together, by one query of
Cinder's database a look (:mod:`eic_plugins.middleware.volumes`).

A held answer occupies a thread (or greenthread) of the API worker. It is held no
longer than ``hold_budget`` and with no more than ``hold_limit`` others, and not
at all by a server that gives a worker one request at a time.
"""

import contextlib
import enum
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping

from oslo_log import log as logging

from eic_plugins.middleware import body

LOG = logging.getLogger(__name__)

Statuses = Callable[[Collection[str]], Mapping[str, str]]
"""The statuses of volumes by their ids; of one that is gone there is none."""

_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_LOOK_SHARE = 10
"""A look takes no more than one part in so many of the time: a busy worker has
better things to do."""
_ON_ITS_WAY = frozenset({'creating', 'downloading'})
_AT_ITS_END = frozenset({'available', 'error'})


class Outcome(enum.StrEnum):
    """What the header ``X-EIC-Hold`` says, besides ``available`` and ``error``."""

    BUDGET = 'budget'
    LIMIT = 'limit'
    SINGLE_THREADED = 'single_threaded'
    UNKNOWN = 'unknown'


class Hold:
    """The held answers of one API worker.

    :param whose: ``[eic]`` hold_requests
    :param budget: seconds
    :param limit: answers held at once
    :param service_roles: gives the roles that make a token a service's
    """

    def __init__(
        self,
        whose: str,
        budget: float,
        limit: int,
        service_roles: Callable[[], Collection[str]],
        statuses: Statuses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._whose = whose
        self._budget = budget
        self._free = threading.BoundedSemaphore(limit) if limit else None
        self._service_roles = service_roles
        self._watch = _Watch(statuses, clock)
        self._clock = clock
        self._warned = False

    def wanted(self, environ: body.Environ) -> bool:
        """True if the answer to this request is one to hold."""
        if self._whose == 'none' or not self._budget:
            return False
        return self._whose == 'all' or self.of_service(environ)

    def of_service(self, environ: body.Environ) -> bool:
        """True if the request has a valid service token."""
        roles = getattr(environ.get('cinder.context'), 'service_roles', None)
        return not set(self._service_roles()).isdisjoint(roles or ())

    def until_usable(self, volume_id: str, multithread: bool) -> str:
        """Return when the volume can be used, or the budget ends.

        :returns: ``available``, ``error`` or an :class:`Outcome`
        """
        if not multithread:
            self._warn_once()
            return Outcome.SINGLE_THREADED
        if self._free is None or not self._free.acquire(blocking=False):
            return Outcome.LIMIT
        try:
            status = self._watch.wait(volume_id, self._clock() + self._budget)
        except Exception:
            LOG.exception('An error while an answer was held; it is sent now.')
            return Outcome.UNKNOWN
        finally:
            self._free.release()
        if status in _ON_ITS_WAY:
            return Outcome.BUDGET
        return status if status in _AT_ITS_END else Outcome.UNKNOWN

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning(
                'No answer is held, because the server of cinder-api '
                'gives a worker one request at a time. Give it '
                'threads, or set hold_requests = none in [eic].'
            )


class _Watch:
    """Of those who wait, one at a time looks, for all of them."""

    def __init__(self, statuses: Statuses, clock: Callable[[], float]) -> None:
        self._statuses = statuses
        self._clock = clock
        self._seen: dict[str, str] = {}
        self._changed = threading.Condition()
        self._somebody_looks = False
        self._pause = _PAUSE

    def wait(self, volume_id: str, deadline: float) -> str:
        """The status that the volume has at its end, or by the deadline.

        :returns: ``''`` of a volume that is gone
        :raises Exception: the look-up failed
        """
        with self._watched(volume_id):
            while (
                self._seen[volume_id] in _ON_ITS_WAY
                and (left := deadline - self._clock()) > 0
            ):
                if self._somebody_looks:
                    self._changed.wait(left)
                else:
                    self._look(left)
            return self._seen[volume_id]

    @contextlib.contextmanager
    def _watched(self, volume_id: str) -> Iterator[None]:
        with self._changed:
            self._seen[volume_id] = 'creating'
            try:
                yield
            finally:
                del self._seen[volume_id]
                if not self._seen:
                    self._pause = _PAUSE

    def _look(self, left: float) -> None:
        self._somebody_looks = True
        try:
            with self._let_go():
                time.sleep(min(self._pause, left))
            volumes = list(self._seen)
            with self._let_go():
                began = self._clock()
                found = self._statuses(volumes)
                took = self._clock() - began
            self._pause = min(max(_PAUSE, (_LOOK_SHARE - 1) * took), _LONGEST_PAUSE)
            self._seen.update(
                (volume, found.get(volume, ''))
                for volume in volumes
                if volume in self._seen
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
