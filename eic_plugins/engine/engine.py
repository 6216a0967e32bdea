"""From a request to a cloned volume: plan, ensure, FlexClone, grow.

What every pool does for a volume from an image, free of Cinder: the driver
(:mod:`eic_plugins.volume`) hands in the facts and takes the outcome. Either the
volume is there with the image's bytes and the volume's size, or nothing of the
attempt is, and Cinder's download may have the request.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.engine.denials import Denials
from eic_plugins.engine.failures import (
    FILL_FAILURES,
    OF_THE_BYTES,
    RouteFailedError,
    fill_failure,
    helping,
    reason_of,
)
from eic_plugins.engine.planner import Route, choose
from eic_plugins.engine.pool_cache import (
    Fill,
    LockTimeoutError,
    PoolCache,
    PublishForbiddenError,
    Want,
    is_verified,
)
from eic_plugins.engine.refused_images import Refusals
from eic_plugins.engine.routes import FillLimits, FillRoute, FillTools, StoredFiles
from eic_plugins.glance.client import Location
from eic_plugins.glance.locations import Copy, LocationReader
from eic_plugins.model import (
    CINDER_DOWNLOAD,
    CachedImage,
    Image,
    ImageCopy,
    Outcome,
    Plan,
    Reason,
    Refusal,
    Situation,
    Source,
    StoredFile,
    VolumeCopy,
    VolumeProperties,
)
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import (
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
)
from eic_plugins.storage.inspection import NotTheImageError
from eic_plugins.storage.interface import Filled, ForeignFiles, VolumeNotMadeError

LOG = logging.getLogger(__name__)
_DOWNLOAD = 'download'


def no_volumes(_copy: VolumeCopy) -> Refusal:
    """What a demand makes of ``cinder://`` if nobody finds volumes for it."""
    return Refusal('location', Reason.LOCATION_UNSUPPORTED)


@dataclasses.dataclass(frozen=True)
class Demand:
    """An image that is wanted in a pool.

    ``download`` fetches it into a file of the pool; ``verify`` verifies the
    signature of a file on this host, or is None where that is not asked for.
    ``size`` in GiB, None if no volume is to be made. ``find_volume`` finds a
    Cinder volume's file. ``properties`` says what the volume is to have, and is
    asked when there is something to clone.
    """

    image: Image
    find_locations: Callable[[], Sequence[Location]]
    download: Callable[[StoredFile], Filled]
    verify: Callable[[Path], None] | None = None
    size: int | None = None
    encrypted: bool = False
    pool_is_flexgroup: bool = False
    clone_limit_reached: bool = False
    find_volume: Callable[[VolumeCopy], StoredFile | Refusal] = no_volumes
    refused: Refusal | None = None
    """Why Cinder will refuse the image, if that is known beforehand."""
    properties: Callable[[], VolumeProperties] = VolumeProperties


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Where else the image may be cached.

    ``pools`` gives the backend's other pools; ``search`` looks for the cached
    image in the rest of the cluster and is asked only before a download.
    """

    pools: Callable[[], Iterable[PoolCache]]
    search: Callable[[Image], Sequence[CachedImage]]


@dataclasses.dataclass(frozen=True)
class Toolbox:
    """What an engine works with, the same for all demands of a backend.

    ``locate`` finds the file behind a location, or says why none of use.
    ``image_files`` as in :class:`~eic_plugins.engine.routes.FillTools`.
    """

    files: StoredFiles
    locate: Callable[[ImageCopy], StoredFile | Refusal]
    peers: Peers
    reader: LocationReader
    routes: Sequence[Route]
    limits: FillLimits
    image_files: StoredFiles | None = None
    refusals: Refusals = dataclasses.field(default_factory=Refusals)
    denials: Denials = dataclasses.field(default_factory=Denials)


class Engine:
    """Makes cached images, and volumes of them, on the pools of one cluster."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._box = toolbox

    def create(
        self, name: str, demand: Demand, cache: PoolCache, neighbours: Neighbours
    ) -> Outcome:
        """The volume ``name``, or an outcome that leaves it to Cinder."""
        size = demand.size or 0
        return _Attempt(self._box, demand, cache, neighbours).run(
            lambda cached: cache.storage.make_volume(
                name, cached, size, demand.properties()
            )
        )

    def precache(
        self, demand: Demand, cache: PoolCache, neighbours: Neighbours
    ) -> Outcome:
        """The cached image alone, or an outcome that says why not."""
        return _Attempt(self._box, demand, cache, neighbours).run(lambda _cached: None)

    def spread(
        self, demand: Demand, cache: PoolCache, neighbours: Neighbours
    ) -> Outcome:
        """The same by what ONTAP clones and copies alone, and without waiting
        for anybody who makes it, too.
        """
        box = dataclasses.replace(
            self._box,
            routes=[
                route
                for route in self._box.routes
                if not isinstance(route, FillRoute) or route.inside_cluster
            ],
        )
        return _Attempt(box, demand, cache, neighbours, patient=False).run(
            lambda _cached: None
        )


