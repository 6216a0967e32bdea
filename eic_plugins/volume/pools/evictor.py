"""Evicts cached images: when a pool gets full, and to make room for a fill.

Which of them may go, and in which order, says :mod:`eic_plugins.storage.eviction`.

A fill that takes bytes must leave a pool with more than
``thres_avl_size_perc_start`` percent available. The whole raw disk counts. The
caps ``[eic] cache_max_size_gb`` and ``cache_max_count`` hold with it, too. If a
volume asks for the fill, cached images go to make room for it. What is filled in
before anybody asks (precached, spread) evicts nothing: so no two images evict
each other for ever. Without room the fill is declined with reason ``no_room``.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator

from oslo_log import log as logging

from eic_plugins.engine.pool_cache import NoRoomError, NotLockedError, PoolCache, Want
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage import eviction
from eic_plugins.storage.eviction import Caps, Space, Thresholds, Usage
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.pools.capability import PoolCapabilities
from eic_plugins.volume.pools.free_space import FreeSpace

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Policy:
    """What the operator configured, and who is to stay.

    :param evicted_last: ids of images that are to stay in a pool as long as
        possible, by its name
    """

    thresholds: Thresholds
    caps: Caps
    evicted_last: Callable[[str], Collection[str]]


class Evictor:
    """Evicts in the pools of one backend.

    :param space: what these have free
    :param capabilities: is told of what is evicted
    :param metrics: counts that
    """

    def __init__(
        self,
        policy: Policy,
        space: FreeSpace,
        capabilities: PoolCapabilities,
        metrics: Metrics,
        clock: Clock = SYSTEM,
    ) -> None:
        self._policy = policy
        self._space = space
        self._capabilities = capabilities
        self._metrics = metrics
        self._clock = clock

    @contextlib.contextmanager
    def taken(self, cache: PoolCache, want: Want) -> Iterator[None]:
        """Have room for a fill as long as it goes on.

        :raises NoRoomError: there is none
        """
        with self._space.taken(cache.pool.name, want):
            self._make_room(cache, want)
            yield

    def relieve(self, cache: PoolCache) -> None:
        """Evict by the thresholds and the caps."""
        pool = cache.pool.name
        self._evict(
            cache,
            eviction.choose(
                cache.storage.usages(),
                self._space.read(cache.pool),
                self._policy.thresholds,
                self._clock.time(),
                self._policy.evicted_last(pool),
                self._policy.caps,
                cache.storage.use_delay,
            ),
        )

    def _make_room(self, cache: PoolCache, want: Want) -> None:
        self._hold_caps(cache, want)
        pool = cache.pool.name
        if not want.needed or not self._missing(pool, self._space.last_known(pool)):
            return
        try:
            space = self._space.read(cache.pool)
        except (OntapError, OSError) as err:
            # What is asked of the cluster next will say so itself.
            LOG.debug(
                'How full pool %(pool)s is, is not to be had: %(err)s',
                {'pool': pool, 'err': err},
            )
            return
        self._free(cache, want, self._missing(pool, space))

    def _hold_caps(self, cache: PoolCache, want: Want) -> None:
        """Evict what is over the caps with the image added, as Cinder does."""
        caps = self._policy.caps
        if caps == Caps():
            return
        coming = self._space.under_way(cache.pool.name)
        ids = {each.image_id for each in coming}
        held = [usage for usage in cache.storage.usages() if usage.image_id not in ids]
        size, count = sum(each.size for each in coming), len(coming)
        going = eviction.over_caps(
            held,
            caps,
            self._clock.time() - cache.storage.use_delay,
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

    def _free(self, cache: PoolCache, want: Want, missing: int) -> None:
        """Evict for so many bytes that are missing, or nothing at all."""
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
        pool = cache.pool.name
        left = self._missing(pool, self._space.read(cache.pool))
        if left:
            self._decline(cache, left)

    def _dispensable(self, cache: PoolCache) -> list[Usage]:
        return eviction.dispensable(
            cache.storage.usages(),
            self._policy.thresholds,
            self._clock.time(),
            self._policy.evicted_last(cache.pool.name),
            cache.storage.use_delay,
        )

    def _decline(self, cache: PoolCache, missing: int) -> None:
        raise NoRoomError(
            f'{missing} bytes are missing in pool {cache.pool.name} for more '
            f'than {self._policy.thresholds.start_percent} % '
            '(thres_avl_size_perc_start) to stay available'
        )

    def _missing(self, pool: str, space: Space | None) -> int:
        """Bytes that are missing for all fills that are under way."""
        if space is None:
            return 1
        needed = sum(want.needed for want in self._space.under_way(pool))
        return space.left_by(needed).missing(self._policy.thresholds.start_percent)

    def _evict(self, cache: PoolCache, usages: Iterable[Usage]) -> int:
        """How many of them are gone."""
        gone = 0
        for usage in usages:
            try:
                if cache.evict(usage):
                    gone += 1
                    self._capabilities.discard(cache.pool.name, usage.image_id)
                    self._metrics.evicted(cache.pool.name)
            except NotLockedError as err:
                LOG.debug('Cached image %s stays: %s', usage.image_id, err)
        return gone
