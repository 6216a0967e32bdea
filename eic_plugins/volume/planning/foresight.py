"""Foresees how a volume would get its image, pool by pool, and changes nothing."""

import dataclasses
from collections.abc import Sequence

from eic_plugins.engine.demand import Demand
from eic_plugins.engine.engine import Engine
from eic_plugins.engine.pool_cache import CachedImages
from eic_plugins.model import CINDER_DOWNLOAD, FlexVol, Image, Plan, Refusal
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError
from eic_plugins.volume.from_image import cinder_rules
from eic_plugins.volume.from_image.image_source import GlanceLocations
from eic_plugins.volume.from_image.image_volumes import ImageVolumes
from eic_plugins.volume.from_image.volume_maker import reason_without_pool
from eic_plugins.volume.planning.planned_image import PlannedImage
from eic_plugins.volume.planning.reports import ReportedPool
from eic_plugins.volume.planning.seen_backend import (
    SeenBackend,
    UnknownBackendError,
    see,
)


@dataclasses.dataclass(frozen=True)
class Foreseen:
    """What would become of a volume in one pool.

    ``plan`` is None if this host cannot tell; ``seen_by`` says by what the pool's
    cached images were seen, or why they could not be.
    """

    pool: ReportedPool
    plan: Plan | None
    seen_by: str


class Foresight:
    """Foresees volumes of one image.

    :param size: of the volume in GiB
    :param pools: all of EIC's pools; those of other backends may have the image
    :param encrypted: True if the volume's type is
    """

    def __init__(
        self,
        image: Image,
        size: int,
        pools: Sequence[ReportedPool],
        encrypted: bool = False,
    ) -> None:
        self._image = image
        self._size = size
        self._pools = pools
        self._encrypted = encrypted
        self._glance = GlanceLocations()
        self._backends: dict[str, SeenBackend] = {}

    def of(self, pool: ReportedPool) -> Foreseen:
        """What would become of a volume in that pool."""
        try:
            backend = self._backend(pool)
        except UnknownBackendError as err:
            return Foreseen(pool, None, f'not seen from this host: {err}')
        try:
            return self._foreseen(backend, pool)
        except (OntapError, UnknownShareError) as err:
            refusal = Refusal.of_everything(reason_without_pool(err), str(err))
            return Foreseen(
                pool, Plan(CINDER_DOWNLOAD, None, (refusal,)), 'nothing: no answer'
            )

    def _backend(self, pool: ReportedPool) -> SeenBackend:
        if pool.section not in self._backends:
            self._backends[pool.section] = see(
                pool.section, pool.known.kind, self._pools
            )
        return self._backends[pool.section]

    def _foreseen(self, backend: SeenBackend, pool: ReportedPool) -> Foreseen:
        sight = backend.sight(pool, self._image)
        plan = Engine(backend.toolbox()).plan(
            self._demand(backend, pool, sight.view.pool.flexvol),
            CachedImages(sight.view),
            backend.elsewhere(pool, self._image),
        )
        return Foreseen(pool, plan, sight.seen_by())

    def _demand(
        self, backend: SeenBackend, pool: ReportedPool, flexvol: FlexVol
    ) -> Demand:
        image = self._image
        volumes = ImageVolumes(backend.seen.volume_finder, image, None)
        return Demand(
            image,
            PlannedImage(image, self._glance, volumes),
            size=self._size,
            encrypted=self._encrypted,
            pool_is_flexgroup=backend.cannot_clone(pool),
            clone_limit_reached=backend.clone_limit_reached(flexvol),
            refused=cinder_rules.refusal(image),
        )
