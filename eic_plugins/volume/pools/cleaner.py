"""Keeps the cached images of a backend's pools in order.

With the stock driver's options in the backend's section: ``thres_avl_size_perc_start``,
``thres_avl_size_perc_stop``, ``expiry_thres_minutes``; every
``netapp_nfs_image_cache_cleanup_interval`` seconds. What goes says
:mod:`eic_plugins.storage.eviction`.
"""

import dataclasses
from collections.abc import Iterable

from oslo_log import log as logging

from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.support.clock import SYSTEM
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.pools.evictor import Evictor

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Cleaner:
    """Removes what cut-off fills left, and evicts by real last use."""

    evictor: Evictor
    metrics: Metrics

    def clean(self, caches: Iterable[PoolCache]) -> None:
        """All of them; an error in one pool keeps no other from it."""
        for cache in caches:
            try:
                cache.sweep(SYSTEM.time())
                self.evictor.relieve(cache)
                self._count(cache)
            except Exception:
                LOG.exception(
                    'Pool %s was not cleaned; it is tried again after '
                    'netapp_nfs_image_cache_cleanup_interval.',
                    cache.pool.name,
                )

    def _count(self, cache: PoolCache) -> None:
        usages = list(cache.storage.usages())
        self.metrics.cached(
            cache.pool.name, len(usages), sum(usage.allocated for usage in usages)
        )
