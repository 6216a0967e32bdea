"""Keeps the cached images of a backend's pools in order.

With the stock driver's options in the backend's section: ``thres_avl_size_perc_start``,
``thres_avl_size_perc_stop``, ``expiry_thres_minutes``; every
``netapp_nfs_image_cache_cleanup_interval`` seconds.
"""

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable

from oslo_log import log as logging

from eic_plugins import eviction
from eic_plugins.cache import LockTimeoutError, PoolCache
from eic_plugins.eviction import Space, Thresholds
from eic_plugins.metrics import Metrics
from eic_plugins.volume.report import PoolReport

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Cleaner:
    """Removes what cut-off fills left, and evicts by real last use.

    :param capacity: of a pool, by its name
    :param evicted_last: ids of images that are to stay in a pool as long as
        possible, by its name
    """

    thresholds: Thresholds
    capacity: Callable[[str], Space]
    evicted_last: Callable[[str], Collection[str]]
    report: PoolReport
    metrics: Metrics

    def clean(self, caches: Iterable[PoolCache]) -> None:
        """All of them; an error in one pool keeps no other from it."""
        for cache in caches:
            try:
                cache.sweep(time.time())
                self._make_room(cache)
                self._count(cache)
            except Exception:
                LOG.exception('Pool %s was not cleaned; it is tried again after '
                              'netapp_nfs_image_cache_cleanup_interval.',
                              cache.pool.name)

    def _make_room(self, cache: PoolCache) -> None:
        for usage in eviction.choose(
                cache.storage.usages(), self.capacity(cache.pool.name),
                self.thresholds, time.time(),
                self.evicted_last(cache.pool.name),
                cache.storage.use_delay):
            try:
                if cache.evict(usage):
                    self.report.discard(cache.pool.name, usage.image_id)
                    self.metrics.evicted(cache.pool.name)
            except LockTimeoutError:
                LOG.debug('Cached image %s is being made and stays.',
                          usage.image_id)

    def _count(self, cache: PoolCache) -> None:
        usages = list(cache.storage.usages())
        self.metrics.cached(cache.pool.name, len(usages),
                            sum(usage.allocated for usage in usages))
