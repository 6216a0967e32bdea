"""What EIC adds to the statistics of a driver's pools, and does when they are read.

Cinder collects them once a minute. Nothing here may keep a pool from being
reported.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.storage.eviction import Space
from eic_plugins.volume.cluster import Connection
from eic_plugins.volume.metrics import Metrics

LOG = logging.getLogger(__name__)


class Statistics:
    """Of the pools of one backend."""

    def __init__(self, connection: Connection, metrics: Metrics) -> None:
        self._connection = connection
        self._metrics = metrics
        self._unplaced: set[str] = set()

    def add_capabilities(self, pools: Iterable[dict[str, Any]]) -> None:
        """Put the capability ``eic`` into each pool's statistics."""
        for pool in pools:
            pool['eic'] = self.capability_of(pool['pool_name'])

    def capability_of(self, pool_name: str) -> dict[str, Any]:
        """What the weigher needs; nothing if it cannot be had right now."""
        cluster = self._connection.cluster
        try:
            facts = cluster.capabilities.facts(cluster.pools.cache_of(pool_name))
        except Exception as err:
            # Whatever it is, the pool itself must be reported. Once a minute
            # is too often to say so.
            if pool_name not in self._unplaced:
                LOG.warning(
                    'Pool %(pool)s is reported without its place on '
                    'ONTAP, so the weigher cannot prefer it: %(err)s',
                    {'pool': pool_name, 'err': err},
                )
            self._unplaced.add(pool_name)
            return {}
        if pool_name in self._unplaced:
            LOG.info('Pool %s is reported with its place again.', pool_name)
            self._unplaced.discard(pool_name)
        return facts

    def were_read(self, pools: Iterable[Mapping[str, Any]]) -> None:
        """Do what is done once a minute: note the capacity, write down uses, and
        watch ONTAP's limits for clones.
        """
        self._write_uses()
        self._note_space(pools)
        self.watch_limits()

    def _write_uses(self) -> None:
        for cache in self._connection.cluster.pools.caches():
            try:
                cache.storage.write_uses()
            except Exception as err:
                LOG.warning(
                    'The last uses of cached images in pool %(pool)s '
                    'are written later: %(err)s',
                    {'pool': cache.pool.name, 'err': err},
                )

    def _note_space(self, pools: Iterable[Mapping[str, Any]]) -> None:
        for pool in pools:
            total, free = (pool.get(f'{key}_capacity_gb') for key in ('total', 'free'))
            if isinstance(total, int | float) and isinstance(free, int | float):
                self._connection.cluster.free_space.note(
                    pool['pool_name'],
                    Space(int(total * units.Gi), int(free * units.Gi)),
                )

    def watch_limits(self) -> None:
        """See how near the pools are to ONTAP's limits for clones."""
        try:
            limits = self._connection.cluster.clone_limits
            caches = list(self._connection.cluster.pools.caches())
            limits.refresh(cache.pool.flexvol for cache in caches)
            for cache in caches:
                self._metrics.clone_limit(
                    cache.pool.name, limits.used(cache.pool.flexvol)
                )
            self._metrics.write(at_once=True)
        except Exception:
            LOG.exception(
                "ONTAP's limits for clones are not watched, by an error of ours."
            )
