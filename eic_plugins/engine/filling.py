"""Fills a pool with a cached image, the way that was chosen."""

import dataclasses
from pathlib import Path

from oslo_utils import units

from eic_plugins.engine.demand import Demand, Neighbours
from eic_plugins.engine.denials import Publishing
from eic_plugins.engine.failures import (
    FILL_FAILURES,
    OF_THE_BYTES,
    RouteFailedError,
    fill_failure,
    helping,
)
from eic_plugins.engine.pool_cache import PoolCache, PublishForbiddenError, Want
from eic_plugins.engine.routes import Copier, FillLimits, FillRoute
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import CachedImage, Reason, Refusal, Source, StoredObject
from eic_plugins.ontap.session import OntapForbiddenError
from eic_plugins.storage.inspection import NotTheImageError
from eic_plugins.storage.interface import Filled, ForeignFiles


@dataclasses.dataclass(frozen=True)
class Filling:
    """Fills one pool for one demand; what its routes work with.

    ``patient`` if it waits while somebody else makes the same cached image.
    """

    box: Toolbox
    demand: Demand
    cache: PoolCache
    neighbours: Neighbours
    patient: bool = True

    def ensure(
        self, route: FillRoute, source: Source | None
    ) -> tuple[CachedImage, bool]:
        """The cached image, and whether it was made now.

        :raises RouteFailedError: it is not there
        """
        try:
            return self.cache.ensure(
                self.demand.image, RouteFill(self, route, source), self.patient
            )
        except tuple(FILL_FAILURES) as err:
            raise self._failed(route, source, err) from err

    @property
    def copier(self) -> Copier:
        """What clones and copies what pools hold."""
        return self.box.copier

    @property
    def limits(self) -> FillLimits:
        """What the fill may take."""
        return self.box.limits

    def copier_for(self, source: Source) -> Copier:
        """What clones and copies from there into the pool."""
        return self.box.copier_for(source)

    def download(self, target: StoredObject) -> Filled:
        """Fetch the image from Glance into a file."""
        return self.demand.source.download(self.cache.storage, target)

    def prove(self, target: StoredObject) -> None:
        """Cut a file to the image's size, and check that it is the image."""
        self._foreign_files(target).prove(target.name, self.demand.image)

    def cut(self, target: StoredObject) -> None:
        """Cut a file to the image's size."""
        self._foreign_files(target).cut(target.name, self.demand.image)

    def keep(self, source: Source) -> None:
        """Say that the cached image that is copied from is in use."""
        for other in self.neighbours.pools():
            if source.cached and other.pool.flexvol == source.stored.flexvol:
                with helping('that it is used in pool %s', other.pool.name):
                    other.keep(self.demand.image)

    def _foreign_files(self, target: StoredObject) -> ForeignFiles:
        foreign = self.cache.storage.foreign_files
        if foreign is None:
            raise NotTheImageError(f'{target.name}: the pool has files of nobody else')
        return foreign

    def _failed(
        self, route: FillRoute, source: Source | None, err: Exception
    ) -> RouteFailedError:
        """What the failure means. It is remembered if that saves others an attempt."""
        reason, final = fill_failure(err)
        refusal = Refusal.of_route(route.name, reason, str(err))
        if route.from_glance and isinstance(err, OF_THE_BYTES):
            # What Glance itself has sent is the image.
            final = True
            self._refuse_image(reason, err)
        if isinstance(err, PublishForbiddenError):
            refusal = Refusal.of_everything(reason, str(err))
            self.box.denials.add(Publishing(self.cache.pool.flexvol.uuid), refusal)
        elif isinstance(err, OntapForbiddenError) and source is not None:
            # The route may still be taken from elsewhere.
            self.box.denials.add(self.box.fetching(route, source), refusal)
        elif isinstance(err, OntapForbiddenError):
            self.box.denials.add(route.name, refusal)
        return RouteFailedError(refusal, final)

    def _refuse_image(self, reason: Reason, err: Exception) -> None:
        self.box.refusals.add(
            self.demand.image, reason, str(err), getattr(err, 'virtual_size', 0)
        )


@dataclasses.dataclass(frozen=True)
class RouteFill:
    """The fill of a cached image by one route."""

    filling: Filling
    route: FillRoute
    source: Source | None

    @property
    def verifies(self) -> bool:
        """True if the image's signature is to be verified."""
        return self.filling.demand.source.verifies

    @property
    def want(self) -> Want:
        """The room that the cached image takes in the pool.

        If Glance does not say how large the image's disk is, the volume's size
        counts: a larger disk would not fit into the volume anyway.
        """
        image, volume_size = self.filling.demand.image, self.filling.demand.size
        size = max(image.raw_size or (volume_size or 0) * units.Gi, image.size)
        free = self.route.shares_bytes and self.filling.cache.storage.clones_are_free
        return Want(image.id, 0 if free else size, size, evicts=volume_size is not None)

    def make(self, target: StoredObject) -> Filled:
        """Make ``target`` out of the source."""
        return self.route.fill(self.filling, self.source, target)

    def verify(self, path: Path) -> None:
        """Verify the signature of what was made.

        :raises SignatureError: it is not the signature of these bytes
        """
        self.filling.demand.source.verify(path)
