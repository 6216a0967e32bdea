"""From a request to a cloned volume file: plan, ensure, FlexClone, grow.

What every NFS pool does for a volume from an image, free of Cinder: the driver
(:mod:`eic_plugins.volume.nfs`) hands in the facts and takes the outcome. Either
the volume's file is there with the image's bytes and the volume's size, or
nothing of the attempt is, and Cinder's download may have the request.
"""

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

from oslo_log import log as logging

from eic_plugins.cache import LockTimeoutError, NotReadableError, PoolCache
from eic_plugins.glance import Location
from eic_plugins.inspection import UnsafeImageError
from eic_plugins.locations import LocationReader
from eic_plugins.model import (
    DOWNLOAD,
    CachedImage,
    Image,
    Outcome,
    Plan,
    Reason,
    Refusal,
    Situation,
    StoredFile,
)
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import (
    OntapError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.planner import GIB, Route, choose
from eic_plugins.routes import FillLimits, FillRoute

LOG = logging.getLogger(__name__)


class RouteFailedError(Exception):
    """A route that was chosen failed; ``final`` if no other one can help."""

    def __init__(self, refusal: Refusal, final: bool) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.final = final


OtherCaches = Callable[[], Iterable[PoolCache]]


@dataclasses.dataclass(frozen=True)
class VolumeRequest:
    """One volume to be made; ``size`` in GiB."""

    image: Image
    find_locations: Callable[[], Sequence[Location]]
    size: int
    file_name: str
    encrypted: bool = False
    pool_is_flexgroup: bool = False


class Engine:
    """Makes volume files on the pools of one cluster."""

    def __init__(self, files: Files, namespace: Namespace, peers: Peers,
                 reader: LocationReader, routes: Iterable[Route],
                 limits: FillLimits) -> None:
        self._files = files
        self._namespace = namespace
        self._peers = peers
        self._reader = reader
        self._routes = {route.name: route for route in routes}
        self._limits = limits

    def create(self, request: VolumeRequest, cache: PoolCache,
               others: OtherCaches) -> Outcome:
        """The volume's file, or an outcome with route ``download``.

        :param others: gives the other pools' caches; asked only on a miss
        """
        started = time.monotonic()
        failed: list[Refusal] = []
        plan = self._try_routes(request, cache, others, failed)
        kept = 0 if plan.is_download else request.image.size
        refusals = tuple(dict.fromkeys((*failed, *plan.refusals)))
        return Outcome(plan.route, refusals, time.monotonic() - started, kept)

    def _try_routes(self, request: VolumeRequest, cache: PoolCache,
                    others: OtherCaches,
                    failed: list[Refusal]) -> Plan:
        routes = dict(self._routes)
        while True:
            try:
                situation = self._situation(request, cache, others)
                plan = choose(routes.values(), situation)
                if plan.is_download:
                    return plan
                return self._execute(plan, request, cache)
            except RouteFailedError as err:
                refusal, final = err.refusal, err.final
            except OntapError as err:
                reason = _reason_of(err, Reason.FILL_FAILED)
                refusal, final = Refusal('all', reason, str(err)), True
            _warn(request, cache, refusal, final)
            failed.append(refusal)
            routes.pop(refusal.route, None)
            if final:
                return Plan(DOWNLOAD, None)

    def _situation(self, request: VolumeRequest, cache: PoolCache,
                   others: OtherCaches) -> Situation:
        situation = Situation(
            request.image, cache.pool, request.size,
            cached=cache.find(request.image),
            volume_encrypted=request.encrypted,
            pool_is_flexgroup=request.pool_is_flexgroup)
        if situation.cached is not None:
            # A hit needs neither Glance nor ONTAP to be planned.
            return situation
        copies, unusable = self._resolve(request)
        found = (other.find(request.image) for other in others())
        elsewhere = tuple(image for image in found if image)
        return dataclasses.replace(
            situation, copies=copies, unusable=unusable,
            cached_elsewhere=elsewhere,
            peered_svms=self._peered_svms(cache.pool.flexvol.svm, copies))

    def _peered_svms(self, own: str, copies: Iterable[StoredFile],
                     ) -> frozenset[str]:
        svms = {copy.flexvol.svm for copy in copies} - {own}
        return frozenset(svm for svm in svms if self._peers.may_copy(own, svm))

    def _resolve(self, request: VolumeRequest,
                 ) -> tuple[tuple[StoredFile, ...], tuple[Refusal, ...]]:
        copies, refusals = self._reader.read_all(request.find_locations())
        located = [self._namespace.locate(copy) for copy in copies]
        files = tuple(f for f in located if isinstance(f, StoredFile))
        unlocated = tuple(f for f in located if isinstance(f, Refusal))
        # What is on a cluster but not on ours says more than what no plugin
        # reads, so it is named first.
        return files, (*unlocated, *refusals)

    def _execute(self, plan: Plan, request: VolumeRequest,
                 cache: PoolCache) -> Plan:
        cached, made = self._cached_image(plan, request.image, cache)
        self._clone(plan, cached, request, cache)
        cache.touch(request.image)
        # Who waited for another volume's fill found the image cached.
        return plan if made else dataclasses.replace(plan, route='cached')

    def _cached_image(self, plan: Plan, image: Image, cache: PoolCache,
                      ) -> tuple[CachedImage, bool]:
        route, source = self._routes[plan.route], plan.source
        if not isinstance(route, FillRoute) or source is None:
            found = cache.find(image)
            if found is None:
                raise RouteFailedError(
                    Refusal(plan.route, Reason.NOT_CACHED), final=False)
            return found, False
        try:
            return cache.ensure(image, lambda target: route.fill(
                self._files, source, target, self._limits))
        except UnsafeImageError as err:
            raise RouteFailedError(Refusal(
                plan.route, Reason.INSPECTION_FAILED, str(err)), True) from err
        except LockTimeoutError as err:
            raise RouteFailedError(Refusal(
                plan.route, Reason.WAIT_TIMED_OUT, str(err)), True) from err
        except OntapUnreachableError as err:
            raise RouteFailedError(Refusal(
                plan.route, Reason.ONTAP_UNREACHABLE, str(err)), True) from err
        except NotReadableError as err:
            raise RouteFailedError(Refusal(
                plan.route, Reason.NOT_READABLE, str(err)), True) from err
        except (OntapError, OSError) as err:
            raise RouteFailedError(Refusal(
                plan.route, Reason.FILL_FAILED, str(err)), False) from err

    def _clone(self, plan: Plan, cached: CachedImage, request: VolumeRequest,
               cache: PoolCache) -> None:
        try:
            self._files.clone(cached.file, cache.pool.file(request.file_name),
                              self._limits.clone)
            self._finish_file(request, cached, cache)
        except (OntapError, OSError) as err:
            cache.remove_volume(request.file_name)
            evicted = self._was_evicted(cached, err)
            if evicted:
                cache.forget(request.image)
            raise RouteFailedError(Refusal(
                plan.route, _reason_of(err, Reason.CLONE_FAILED), str(err)),
                final=not evicted) from err

    def _was_evicted(self, cached: CachedImage, err: Exception) -> bool:
        """ONTAP refused, and the cached image is not there (any more)."""
        if not isinstance(err, OntapRejectedError):
            return False
        try:
            return self._files.stat(cached.file) is None
        except OntapError:
            return False

    @staticmethod
    def _finish_file(request: VolumeRequest, cached: CachedImage,
                     cache: PoolCache) -> None:
        """Check what the clone is on the mount, then grow it to its size.

        The first look at this name on this mount: NFS has no negative entry
        for it yet.
        """
        size = cache.mount.size(request.file_name)
        if size != cached.virtual_size:
            raise OntapError(f'the clone has {size} bytes instead of '
                             f'{cached.virtual_size}')
        if size < request.size * GIB:
            cache.mount.resize(request.file_name, request.size * GIB)


def _warn(request: VolumeRequest, cache: PoolCache, refusal: Refusal,
          final: bool) -> None:
    LOG.warning(
        '%(volume)s: route %(route)s for image %(image)s failed in pool '
        '%(pool)s (%(reason)s: %(why)s); %(next)s.',
        {'volume': request.file_name, 'route': refusal.route,
         'image': request.image.id, 'pool': cache.pool.name,
         'reason': refusal.reason.value, 'why': refusal.detail,
         'next': 'Cinder downloads the image' if final else
                 'trying the next route'})


def _reason_of(err: Exception, otherwise: Reason) -> Reason:
    unreachable = isinstance(err, OntapUnreachableError)
    return Reason.ONTAP_UNREACHABLE if unreachable else otherwise
