"""The drivers' side of spreading: what :mod:`eic_plugins.precache.spreader` asks.

Options, in ``[eic]``: ``spread_volumes`` (0 turns it off), ``spread_window``,
``spread_interval``, ``spread_copies``.
"""

import contextlib
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.glance.catalog import Images
from eic_plugins.model import KnownPool
from eic_plugins.precache import demand
from eic_plugins.precache.spread_rules import Rule
from eic_plugins.precache.spreader import Spreader
from eic_plugins.volume.base import ModelUpdate
from eic_plugins.volume.precaching import PrecachingDriver

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class SpreadingDriver(PrecachingDriver):
    """A driver that has copies made of what many volumes are made of."""

    copies_between_pools = True
    """Whether ONTAP does, for this protocol."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spreader: Spreader | None = None
        self._spread_off = not self._eic.spread_volumes
        self._images_of_glance = functools.cache(lambda: Images(CONF))

    def clone_image(
        self,
        context: Any,
        volume: Any,
        image_location: Any,
        image_meta: Mapping[str, Any],
        image_service: Any,
    ) -> tuple[ModelUpdate | None, bool]:
        """As without spreading, which is told of it."""
        with (
            self._spreader.making(image_meta['id'])
            if self._spreader
            else contextlib.nullcontext()
        ):
            return super().clone_image(
                context, volume, image_location, image_meta, image_service
            )

    def _start_precaching(self, loopingcalls: Any) -> None:
        """Both begin when the stock driver adds its periodic tasks."""
        super()._start_precaching(loopingcalls)
        if self._spreader is not None or self._spread_off:
            return
        if not self.copies_between_pools:
            self._spread_off = True
            LOG.info(
                'Images in demand are not spread over the pools of '
                '%(backend)s: ONTAP copies no NVMe namespaces between '
                'FlexVols.',
                {'backend': self.backend_name},
            )
            return
        self._spreader = self._make_spreader()
        self._spreader.start(self._eic.spread_interval)

    def _make_spreader(self) -> Spreader:
        return Spreader(
            _Pools(self),
            Rule(
                self._eic.spread_volumes,
                self._eic.spread_window,
                self._eic.spread_copies,
            ),
        )

    def _spread_into(self, image_id: str, pool_name: str) -> bool:
        """Have the pool cache an image by a clone or a copy; whether it failed.

        :raises Exception: Glance, Keystone or ONTAP did not answer
        """
        found = self._images_of_glance().find(image_id)
        if found is None:
            return False
        outcome = self._precache(found.image, pool_name, self._engine.spread)
        LOG.info(
            'Spreading image %(image)s into pool %(pool)s: %(end)s in '
            '%(seconds).3f s; refused: %(refused)s',
            {
                'image': image_id,
                'pool': pool_name,
                'seconds': outcome.seconds,
                'end': 'failed' if outcome.left_to_cinder else f'route {outcome.route}',
                'refused': outcome.explain() or 'none',
            },
        )
        return outcome.left_to_cinder


class _Pools:
    """A driver's, for its spreader."""

    def __init__(self, driver: SpreadingDriver) -> None:
        self._driver = driver

    def own(self) -> Iterator[KnownPool]:
        return self._driver._own_pools()

    def deployed(self) -> Sequence[KnownPool]:
        return self._driver._deployment.pools()

    def volumes(self, pools: Collection[str]) -> Mapping[str, int]:
        return demand.volumes_by_image(
            pools,
            self._driver._eic.spread_window,
            clustered=bool(self._driver.cluster_name),
        )

    def spread(self, image_id: str, pool: str) -> bool:
        return self._driver._spread_into(image_id, pool)
