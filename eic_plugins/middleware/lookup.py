"""What is known of an image, within a budget, or not at all.

Look-ups run in a few threads of their own. So a slow Glance holds neither the
request, which goes on when the budget is spent, nor the worker, which has no more
than ``filter_lookups`` of them under way. Answers are remembered for a while. After
failures in a row Glance is left alone for a while.

A user can make images that are slow to look up, or that fail. So look-ups are
counted by project: one project has half of the threads at most, and never the last
one, and its failures keep nobody else from asking.
"""

import collections
import concurrent.futures
import dataclasses
import enum
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from oslo_log import log as logging

from eic_plugins.middleware.fair_memory import FairMemory
from eic_plugins.middleware.metrics import UNCOUNTED, LookupCounts
from eic_plugins.middleware.remotes import Remote
from eic_plugins.support import spans
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

Key = TypeVar('Key', bound=Hashable)
Found = TypeVar('Found')


@dataclasses.dataclass(frozen=True)
class LookupLimits:
    """``[eic]`` filter_lookups, locations_ttl (seconds)."""

    workers: int
    ttl: float


class LookupEnd(enum.StrEnum):
    """How a look-up ended for a request; documented in docs/metrics.md."""

    REMEMBERED = 'remembered'
    ANSWERED = 'answered'
    LATE = 'late'
    FAILED = 'failed'
    LEFT_ALONE = 'left_alone'
    NO_PLACE = 'no_place'


class NotUnderstoodError(Exception):
    """The remote answered, but nothing can be read from its answer.

    That is no failure of the remote: the answer shows what a user wrote.
    """


class Places:
    """The look-ups that may be under way at once, shared by owners.

    It has no lock: its user holds one.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._share = max(1, number // 2)
        self._taken: collections.Counter[str] = collections.Counter()

    def take(self, owner: str) -> bool:
        """Take a place, if the owner may have one more.

        The last one is for an owner who has none.
        """
        mine = self._taken[owner]
        if not self._free or mine >= self._share or (mine and self._free == 1):
            return False
        self._free -= 1
        self._taken[owner] += 1
        return True

    def give_back(self, owner: str) -> None:
        """The look-up is over."""
        self._free += 1
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]


class Lookup(Generic[Key, Found]):
    """Asks a remote about images, for the requests of one API worker."""

    def __init__(
        self,
        limits: LookupLimits,
        remote: Remote,
        clock: Clock = SYSTEM,
        counts: LookupCounts = UNCOUNTED,
    ) -> None:
        self._remote = remote
        self._clock = clock
        self._counts = counts
        self._lock = threading.Lock()
        self._places = Places(limits.workers)
        self._pool = concurrent.futures.ThreadPoolExecutor(
            limits.workers, thread_name_prefix='eic-lookup'
        )
        self._under_way: dict[Key, concurrent.futures.Future[Found]] = {}
        self._memory: FairMemory[Key, Found] = FairMemory(limits.ttl, clock)

    @property
    def under_way(self) -> frozenset[Key]:
        """What the remote is being asked about."""
        with self._lock:
            return frozenset(self._under_way)

    def within(
        self, budget: float, owner: str, key: Key, find: Callable[[Key], Found]
    ) -> Found | None:
        """The answer, None if it is not to be had in ``budget`` seconds.

        :param owner: id of the project whose request it is for
        :param find: asks the remote; it is not kept, for it may hold a user's
            token. May raise :class:`NotUnderstoodError`; whatever else it
            raises is a failure of the remote
        """
        with self._lock:
            known = self._memory.recall(key)
            asked = (
                LookupEnd.REMEMBERED
                if known is not None
                else self._under_way.get(key) or self._start(owner, key, find)
            )
        if not isinstance(asked, LookupEnd):
            with spans.span('eic-lookup', image=str(key)):
                return self._wait(asked, budget, key)
        self._counts.looked_up(asked)
        return known

    def _wait(
        self, future: concurrent.futures.Future[Found], budget: float, key: Key
    ) -> Found | None:
        begun, end, found = self._clock.monotonic(), LookupEnd.ANSWERED, None
        try:
            found = future.result(timeout=budget)
        except concurrent.futures.TimeoutError:
            end = LookupEnd.LATE
            LOG.warning(
                'Image %(image)s was not looked up within %(budget).2f '
                's; the request goes on without.',
                {'image': key, 'budget': budget},
            )
        except Exception as err:
            end = LookupEnd.FAILED
            LOG.warning(
                'Image %(image)s could not be looked up: %(err)s',
                {'image': key, 'err': err},
            )
        self._counts.looked_up(end, self._clock.monotonic() - begun)
        return found

    def _start(
        self,
        owner: str,
        key: Key,
        find: Callable[[Key], Found],
    ) -> concurrent.futures.Future[Found] | LookupEnd:
        if not self._remote.may_be_asked(owner):
            return LookupEnd.LEFT_ALONE
        if not self._places.take(owner):
            LOG.debug('Enough look-ups are under way: image %s goes without.', key)
            return LookupEnd.NO_PLACE
        future = self._pool.submit(self._look_up, owner, key, find)
        self._under_way[key] = future
        return future

    def _look_up(self, owner: str, key: Key, find: Callable[[Key], Found]) -> Found:
        try:
            found = find(key)
        except Exception as err:
            self._end(owner, key, isinstance(err, NotUnderstoodError))
            raise
        self._end(owner, key, True, found)
        return found

    def _end(
        self, owner: str, key: Key, answered: bool, found: Found | None = None
    ) -> None:
        with self._lock:
            self._places.give_back(owner)
            self._under_way.pop(key, None)
            if found is not None:
                self._memory.remember(key, owner, found)
        if answered:
            self._remote.answered(owner)
        else:
            self._remote.failed(owner)
