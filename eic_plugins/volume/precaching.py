"""The drivers' side of precaching: what :mod:`eic_plugins.precache.precacher` asks.

Options, in ``[eic]``: ``precache_*`` and ``notification_*``. Off with
``precache_interval = 0`` and without ``precache_notifications``.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from cinder.volume import volume_utils
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.engine.demand import Demand, Neighbours
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.glance.catalog import Images
from eic_plugins.model import Image, Outcome, Reason
from eic_plugins.precache import notifications
from eic_plugins.precache.image_service import ServiceImageService
from eic_plugins.precache.precache_rules import Wishes, parse_image
from eic_plugins.precache.precacher import Precacher
from eic_plugins.storage.eviction import Space
from eic_plugins.volume.base import VolumeFromImage
from eic_plugins.volume.handover import Fetched
from eic_plugins.volume.image_source import RequestedImage
from eic_plugins.volume.outcomes import left_to_cinder

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

Fill = Callable[[Demand, PoolCache, Neighbours], Outcome]

_PAUSE_SECONDS = 600.0
_FIRST_COMPARISON = 10  # seconds after the start, when the driver is set up


class PrecachingDriver(VolumeFromImage):
    """A driver whose pools are filled before anybody asks for a volume."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._precacher: Precacher | None = None

    def _start_precaching(self, loopingcalls: Any) -> None:
        """Add the comparison to the stock driver's periodic tasks, once.

        Called whenever the stock driver adds its own, which it does again if
        its set-up has failed; it keeps those of the first time.

        :param loopingcalls: the stock driver's
        """
        interval = self._eic.precache_interval
        if self._precacher is not None or (
            interval == 0 and not self._eic.precache_notifications
        ):
            return
        self._precacher = self._make_precacher()
        if interval:
            loopingcalls.add_task(
                self._precacher.reconcile, interval, _FIRST_COMPARISON
            )

    def _make_precacher(self) -> Precacher:
        precacher = Precacher(
            _Pools(self),
            functools.cache(lambda: Images(CONF)),
            Wishes(
                self._configured_images(),
                frozenset(self._eic.precache_projects),
                CONF.verify_glance_signatures != 'disabled',
            ),
            self.configuration.thres_avl_size_perc_start,
            self._eic.precache_interval or _PAUSE_SECONDS,
        )
        precacher.start(self._eic.precache_workers)
        if self._eic.precache_notifications:
            notifications.listen(CONF, self.host, precacher.look_at)
        return precacher

    def _configured_images(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for line in self._eic.precache_images:
            try:
                image, pools = parse_image(line)
            except ValueError as err:
                # No reason to have no backend at all.
                LOG.error('%s. The line is left out.', err)
            else:
                found[image] = found.get(image, frozenset()) | pools
        return found

    def _names_of(self, pool_name: str) -> frozenset[str]:
        """Whatever an operator may call a pool."""
        hosts = {self.host, self.cluster_name or self.host}
        section = volume_utils.extract_host(self.host).partition('@')[2]
        called = self.configuration.safe_get('volume_backend_name')
        return frozenset(
            {
                pool_name,
                section,
                called or section,
                *(f'{host}#{pool_name}' for host in hosts),
            }
        )

    def _evicted_last(self, pool_name: str) -> frozenset[str]:
        return self._precacher.wanted_in(pool_name) if self._precacher else frozenset()

    def _precache(
        self, image: Image, pool_name: str, fill: Fill | None = None
    ) -> Outcome:
        """Have the pool cache an image that no volume asks for.

        :param fill: the engine's way of doing it; any route, if not given
        :raises Exception: Keystone or ONTAP did not answer
        """
        if not self._ontap_breaker.allows():
            return left_to_cinder(Reason.ONTAP_UNREACHABLE)
        service = ServiceImageService(CONF)
        fetcher = self._fetcher(service.context(), service, image, None, Fetched())
        cache = self._cache_of(pool_name)
        demand = self._demand(
            RequestedImage(fetcher, self._glance_locations),
            cache,
            pool_is_flexgroup=self._cannot_clone({'host': f'{self.host}#{pool_name}'}),
        )
        outcome = (fill or self._engine.precache)(
            demand, cache, self._neighbours(pool_name)
        )
        self._learn(pool_name, image.id, outcome)
        return outcome


class _Pools:
    """A driver's, for its precacher."""

    def __init__(self, driver: PrecachingDriver) -> None:
        self._driver = driver

    def caches(self) -> Iterator[PoolCache]:
        return self._driver._caches_but(None)

    def names_of(self, pool: str) -> frozenset[str]:
        return self._driver._names_of(pool)

    def space_of(self, pool: str) -> Space:
        return self._driver._capacity(pool)

    def precache(self, image: Image, pool: str) -> Outcome:
        return self._driver._precache(image, pool)

    def removed(self, image_id: str, pool: str) -> None:
        self._driver._report.discard(pool, image_id)
