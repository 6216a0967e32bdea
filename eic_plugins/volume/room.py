"""Room for cached images: looked for before a fill, made by evictions.

A fill that takes bytes must leave a pool with more than
``thres_avl_size_perc_start`` percent available, counting the whole raw disk,
and within the caps ``[eic] cache_max_size_gb`` and ``cache_max_count``. If a
volume asks for it, what :mod:`eic_plugins.storage.eviction` says may go makes room
first; what is filled in before anybody asks (precached, spread) evicts nothing,
so that no two images evict each other for ever. Without room the fill is
declined with reason ``no_room``.

What a pool has free is known from its statistics, which Cinder reads once a
minute. ONTAP is asked again only where that, less what was filled in since,
would be too little.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator

from oslo_log import log as logging

from eic_plugins.engine.pool_cache import LockTimeoutError, NoRoomError, PoolCache, Want
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage import eviction
from eic_plugins.storage.eviction import Caps, Space, Thresholds, Usage
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.report import PoolReport

LOG = logging.getLogger(__name__)

_FRESH_SECONDS = 120.0


@dataclasses.dataclass
class _Known:
    """A pool's capacity when it was read, and what fills took since."""

    space: Space
    read: float
    taken: int = 0


@dataclasses.dataclass(frozen=True)
class Policy:
    """What the operator configured, and who is to stay.

    :param evicted_last: ids of images that are to stay in a pool as long as
        possible, by its name
    """

    thresholds: Thresholds
    caps: Caps
    evicted_last: Callable[[str], Collection[str]]


class Room:
    """The room in the pools of one backend.

    :param capacity: asks ONTAP for that of a pool, by its name
    :param report: is told of what is evicted
    :param metrics: counts that
    :param clock: seconds since the epoch; ``time.time`` if not given
    """

    def __init__(
        self,
        policy: Policy,
        capacity: Callable[[str], Space],
        report: PoolReport,
        metrics: Metrics,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._policy = policy
        self._capacity = capacity
        self._report = report
        self._metrics = metrics
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, list[Want]] = {}

    def _now(self) -> float:
        return self._clock() if self._clock else time.time()

    def know(self, pool: str, space: Space) -> None:
        """What the statistics say of a pool, just read."""
        with self._lock:
            self._known[pool] = _Known(space, self._now())

    @contextlib.contextmanager
    def taken(self, cache: PoolCache, want: Want) -> Iterator[None]:
        """Have room for a fill as long as it goes on.

        :raises NoRoomError: there is none
        """
        pool = cache.pool.name
        with self._lock:
            self._under_way.setdefault(pool, []).append(want)
        try:
            self._look(cache, want)
            yield
            with self._lock:
                if pool in self._known:
                    self._known[pool].taken += want.needed
        finally:
            with self._lock:
                self._under_way[pool].remove(want)

    def clean(self, cache: PoolCache) -> None:
        """Evict by the thresholds and the caps."""
        pool = cache.pool.name
        self._evict(
            cache,
            eviction.choose(
                cache.storage.usages(),
                self._read(pool),
                self._policy.thresholds,
                self._now(),
                self._policy.evicted_last(pool),
                self._policy.caps,
                cache.storage.use_delay,
            ),
        )

    def _look(self, cache: PoolCache, want: Want) -> None:
        self._hold_caps(cache, want)
        if not want.needed or not self._missing(cache, self._last_known(cache)):
            return
        try:
            space = self._read(cache.pool.name)
        except (OntapError, OSError) as err:
            # What is asked of the cluster next will say so itself.
            LOG.debug(
                'How full pool %(pool)s is, is not to be had: %(err)s',
                {'pool': cache.pool.name, 'err': err},
            )
            return
        self._make_room(cache, want, self._missing(cache, space))

    def _hold_caps(self, cache: PoolCache, want: Want) -> None:
        """Evict what is over the caps with the image added, as Cinder does."""
        caps = self._policy.caps
        if caps == Caps():
            return
        with self._lock:
            coming = list(self._under_way[cache.pool.name])
        ids = {each.image_id for each in coming}
        held = [usage for usage in cache.storage.usages() if usage.image_id not in ids]
        size, count = sum(each.size for each in coming), len(coming)
        going = eviction.over_caps(
            held,
            caps,
            self._now() - cache.storage.use_delay,
            self._policy.evicted_last(cache.pool.name),
            size,
            count,
        )
        if not (
            caps.allow(
                size + sum(usage.size for usage in held if usage not in going),
                count + len(held) - len(going),
            )
            and (want.evicts or not going)
        ):
            raise NoRoomError(
                f'{len(held)} cached images are in the pool, and cache_max_size_gb'
                f' or cache_max_count allows no further one of {want.size} bytes'
            )
        if self._evict(cache, going) < len(going):
            raise NoRoomError('what is over the caps is in use')

    def _make_room(self, cache: PoolCache, want: Want, missing: int) -> None:
        if not missing:
            return
        # Nothing goes unless it helps.
        may_go = self._dispensable(cache) if want.evicts else []
        if sum(usage.allocated for usage in may_go) < missing:
            self._decline(cache, missing)
        for usage in may_go:
            if missing <= 0:
                break
            missing -= usage.allocated if self._evict(cache, [usage]) else 0
        left = self._missing(cache, self._read(cache.pool.name))
        if left:
            self._decline(cache, left)

    def _dispensable(self, cache: PoolCache) -> list[Usage]:
        return eviction.dispensable(
            cache.storage.usages(),
            self._policy.thresholds,
            self._now(),
            self._policy.evicted_last(cache.pool.name),
            cache.storage.use_delay,
        )

    def _decline(self, cache: PoolCache, missing: int) -> None:
        raise NoRoomError(
            f'{missing} bytes are missing in pool {cache.pool.name} for more '
            f'than {self._policy.thresholds.start_percent} % '
            '(thres_avl_size_perc_start) to stay available'
        )

    def _missing(self, cache: PoolCache, space: Space | None) -> int:
        """Bytes that are missing for all fills that are under way."""
        if space is None:
            return 1
        with self._lock:
            needed = sum(want.needed for want in self._under_way[cache.pool.name])
        return space.left_by(needed).missing(self._policy.thresholds.start_percent)

    def _last_known(self, cache: PoolCache) -> Space | None:
        with self._lock:
            known = self._known.get(cache.pool.name)
        if known is None or self._now() - known.read > _FRESH_SECONDS:
            return None
        return known.space.left_by(known.taken)

    def _read(self, pool: str) -> Space:
        space = self._capacity(pool)
        self.know(pool, space)
        return space

    def _evict(self, cache: PoolCache, usages: Iterable[Usage]) -> int:
        """How many of them are gone."""
        gone = 0
        for usage in usages:
            try:
                if cache.evict(usage):
                    gone += 1
                    self._report.discard(cache.pool.name, usage.image_id)
                    self._metrics.evicted(cache.pool.name)
            except LockTimeoutError:
                LOG.debug('Cached image %s is being made and stays.', usage.image_id)
        return gone
