"""What is known of an image, within a budget, or not at all.

Look-ups run in a few threads of their own, so that a slow Glance can hold
neither the request (it goes on when the budget is spent) nor the worker (no
more than ``filter_lookups`` are under way). Answers are remembered for a while;
after failures in a row Glance is left alone for a while.
"""

import collections
import concurrent.futures
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from oslo_log import log as logging

from eic_plugins.breaker import CircuitBreaker
from eic_plugins.model import ImageCopy

LOG = logging.getLogger(__name__)

Copies = tuple[ImageCopy, ...]
Key = TypeVar('Key', bound=Hashable)
Found = TypeVar('Found')
_REMEMBERED = 1024


class Memory(Generic[Key, Found]):
    """Answers, each for ``ttl`` seconds, no more than a thousand of them."""

    def __init__(self, ttl: float, clock: Callable[[], float]) -> None:
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._known: collections.OrderedDict[Key, tuple[float, Found]] = (
            collections.OrderedDict())

    def recall(self, key: Key) -> Found | None:
        """The answer, None if there is none, or no longer."""
        with self._lock:
            known = self._known.get(key)
        return known[1] if known and self._clock() < known[0] else None

    def remember(self, key: Key, found: Found) -> None:
        """Keep an answer, at the cost of the oldest one."""
        with self._lock:
            self._known[key] = (self._clock() + self._ttl, found)
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


@dataclasses.dataclass(frozen=True)
class LookupLimits:
    """``[eic]`` filter_lookups, locations_ttl (seconds)."""

    workers: int
    ttl: float


class Lookup(Generic[Key, Found]):
    """Asks a remote about images, for the requests of one API worker."""

    def __init__(self, limits: LookupLimits, breaker: CircuitBreaker,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._breaker = breaker
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(limits.workers)
        self._pool = concurrent.futures.ThreadPoolExecutor(
            limits.workers, thread_name_prefix='eic-lookup')
        self._under_way: dict[Key, concurrent.futures.Future[Found]] = {}
        self._memory: Memory[Key, Found] = Memory(limits.ttl, clock)

    def within(self, budget: float, key: Key,
               find: Callable[[Key], Found]) -> Found | None:
        """The answer, None if it is not to be had in ``budget`` seconds.

        ``find`` is not kept: it may hold a user's token.
        """
        with self._lock:
            known = self._memory.recall(key)
            if known is not None:
                return known
            future = self._under_way.get(key) or self._start(key, find)
        if future is None:
            return None
        try:
            return future.result(timeout=budget)
        except concurrent.futures.TimeoutError:
            LOG.warning('Image %(image)s was not looked up within %(budget).2f '
                        's; the request goes on without.',
                        {'image': key, 'budget': budget})
        except Exception as err:
            LOG.warning('Image %(image)s could not be looked up: %(err)s',
                        {'image': key, 'err': err})
        return None

    def _start(self, key: Key, find: Callable[[Key], Found],
               ) -> concurrent.futures.Future[Found] | None:
        if not self._breaker.allows():
            return None
        if not self._free.acquire(blocking=False):
            LOG.debug('All look-ups are busy: image %s goes without.', key)
            return None
        future = self._pool.submit(self._look_up, key, find)
        self._under_way[key] = future
        return future

    def _look_up(self, key: Key, find: Callable[[Key], Found]) -> Found:
        try:
            found = find(key)
        except Exception:
            self._end(key, None)
            raise
        self._end(key, found)
        return found

    def _end(self, key: Key, found: Found | None) -> None:
        with self._lock:
            self._free.release()
            self._under_way.pop(key, None)
            if found is None:
                self._breaker.failed()
                return
            self._breaker.succeeded()
            self._memory.remember(key, found)


class ImageLookup(Lookup[str, Copies]):
    """Image id to the copies that a pool could clone."""

    def __init__(self, find: Callable[[str], Copies], limits: LookupLimits,
                 breaker: CircuitBreaker,
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(limits, breaker, clock)
        self._find = find

    def copies(self, image_id: str, budget: float) -> Copies | None:
        """The copies, None if they are not to be had in ``budget`` seconds."""
        return self.within(budget, image_id, self._find)
