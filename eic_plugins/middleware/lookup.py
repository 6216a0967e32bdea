"""Where the copies of an image are, within a budget, or not at all.

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
from collections.abc import Callable

from oslo_log import log as logging

from eic_plugins.breaker import CircuitBreaker
from eic_plugins.model import ImageCopy

LOG = logging.getLogger(__name__)

Copies = tuple[ImageCopy, ...]
_REMEMBERED = 1024


@dataclasses.dataclass(frozen=True)
class LookupLimits:
    """``[eic]`` filter_lookups, locations_ttl (seconds)."""

    workers: int
    ttl: float


class ImageLookup:
    """Image id to copies, shared by the requests of one API worker."""

    def __init__(self, find: Callable[[str], Copies], limits: LookupLimits,
                 breaker: CircuitBreaker,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._ttl = limits.ttl
        self._breaker = breaker
        self._clock = clock
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(limits.workers)
        self._pool = concurrent.futures.ThreadPoolExecutor(
            limits.workers, thread_name_prefix='eic-lookup')
        self._under_way: dict[str, concurrent.futures.Future[Copies]] = {}
        self._known: collections.OrderedDict[str, tuple[float, Copies]] = (
            collections.OrderedDict())

    def copies(self, image_id: str, budget: float) -> Copies | None:
        """The copies, None if they are not to be had in ``budget`` seconds."""
        with self._lock:
            expires, copies = self._known.get(image_id, (float('-inf'), ()))
            if self._clock() < expires:
                return copies
            future = self._under_way.get(image_id) or self._start(image_id)
        if future is None:
            return None
        try:
            return future.result(timeout=budget)
        except concurrent.futures.TimeoutError:
            LOG.warning('Image %(image)s was not looked up within %(budget).2f '
                        's; the scheduler decides without its place.',
                        {'image': image_id, 'budget': budget})
        except Exception as err:
            LOG.warning('Image %(image)s could not be looked up: %(err)s',
                        {'image': image_id, 'err': err})
        return None

    def _start(self, image_id: str,
               ) -> concurrent.futures.Future[Copies] | None:
        if not self._breaker.allows():
            return None
        if not self._free.acquire(blocking=False):
            LOG.debug('All look-ups are busy: image %s goes without.', image_id)
            return None
        future = self._pool.submit(self._look_up, image_id)
        self._under_way[image_id] = future
        return future

    def _look_up(self, image_id: str) -> Copies:
        try:
            copies = self._find(image_id)
        except Exception:
            self._end(image_id, None)
            raise
        self._end(image_id, copies)
        return copies

    def _end(self, image_id: str, copies: Copies | None) -> None:
        with self._lock:
            self._free.release()
            self._under_way.pop(image_id, None)
            if copies is None:
                self._breaker.failed()
                return
            self._breaker.succeeded()
            self._known[image_id] = (self._clock() + self._ttl, copies)
            self._known.move_to_end(image_id)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
