"""One demand, from the first look to its outcome."""

import contextlib
import dataclasses
from collections.abc import Iterator

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.engine.decision import Decision, allowed
from eic_plugins.engine.demand import Demand, Neighbours, NewVolume
from eic_plugins.engine.denials import CLONING, GROWING
from eic_plugins.engine.failures import RouteFailedError, fill_failure, reason_of
from eic_plugins.engine.filling import Filling
from eic_plugins.engine.pool_cache import NotLockedError, PoolCache, is_verified
from eic_plugins.engine.routes import FillRoute
from eic_plugins.engine.surroundings import Surroundings
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import (
    CINDER_DOWNLOAD,
    CachedImage,
    Outcome,
    Plan,
    Reason,
    Refusal,
)
from eic_plugins.ontap.session import OntapError, OntapForbiddenError
from eic_plugins.storage.interface import GrowthForbiddenError, VolumeNotMadeError
from eic_plugins.support import spans
from eic_plugins.support.clock import SYSTEM

LOG = logging.getLogger(__name__)


class Attempt:
    """Tries one route after the other.

    :param volume: what is to be cloned of the cached image; None for nothing
    :param patient: False to wait for nobody. Then the whole cluster is searched at
        the first look: no download follows that a search would have to come before
    """

    def __init__(
        self,
        box: Toolbox,
        demand: Demand,
        cache: PoolCache,
        neighbours: Neighbours,
        volume: NewVolume | None = None,
        patient: bool = True,
    ) -> None:
        self._box = box
        self._demand = demand
        self._cache = cache
        self._volume = volume
        self._patient = patient
        self._filling = Filling(box, demand, cache, neighbours, patient)
        self._routes, self._failed = allowed(box)
        self._decision = Decision(
            Surroundings(box, demand, cache, neighbours), self._routes
        )
        self._fills: list[str] = []

    def run(self) -> Outcome:
        """Plan and execute until something worked or nothing is left."""
        started = SYSTEM.monotonic()
        image, pool = self._demand.image.id, self._cache.pool.name
        with spans.span('eic-image', image=image, pool=pool) as end:
            plan, cached = self._until_done()
            end['route'] = plan.route
        return Outcome(
            plan.route,
            tuple(dict.fromkeys((*self._failed, *plan.refusals))),
            SYSTEM.monotonic() - started,
            self._kept_off_host(plan),
            cached is not None and is_verified(self._demand.image, cached.signature),
            tuple(self._fills),
        )

    def _kept_off_host(self, plan: Plan) -> int:
        """Bytes that no host fetched from Glance for it."""
        fetched = {route.name for route in self._box.routes if route.from_glance}
        if plan.left_to_cinder or plan.route in fetched:
            return 0
        return self._demand.image.size

    def _until_done(self) -> tuple[Plan, CachedImage | None]:
        while self._routes:
            try:
                return self._once()
            except RouteFailedError as err:
                refusal, final = err.refusal, err.final
            except OntapError as err:
                reason = reason_of(err, Reason.FILL_FAILED)
                refusal, final = Refusal.of_everything(reason, str(err)), True
            self._warn(refusal, final)
            self._failed.append(refusal)
            if refusal.route is not None:
                self._routes.pop(refusal.route, None)
            if final:
                break
        return Plan(CINDER_DOWNLOAD), None

    def _once(self) -> tuple[Plan, CachedImage | None]:
        """Make a plan, and carry it out.

        :raises RouteFailedError: the route of the plan failed
        :raises OntapError: any other route would fail, too
        """
        with self._decided() as plan:
            if plan.left_to_cinder:
                return plan, None
            cached, made = self._cached_image(plan)
        if not made:
            self._touch(plan)
        self._make_volume(plan, cached)
        # Who waited for another's fill found the image cached.
        return plan if made else self._as_a_hit(plan), cached

    @contextlib.contextmanager
    def _decided(self) -> Iterator[Plan]:
        """The plan. A route that is taken once for a cluster has the cluster's lock
        as long as the context lasts.

        After a wait for that lock the plan is made again: the image may be in another
        pool by now.
        """
        plan = self._decision.choose(search=not self._patient)
        if not self._decision.is_once_per_cluster(plan):
            yield plan
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._cache.cluster_locked(self._demand.image.id))
            except NotLockedError as err:
                reason, _ = fill_failure(err)
                refusal = Refusal.of_route(plan.route, reason, str(err))
                raise RouteFailedError(refusal, final=True) from err
            plan = self._decision.choose(search=True)
            if not self._decision.is_once_per_cluster(plan):
                stack.close()
            yield plan

    def _cached_image(self, plan: Plan) -> tuple[CachedImage, bool]:
        """The cached image, and whether it was made now."""
        route = self._routes[plan.route]
        if not isinstance(route, FillRoute):
            return self._hit(plan), False
        cached, made = self._filling.ensure(route, plan.source)
        if made:
            self._fills.append(plan.route)
        return cached, made

    def _hit(self, plan: Plan) -> CachedImage:
        if plan.source is None or plan.source.cached is None:
            refusal = Refusal.of_route(plan.route, Reason.NOT_CACHED)
            raise RouteFailedError(refusal, final=False)
        return plan.source.cached

    def _touch(self, plan: Plan) -> None:
        """Say that the cached image is in use, before it is cloned: so no eviction
        can remove it in between.

        This is not said of what was just made. That is in use anyway, and a second
        use means that it serves more than one volume.
        """
        if not self._cache.touch(self._demand.image):
            refusal = Refusal.of_route(
                self._as_a_hit(plan).route, Reason.NOT_CACHED, 'it was evicted'
            )
            raise RouteFailedError(refusal, final=False)

    def _as_a_hit(self, plan: Plan) -> Plan:
        hit = self._box.hit
        return plan if hit is None else dataclasses.replace(plan, route=hit.name)

    def _make_volume(self, plan: Plan, cached: CachedImage) -> None:
        size = self._demand.size
        if self._volume is None or size is None:
            return
        if cached.virtual_size > size * units.Gi:
            refusal = Refusal.of_everything(Reason.IMAGE_TOO_LARGE)
            raise RouteFailedError(refusal, final=True)
        try:
            self._cache.storage.make_volume(
                self._volume.name, cached, size, self._volume.properties()
            )
        except VolumeNotMadeError as err:
            raise self._not_made(plan, err) from err

    def _not_made(self, plan: Plan, err: VolumeNotMadeError) -> RouteFailedError:
        if err.image_is_gone:
            self._cache.forget(self._demand.image)
        reason = reason_of(err.cause, Reason.CLONE_FAILED)
        refusal = Refusal.of_route(plan.route, reason, str(err))
        if isinstance(err.cause, OntapForbiddenError):
            refusal = Refusal.of_everything(reason, str(err))
            grown = isinstance(err.cause, GrowthForbiddenError)
            self._box.denials.add(GROWING if grown else CLONING, refusal)
        return RouteFailedError(refusal, final=not err.image_is_gone)

    def _warn(self, refusal: Refusal, final: bool) -> None:
        LOG.warning(
            'Route %(route)s for image %(image)s failed in pool %(pool)s '
            '(%(reason)s: %(why)s); %(next)s.',
            {
                'route': refusal.subject,
                'image': self._demand.image.id,
                'pool': self._cache.pool.name,
                'reason': refusal.reason.value,
                'why': refusal.detail,
                'next': 'trying the next route' if not final else self._left(),
            },
        )

    def _left(self) -> str:
        if self._volume is None:
            return 'the image is not precached'
        return 'Cinder downloads the image'
