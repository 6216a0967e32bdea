"""Holds an answer until the volume it tells of can be used.

Nova asks for a volume once at once and then every three seconds: a volume that
is there after a few tenths of a second is seen after three. An answer that is
held for those tenths makes Nova's first look succeed.

A held answer occupies a thread (or greenthread) of the API worker. It is held no
longer than ``hold_budget`` and with no more than ``hold_limit`` others, and not
at all by a server that gives a worker one request at a time.
"""

import enum
import threading
import time
from collections.abc import Callable, Collection

from oslo_log import log as logging

from eic_plugins.middleware import body
from eic_plugins.middleware.subrequest import Subrequests

LOG = logging.getLogger(__name__)

_FIRST_LOOK = 0.03
_LAST_PAUSE = 0.25
_LONGER = 1.5
_LOOK_SHARE = 5
"""A look takes no more than one part in so many of the time: a busy worker has
better things to do, and each look of one held answer slows down the others."""
_WITH_SERVICE = 'volume 3.48'
"""The first microversion whose volumes show ``service_uuid``."""
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

    def __init__(self, whose: str, budget: float, limit: int,
                 service_roles: Callable[[], Collection[str]],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._whose = whose
        self._budget = budget
        self._free = threading.BoundedSemaphore(limit) if limit else None
        self._service_roles = service_roles
        self._clock = clock
        self._warned = False

    def wanted(self, environ: body.Environ) -> bool:
        """True if the answer to this request is one to hold."""
        if self._whose == 'none' or not self._budget:
            return False
        if self._whose == 'all':
            return True
        roles = getattr(environ.get('cinder.context'), 'service_roles', None)
        return not set(self._service_roles()).isdisjoint(roles or ())

    def until_usable(self, ask: Subrequests, path: str,
                     multithread: bool) -> str:
        """Return when the volume at ``path`` can be used, or the budget ends.

        :returns: ``available``, ``error`` or an :class:`Outcome`
        """
        if not multithread:
            self._warn_once()
            return Outcome.SINGLE_THREADED
        if self._free is None or not self._free.acquire(blocking=False):
            return Outcome.LIMIT
        try:
            return self._look_until_usable(ask, path)
        except Exception:
            LOG.exception('An error while an answer was held; it is sent now.')
            return Outcome.UNKNOWN
        finally:
            self._free.release()

    def _look_until_usable(self, ask: Subrequests, path: str) -> str:
        deadline = self._clock() + self._budget
        pause = _FIRST_LOOK
        while (left := deadline - self._clock()) > 0:
            time.sleep(min(pause, left))
            began = self._clock()
            status = _status(ask, path)
            took = self._clock() - began
            if status not in _ON_ITS_WAY:
                return status if status in _AT_ITS_END else Outcome.UNKNOWN
            pause = max(min(pause * _LONGER, _LAST_PAUSE),
                        (_LOOK_SHARE - 1) * took)
        return Outcome.BUDGET

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning('No answer is held, because the server of cinder-api '
                        'gives a worker one request at a time. Give it '
                        'threads, or set hold_requests = none in [eic].')


def _status(ask: Subrequests, path: str) -> str | None:
    answer = ask.get(path, _WITH_SERVICE)
    document = answer.document() if answer.code == 200 else None  # noqa: PLR2004
    volume = document.get('volume') if isinstance(document, dict) else None
    if not isinstance(volume, dict):
        return None
    status = volume.get('status')
    # cinder-volume says "available" first and which service it is a moment
    # later; os-brick fails on a volume that has the one without the other.
    unfinished = status == 'available' and volume.get('service_uuid') is None
    return 'creating' if unfinished else status