class _Attempt:
    """One demand, from the first look to its outcome.

    :param patient: False to wait for nobody, and to look in the whole cluster
        at once, for there is no download to look before
    """

    def __init__(
        self,
        toolbox: Toolbox,
        demand: Demand,
        cache: PoolCache,
        neighbours: Neighbours,
        patient: bool = True,
    ) -> None:
        self._box = toolbox
        self._patient = patient
        self._demand = demand
        self._image = demand.image
        self._cache = cache
        self._neighbours = neighbours
        self._tools = FillTools(
            toolbox.files,
            toolbox.limits,
            demand.download,
            self._prove,
            self._keep,
            self._cut,
            toolbox.image_files,
        )
        self._routes = {route.name: route for route in toolbox.routes}
        self._failed: list[Refusal] = []
        self._fills: list[str] = []
        self._leave_out_what_is_denied()

    def run(self, use: Callable[[CachedImage], None]) -> Outcome:
        """Plan and execute until something worked or nothing is left."""
        started = time.monotonic()
        plan, cached = self._until_done(use)
        kept = 0 if plan.route in {CINDER_DOWNLOAD, _DOWNLOAD} else (self._image.size)
        return Outcome(
            plan.route,
            tuple(dict.fromkeys((*self._failed, *plan.refusals))),
            time.monotonic() - started,
            kept,
            cached is not None and is_verified(self._image, cached.signature),
            tuple(self._fills),
        )

    def _leave_out_what_is_denied(self) -> None:
        for name in list(self._routes):
            denied = self._box.denials.find(name)
            if denied is not None:
                self._failed.append(denied)
                del self._routes[name]

    def _until_done(
        self,
        use: Callable[[CachedImage], None],
    ) -> tuple[Plan, CachedImage | None]:
        while self._routes:
            try:
                with self._decided() as plan:
                    if plan.left_to_cinder:
                        return plan, None
                    cached, made = self._cached_image(plan)
                self._use(plan, cached, use, made)
            except RouteFailedError as err:
                refusal, final = err.refusal, err.final
            except OntapError as err:
                reason = reason_of(err, Reason.FILL_FAILED)
                refusal, final = Refusal('all', reason, str(err)), True
            else:
                # Who waited for another's fill found the image cached.
                return (
                    plan if made else dataclasses.replace(plan, route='cached')
                ), cached
            self._warn(refusal, final)
            self._failed.append(refusal)
            self._routes.pop(refusal.route, None)
            if final:
                break
        return Plan(CINDER_DOWNLOAD), None

    @contextlib.contextmanager
    def _decided(self) -> Iterator[Plan]:
        """The plan; a download keeps its lock until its image is there.

        Who has waited for that lock looks again: the image may be in another
        pool by now.
        """
        plan = choose(self._routes.values(), self._situation(search=not self._patient))
        if plan.route != _DOWNLOAD:
            yield plan
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._cache.download_locked(self._image.id))
            except LockTimeoutError as err:
                raise RouteFailedError(
                    Refusal(_DOWNLOAD, Reason.WAIT_TIMED_OUT, str(err)), True
                ) from err
            plan = choose(self._routes.values(), self._situation(search=True))
            if plan.route != _DOWNLOAD:
                stack.close()
            yield plan

    def _situation(self, search: bool = False) -> Situation:
        demand, cache = self._demand, self._cache
        situation = Situation(
            demand.image,
            cache.pool,
            demand.size,
            cached=self._find(cache, search),
            volume_encrypted=demand.encrypted,
            pool_is_flexgroup=demand.pool_is_flexgroup,
            clone_limit_reached=demand.clone_limit_reached,
        )
        if situation.cached is not None:
            # A hit needs neither Glance nor ONTAP to be planned.
            return situation
        refused = self._refused()
        if refused is not None:
            return dataclasses.replace(situation, refused=refused)
        copies, unusable = self._resolve()
        elsewhere = self._elsewhere(search)
        files = (*copies, *(cached.file for cached in elsewhere))
        foreign = cache.storage.foreign_files
        return dataclasses.replace(
            situation,
            copies=copies,
            unusable=unusable,
            cached_elsewhere=elsewhere,
            stock_file=foreign.unrecorded(demand.image.id) if foreign else None,
            peered_svms=self._peered_svms(files),
        )

    def _refused(self) -> Refusal | None:
        """What is known of these bytes, by now: others may be trying them."""
        size = self._demand.size
        return self._demand.refused or self._box.refusals.find(
            self._image, None if size is None else size * units.Gi
        )

    def _find(self, cache: PoolCache, again: bool) -> CachedImage | None:
        verified = self._demand.verify is not None
        if again:
            # Whoever cannot sees it under the pool's lock.
            with contextlib.suppress(OSError):
                cache.storage.refresh(self._image.id)
            return cache.recall(self._image, verified)
        return cache.find(self._image, verified)

    def _elsewhere(self, search: bool) -> tuple[CachedImage, ...]:
        verified = self._demand.verify is not None
        found = []
        for other in self._neighbours.pools():
            # What another pool has could only have helped.
            with helping('what pool %s has', other.pool.name):
                found.append(other.recall(self._image, verified))
        elsewhere = tuple(cached for cached in found if cached)
        if elsewhere or not search:
            return elsewhere
        searched: Sequence[CachedImage] = ()
        with helping('what other backends have'):
            searched = self._neighbours.search(self._image)
        return tuple(
            cached
            for cached in searched
            if not verified or is_verified(self._image, cached.signature)
        )

    def _peered_svms(self, files: Iterable[StoredFile]) -> frozenset[str]:
        own = self._cache.pool.flexvol.svm
        svms = {file.flexvol.svm for file in files} - {own}
        return frozenset(svm for svm in svms if self._box.peers.may_copy(own, svm))

    def _resolve(self) -> tuple[tuple[StoredFile, ...], tuple[Refusal, ...]]:
        copies, refusals = self._box.reader.read_all(self._demand.find_locations())
        located = [self._locate(copy) for copy in copies]
        files = tuple(f for f in located if isinstance(f, StoredFile))
        unlocated = tuple(f for f in located if isinstance(f, Refusal))
        # What is on a cluster but not on ours says more than what no plugin
        # reads, so it is named first.
        return files, (*unlocated, *refusals)

    def _locate(self, copy: Copy) -> StoredFile | Refusal:
        try:
            if isinstance(copy, VolumeCopy):
                return self._demand.find_volume(copy)
            return self._box.locate(copy)
        except OntapRejectedError as err:
            LOG.warning(
                'Where a copy of image %(image)s is, ONTAP does not say: %(err)s',
                {'image': self._image.id, 'err': err},
            )
            return Refusal('location', reason_of(err, Reason.LOOKUP_FAILED), str(err))

    def _cached_image(self, plan: Plan) -> tuple[CachedImage, bool]:
        route = self._routes[plan.route]
        if not isinstance(route, FillRoute):
            if plan.source is None or plan.source.cached is None:
                raise RouteFailedError(
                    Refusal(plan.route, Reason.NOT_CACHED), final=False
                )
            return plan.source.cached, False
        try:
            cached, made = self._cache.ensure(
                self._image,
                Fill(
                    lambda target: route.fill(self._tools, plan.source, target),
                    self._demand.verify,
                    self._want(route),
                ),
                self._patient,
            )
        except tuple(FILL_FAILURES) as err:
            reason, final = fill_failure(err)
            if plan.route == _DOWNLOAD and isinstance(err, OF_THE_BYTES):
                # What Glance itself has sent is the image.
                final = True
                self._box.refusals.add(
                    self._image, reason, str(err), getattr(err, 'virtual_size', 0)
                )
            refusal = Refusal(plan.route, reason, str(err))
            if isinstance(err, PublishForbiddenError):
                refusal = dataclasses.replace(refusal, route='all')
                self._box.denials.add(self._fill_routes(), refusal)
            elif isinstance(err, OntapForbiddenError):
                self._box.denials.add([plan.route], refusal)
            raise RouteFailedError(refusal, final) from err
        if made:
            self._fills.append(plan.route)
        return cached, made

    def _fill_routes(self) -> list[str]:
        return [
            route.name for route in self._box.routes if isinstance(route, FillRoute)
        ]

    def _want(self, route: FillRoute) -> Want:
        """The room that the cached image takes in the pool.

        Where Glance does not say how large its disk is, it fits into the
        volume, or no volume is made of it.
        """
        image = self._image
        size = max(image.raw_size or (self._demand.size or 0) * units.Gi, image.size)
        free = route.shares_bytes and self._cache.storage.clones_are_free
        return Want(
            image.id, 0 if free else size, size, evicts=self._demand.size is not None
        )

    def _prove(self, target: StoredFile) -> None:
        self._foreign_files(target).prove(target.name, self._image)

    def _cut(self, target: StoredFile) -> None:
        self._foreign_files(target).cut(target.name, self._image)

    def _foreign_files(self, target: StoredFile) -> ForeignFiles:
        found = self._cache.storage.foreign_files
        if found is None:
            raise NotTheImageError(f'{target.name}: the pool has files of nobody else')
        return found

    def _keep(self, source: Source) -> None:
        """Say that the cached image that is copied from is in use."""
        for other in self._neighbours.pools():
            if source.cached and other.pool.flexvol == source.file.flexvol:
                with helping('that it is used in pool %s', other.pool.name):
                    other.keep(self._image)

    def _use(
        self,
        plan: Plan,
        cached: CachedImage,
        use: Callable[[CachedImage], None],
        made: bool,
    ) -> None:
        """Clone it, having said that it is in use: no eviction is between.

        What was just made is in use as it is, and only a further use says that
        it serves more than one volume.
        """
        if not made and not self._cache.touch(self._image):
            raise RouteFailedError(
                Refusal('cached', Reason.NOT_CACHED, 'it was evicted'), False
            )
        size = self._demand.size
        if size is not None and cached.virtual_size > size * units.Gi:
            raise RouteFailedError(Refusal('all', Reason.IMAGE_TOO_LARGE), final=True)
        try:
            use(cached)
        except VolumeNotMadeError as err:
            if err.image_is_gone:
                self._cache.forget(self._image)
            refusal = Refusal(
                plan.route, reason_of(err.cause, Reason.CLONE_FAILED), str(err)
            )
            if isinstance(err.cause, OntapForbiddenError):
                refusal = dataclasses.replace(refusal, route='all')
                self._box.denials.add(
                    [route.name for route in self._box.routes], refusal
                )
            raise RouteFailedError(refusal, final=not err.image_is_gone) from err

    def _warn(self, refusal: Refusal, final: bool) -> None:
        LOG.warning(
            'Route %(route)s for image %(image)s failed in pool %(pool)s '
            '(%(reason)s: %(why)s); %(next)s.',
            {
                'route': refusal.route,
                'image': self._image.id,
                'pool': self._cache.pool.name,
                'reason': refusal.reason.value,
                'why': refusal.detail,
                'next': 'trying the next route'
                if not final
                else 'the image is not precached'
                if self._demand.size is None
                else 'Cinder downloads the image',
            },
        )
