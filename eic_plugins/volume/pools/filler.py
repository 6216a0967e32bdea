"""Has pools cache images that no volume asks for: precached ones, and spread ones.

What :class:`~eic_plugins.precache.precacher.Precacher` and
:class:`~eic_plugins.precache.spreader.Spreader` want done to the pools of a
backend, and what they want to know of them.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping

from oslo_config import cfg

from eic_plugins import config
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.glance.catalog import Images
from eic_plugins.model import Image, KnownPool, Outcome, Reason
from eic_plugins.precache import demand
from eic_plugins.precache.fill_queue import log_end
from eic_plugins.precache.image_service import ServiceImageService
from eic_plugins.storage.eviction import Space
from eic_plugins.volume.cluster import Connection
from eic_plugins.volume.from_image.fetch import Fetchers
from eic_plugins.volume.from_image.image_source import GlanceLocations, RequestedImage
from eic_plugins.volume.from_image.outcomes import left_to_cinder
from eic_plugins.volume.pools.deployment import Deployment
from eic_plugins.volume.stock.interface import StockDriver

CONF = cfg.CONF


class PoolFiller:
    """Fills the pools of one backend, with the service's own credentials."""

    def __init__(
        self,
        stock: StockDriver,
        connection: Connection,
        deployment: Deployment,
        fetchers: Fetchers,
        locations: GlanceLocations,
    ) -> None:
        self._stock = stock
        self._connection = connection
        self._deployment = deployment
        self._fetchers = fetchers
        self._locations = locations
        self._images = functools.cache(lambda: Images(CONF))

    def caches(self) -> Iterator[PoolCache]:
        """The cached images of each pool that is in order."""
        return self._connection.cluster.pools.caches()

    def names_of(self, pool: str) -> frozenset[str]:
        """Whatever an operator may call a pool."""
        return self._connection.names.all_of(pool)

    def space_of(self, pool: str) -> Space:
        """A pool's capacity.

        :raises Exception: ONTAP did not answer
        """
        cluster = self._connection.cluster
        return cluster.free_space.read(cluster.pools.cache_of(pool).pool)

    def removed(self, image_id: str, pool: str) -> None:
        """The pool has that cached image no longer."""
        self._connection.cluster.capabilities.discard(pool, image_id)

    def own(self) -> Iterator[KnownPool]:
        """The backend's pools."""
        return self._connection.known_pools()

    def deployed(self) -> Iterable[KnownPool]:
        """Every pool of the deployment."""
        return self._deployment.pools()

    def volumes(self, pools: Collection[str]) -> Mapping[str, int]:
        """How many volumes there are of each image in pools of these names.

        :raises Exception: the database did not answer
        """
        return demand.volumes_by_image(
            pools,
            CONF[config.GROUP].spread_window,
            clustered=bool(self._stock.cluster_name),
        )

    def precache(self, image: Image, pool: str) -> Outcome:
        """Have the pool cache an image, by whatever route.

        :raises Exception: Keystone or ONTAP did not answer
        """
        return self._fill(image, pool, spread=False)

    def spread(self, image_id: str, pool: str) -> bool:
        """Have the pool cache an image by a clone or a copy; whether that failed.

        :raises Exception: Glance, Keystone or ONTAP did not answer
        """
        listed = self._images().find(image_id)
        if listed is None:
            return False
        outcome = self._fill(listed.image, pool, spread=True)
        log_end('Spreading image %s into pool %s', (image_id, pool), outcome)
        return outcome.left_to_cinder

    def _fill(self, image: Image, pool: str, *, spread: bool) -> Outcome:
        cluster = self._connection.cluster
        if not cluster.breaker.allows():
            return left_to_cinder(Reason.ONTAP_UNREACHABLE)
        service = ServiceImageService(CONF)
        fetcher = self._fetchers.of(service.context(), service, image)
        cache = cluster.pools.cache_of(pool)
        wanted = RequestedImage(fetcher, self._locations).demand(
            cluster,
            cache,
            cannot_clone=self._stock.cannot_clone(f'{self._stock.host}#{pool}'),
        )
        fill = cluster.engine.spread if spread else cluster.engine.precache
        outcome = fill(wanted, cache, cluster.pools.neighbours_of(pool))
        cluster.learn(pool, image.id, outcome)
        return outcome
