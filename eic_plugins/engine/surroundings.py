"""What an attempt looks at before it decides: the facts for the planner."""

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.engine.demand import Demand, Elsewhere
from eic_plugins.engine.failures import helping, reason_of
from eic_plugins.engine.pool_cache import CachedImages, is_verified
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.locations import Copy
from eic_plugins.model import (
    CachedImage,
    Reason,
    Refusal,
    Situation,
    StoredObject,
    VolumeCopy,
)
from eic_plugins.ontap.session import OntapRejectedError

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What there is around one demand. To look at it changes nothing."""

    box: Toolbox
    demand: Demand
    cache: CachedImages
    elsewhere: Elsewhere

    def look(self, search: bool = False) -> Situation:
        """The situation now.

        :param search: True to look afresh, and in the whole cluster
        :raises OntapError: the cluster did not answer
        """
        situation = self._at_home(search)
        if situation.cached is not None:
            # A hit needs neither Glance nor ONTAP to be planned.
            return situation
        refused = self._refused()
        if refused is not None:
            return dataclasses.replace(situation, refused=refused)
        copies, unusable = self._copies()
        elsewhere = self._cached_elsewhere(search)
        sources = (*copies, *(cached.stored for cached in elsewhere))
        return dataclasses.replace(
            situation,
            copies=copies,
            unusable=unusable,
            cached_elsewhere=elsewhere,
            stock_file=self._stock_file(),
            peered_svms=self._peered_svms(sources),
        )

    def _at_home(self, search: bool) -> Situation:
        demand = self.demand
        return Situation(
            demand.image,
            self.cache.pool,
            demand.size,
            cached=self._cached(search),
            volume_encrypted=demand.encrypted,
            pool_is_flexgroup=demand.pool_is_flexgroup,
            clone_limit_reached=demand.clone_limit_reached,
        )

    def _refused(self) -> Refusal | None:
        """Why these bytes are refused; others may have found that out meanwhile."""
        size = self.demand.size
        return self.demand.refused or self.box.refusals.find(
            self.demand.image, None if size is None else size * units.Gi
        )

    def _cached(self, afresh: bool) -> CachedImage | None:
        image, verified = self.demand.image, self.demand.source.verifies
        if not afresh:
            return self.cache.find(image, verified)
        # Whoever cannot sees it under the pool's lock.
        with contextlib.suppress(OSError):
            self.cache.view.refresh(image.id)
        return self.cache.recall(image, verified)

    def _cached_elsewhere(self, search: bool) -> tuple[CachedImage, ...]:
        in_pools = tuple(self._in_other_pools())
        return self._in_the_cluster() if search and not in_pools else in_pools

    def _in_other_pools(self) -> Iterable[CachedImage]:
        for other in self.elsewhere.pools():
            cached = None
            # What another pool has could only have helped.
            with helping('what pool %s has', other.pool.name):
                cached = other.recall(self.demand.image, self.demand.source.verifies)
            if cached is not None:
                yield cached

    def _in_the_cluster(self) -> tuple[CachedImage, ...]:
        candidates: Sequence[CachedImage] = ()
        with helping('what other backends have'):
            candidates = self.elsewhere.search(self.demand.image)
        return tuple(
            cached
            for cached in candidates
            if not self.demand.source.verifies
            or is_verified(self.demand.image, cached.signature)
        )

    def _stock_file(self) -> StoredObject | None:
        foreign = self.cache.view.foreign_files
        return foreign.unrecorded(self.demand.image.id) if foreign else None

    def _peered_svms(self, sources: Iterable[StoredObject]) -> frozenset[str]:
        own = self.cache.pool.flexvol.svm
        svms = {source.flexvol.svm for source in sources} - {own}
        return frozenset(svm for svm in svms if self.box.peering.may_copy(own, svm))

    def _copies(self) -> tuple[tuple[StoredObject, ...], tuple[Refusal, ...]]:
        copies, refusals = self.box.reader.read_all(self.demand.source.locations())
        located = [self._locate(copy) for copy in copies]
        stored = tuple(each for each in located if isinstance(each, StoredObject))
        unlocated = tuple(each for each in located if isinstance(each, Refusal))
        # What is on a cluster but not on ours says more than what no plugin
        # reads, so it is named first.
        return stored, (*unlocated, *refusals)

    def _locate(self, copy: Copy) -> StoredObject | Refusal:
        try:
            if isinstance(copy, VolumeCopy):
                return self.demand.source.locate_volume(copy)
            return self.box.finder.locate(copy)
        except OntapRejectedError as err:
            LOG.warning(
                'Where a copy of image %(image)s is, ONTAP does not say: %(err)s',
                {'image': self.demand.image.id, 'err': err},
            )
            return Refusal.of_location(reason_of(err, Reason.LOOKUP_FAILED), str(err))
