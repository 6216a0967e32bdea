"""Holds an answer until the volume it tells of can be used.

Nova looks at a new volume right after it asked for it, and then every three
seconds. So a volume that is there after a few tenths of a second is seen after
three seconds. An answer that is held for those tenths makes the first look succeed.

A held answer occupies a thread (or greenthread) of the API worker. It is held no
longer than ``hold_budget``, with no more than ``hold_limit`` others, and not at all
by a server that gives a worker one request at a time.
"""

import contextlib
import enum
import threading
from collections.abc import Callable, Collection, Iterator

from oslo_log import log as logging

from eic_plugins.middleware import body
from eic_plugins.middleware.status_watch import IN_THE_MAKING, Statuses, StatusWatch
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

_MADE = frozenset({'available', 'error'})


class HoldEnd(enum.StrEnum):
    """How a hold ended, if not with ``available`` or ``error``; for ``X-EIC-Hold``."""

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
        clock: Clock = SYSTEM,
    ) -> None:
        self._whose = whose
        self._budget = budget
        self._lock = threading.Lock()
        self._free = limit
        self._service_roles = service_roles
        self._watch = StatusWatch(statuses, clock)
        self._clock = clock
        self._warned = False

    @property
    def free(self) -> int:
        """How many more answers could be held now."""
        return self._free

    @property
    def held(self) -> list[str]:
        """The volumes whose answers are held, by id."""
        return self._watch.watched

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

        :param multithread: whether the server gives a worker several requests
        :returns: ``available``, ``error`` or an :class:`HoldEnd`
        """
        if not multithread:
            self._warn_once()
            return HoldEnd.SINGLE_THREADED
        with self._place() as there_is_one:
            return self._wait_for(volume_id) if there_is_one else HoldEnd.LIMIT

    def _wait_for(self, volume_id: str) -> str:
        try:
            status = self._watch.wait(volume_id, self._clock.monotonic() + self._budget)
        except Exception:
            LOG.exception('An error while an answer was held; it is sent now.')
            return HoldEnd.UNKNOWN
        if status in IN_THE_MAKING:
            return HoldEnd.BUDGET
        return status if status in _MADE else HoldEnd.UNKNOWN

    @contextlib.contextmanager
    def _place(self) -> Iterator[bool]:
        """One of the places for held answers, if one is free."""
        with self._lock:
            taken = self._free > 0
            self._free -= taken
        try:
            yield taken
        finally:
            with self._lock:
                self._free += taken

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning(
                'No answer is held, because the server of cinder-api '
                'gives a worker one request at a time. Give it '
                'threads, or set hold_requests = none in [eic].'
            )
