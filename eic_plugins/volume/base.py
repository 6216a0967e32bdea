"""What EIC's drivers have in common: "create a volume from an image".

A driver mixes :class:`VolumeFromImage` into a stock NetApp driver, and says
what its pools are and how a volume is told of. Everything else is the stock
driver's.
"""

import abc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cinder import exception, objects
from cinder.volume import volume_utils
from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import units

from eic_plugins import config
from eic_plugins.engine import routes
from eic_plugins.engine.demand import Demand, Neighbours
from eic_plugins.engine.engine import Engine
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.engine.refused_images import Refusals
from eic_plugins.engine.routes import Copier, FillLimits
from eic_plugins.engine.toolbox import FileFinder, Toolbox
from eic_plugins.glance.documents import image_from_meta
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import (
    CachedImage,
    Image,
    KnownPool,
    Outcome,
    Reason,
    VolumeProperties,
)
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import (
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
    OntapSession,
)
from eic_plugins.storage.eviction import Caps, Space, Thresholds
from eic_plugins.storage.interface import PoolStorage
from eic_plugins.storage.names import FILL_PREFIX
from eic_plugins.storage.seals import Seals
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.volume import locks, record_secret
from eic_plugins.volume.backend import endpoint_from_backend
from eic_plugins.volume.capability import PoolCapabilities
from eic_plugins.volume.cleaner import Cleaner
from eic_plugins.volume.deployment import Deployment
from eic_plugins.volume.evictor import Evictor, Policy
from eic_plugins.volume.fetch import Fetcher
from eic_plugins.volume.free_space import FreeSpace
from eic_plugins.volume.handover import Fetched
from eic_plugins.volume.image_source import GlanceLocations, RequestedImage
from eic_plugins.volume.image_volumes import ImageVolumes
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.outcomes import (
    CREATED,
    Event,
    OutcomeRecorder,
    left_to_cinder,
)
from eic_plugins.volume.stats_publisher import StatsPublisher, ask_own_service

LOG = logging.getLogger(__name__)
_UNREACHABLE_LIMIT = 2
_UNREACHABLE_SECONDS = 30.0
CONF = cfg.CONF

ModelUpdate = dict[str, Any]


class VolumeFromImage(abc.ABC):
    """``clone_image``, and what else becomes of a volume from an image.

    A mixin: it stands before the stock driver among a driver's bases.
    """

    # What the stock driver has.
    configuration: Any
    db: Any
    host: str
    backend_name: str
    cluster_name: str | None
    failed_over_backend_name: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config.register(CONF)
        self._eic = CONF[config.GROUP]
        self._reader = LocationReader.from_entry_points()
        self._routes = routes.load()
        self._caches: dict[str, PoolCache] = {}
        self._deployment = Deployment(self._own_pools)
        self._seals = Seals(record_secret.read(CONF))
        self._glance_locations = GlanceLocations()
        self._locks = locks.Locks(self._eic.fill_wait_timeout)
        self._refusals = Refusals(Path(CONF.state_path) / 'eic-refused')
        self._publisher = StatsPublisher(lambda: ask_own_service(self.host))
        self._service_uuid: str | None = None
        self._unplaced: set[str] = set()
        directory = self._eic.metrics_directory
        self._metrics = Metrics(
            self.backend_name, Path(directory) if directory else None
        )

    @abc.abstractmethod
    def _copier(self, session: OntapSession) -> Copier:
        """What clones and copies on ONTAP, for this protocol."""

    def _image_copier(self, session: OntapSession) -> Copier | None:
        """What makes what the pools hold of image files, if not the above."""
        return None

    @abc.abstractmethod
    def _finder(self) -> FileFinder:
        """Finds image files that are of use to the pools."""

    def _volume_finder(self) -> FileFinder:
        """As :meth:`_finder`, for the files of image-volumes."""
        return self._finder()

    @abc.abstractmethod
    def _capacity(self, pool_name: str) -> Space:
        """A pool's capacity in bytes."""

    @abc.abstractmethod
    def _pool_names(self) -> Sequence[str]:
        """The backend's pools as the scheduler knows them."""

    @abc.abstractmethod
    def _storage_of(self, pool_name: str) -> PoolStorage:
        """Where a pool keeps cached images.

        :raises UnknownShareError: the pool is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """

    @abc.abstractmethod
    def _search(self, image: Image, pool_name: str) -> Sequence[CachedImage]:
        """Cached images in pools of other backends of the cluster."""

    @abc.abstractmethod
    def _hand_over(self, volume: Any, pool_name: str) -> ModelUpdate:
        """What Cinder has to know of the new volume."""

    def _properties(self, volume: Any) -> VolumeProperties:
        """What the clone of a volume has to have of its own."""
        return VolumeProperties()

    @abc.abstractmethod
    def _cannot_clone(self, volume: Any) -> bool:
        """True if the volume's pool is one that EIC leaves to Cinder."""

    def do_setup(self, context: Any) -> None:
        """Stock set-up, then a session of our own to the same cluster."""
        super().do_setup(context)  # type: ignore[misc]
        self._recorder = OutcomeRecorder(self.db, self.host, self._metrics)
        self._connect(self.failed_over_backend_name or self.backend_name)
        locks.check_reach(self.cluster_name)
        # What an earlier process counted is not this one's.
        self._metrics.write(at_once=True)
        LOG.info(
            'EIC for backend %(backend)s: routes %(routes)s, locations %(locations)s.',
            {
                'backend': self.backend_name,
                'routes': ', '.join(route.name for route in self._routes),
                'locations': ', '.join(self._reader.schemes),
            },
        )

    def _connect(self, backend_name: str) -> None:
        backend = dot_utils.get_backend_configuration(backend_name)
        session = OntapSession(endpoint_from_backend(backend))
        self._namespace = Namespace(session, backend.netapp_vserver)
        self._peers = Peers(session, self._eic.create_svm_peering)
        self._clone_limits = CloneLimits(session, self._eic.clone_limit_percent)
        self._report = PoolCapabilities(self._namespace)
        self._free_space = FreeSpace(self._capacity)
        self._evictor = self._make_evictor()
        self._ontap_breaker = CircuitBreaker(
            f'ONTAP at {backend.netapp_server_hostname}',
            'volumes from images are downloaded.',
            _UNREACHABLE_LIMIT,
            _UNREACHABLE_SECONDS,
        )
        self._caches = {}
        copier = self._copier(session)
        image_copier = self._image_copier(session)
        self._engine = Engine(
            Toolbox(
                copier=copier,
                finder=self._finder(),
                peering=self._peers,
                reader=self._reader,
                routes=self._routes,
                limits=FillLimits(
                    clone=self._eic.clone_timeout,
                    copy=self._eic.copy_offload_timeout,
                    copy_throughput=self._eic.copy_offload_max_throughput,
                ),
                image_copier=image_copier,
                refusals=self._refusals,
            )
        )

    def clone_image(
        self,
        context: Any,
        volume: Any,
        image_location: Any,
        image_meta: Mapping[str, Any],
        image_service: Any,
    ) -> tuple[ModelUpdate | None, bool]:
        """The volume from the image's cached image, made if need be.

        ``(None, False)`` hands the request back to Cinder, which downloads the
        image; nothing of the attempt is left behind then.
        """
        pool_name = volume_utils.extract_host(volume['host'], level='pool')
        update, fetched = None, Fetched()
        try:
            fetcher = self._fetcher(
                context,
                image_service,
                image_from_meta(image_meta),
                volume['size'],
                fetched,
            )
            outcome = self._make(fetcher, volume, volume['name'], image_location)
            if not outcome.left_to_cinder:
                update = self._told(context, volume, pool_name, outcome)
        except Exception:
            LOG.exception(
                'Volume %(volume)s of image %(image)s in pool '
                '%(pool)s: an error of ours; Cinder downloads the '
                'image.',
                {
                    'volume': volume['id'],
                    'pool': pool_name,
                    'image': image_meta.get('id'),
                },
            )
            outcome = left_to_cinder(Reason.INTERNAL_ERROR)
            self._discard(volume, pool_name)
        self._recorder.record(
            context,
            Event(
                CREATED,
                volume,
                image_meta['id'],
                pool_name,
                outcome,
                tuple(image_meta.get('properties') or ()),
            ),
        )
        if update is None:
            fetched.hand_over(image_service, image_meta['id'])
        fetched.drop()
        return update, update is not None

    def _told(
        self, context: Any, volume: Any, pool_name: str, outcome: Outcome
    ) -> ModelUpdate:
        update = {**self._hand_over(volume, pool_name), **self._service_of(context)}
        if outcome.signature_verified:
            # As Cinder's own download records it; last, for it cannot be
            # recorded twice.
            self.db.volume_glance_metadata_bulk_create(
                context, volume['id'], {'signature_verified': True}
            )
        return update

    def _service_of(self, context: Any) -> ModelUpdate:
        """Which service has the volume, said as soon as it is available.

        Cinder saves that a moment after the status. Who attaches the volume in
        between (Nova, when its request for it has just been answered) fails in
        os-brick's ``guard_connection``.
        """
        if self._service_uuid is None:
            try:
                self._service_uuid = str(
                    objects.Service.get_by_args(
                        context.elevated(), self.host, 'cinder-volume'
                    ).uuid
                )
            except exception.CinderException as err:
                LOG.debug('The service of %s is not to be had: %s', self.host, err)
                return {}
        return {'service_uuid': self._service_uuid}

    def copy_image_to_volume(
        self,
        context: Any,
        volume: Any,
        image_service: Any,
        image_id: str,
        disable_sparse: bool = False,
    ) -> None:
        """Cinder's download of what was handed back to it.

        Otherwise this is a volume that gets another image (``reimage``, the
        rebuild of a server): from the cached image, if the driver can do that.
        Such a volume was there before; the status is the same for both.
        """
        if volume['launched_at'] is not None and self._reimage(
            context, volume, image_service, image_id
        ):
            return
        super().copy_image_to_volume(  # type: ignore[misc]
            context, volume, image_service, image_id, disable_sparse=disable_sparse
        )

    def _reimage(
        self, context: Any, volume: Any, image_service: Any, image_id: str
    ) -> bool:
        """Replace the volume's bytes; False, as here, leaves it to Cinder."""
        return False

    def delete_volume(self, volume: Any) -> None:
        """The stock driver's; it leaves the bytes of a volume whose making
        was cut off, for Cinder does not know yet where they are.
        """
        super().delete_volume(volume)  # type: ignore[misc]
        if not volume['provider_location'] and volume['host']:
            self._discard(
                volume, volume_utils.extract_host(volume['host'], level='pool')
            )

    def _make(
        self, fetcher: Fetcher, volume: Any, name: str, image_location: Any
    ) -> Outcome:
        """The volume's bytes under ``name``, or why not."""
        pool_name = volume_utils.extract_host(volume['host'], level='pool')
        if not self._ontap_breaker.allows():
            return left_to_cinder(Reason.ONTAP_UNREACHABLE)
        try:
            cache = self._cache_of(pool_name)
        except (OntapError, UnknownShareError) as err:
            LOG.warning(
                'Volume %(volume)s: where pool %(pool)s is on ONTAP is '
                'not to be had; Cinder downloads the image: %(err)s',
                {'volume': volume['id'], 'pool': pool_name, 'err': err},
            )
            outcome = left_to_cinder(_reason_without_pool(err))
            self._learn(pool_name, fetcher.image.id, outcome)
            return outcome
        source = RequestedImage(
            fetcher,
            self._glance_locations,
            image_location,
            ImageVolumes(self._volume_finder(), fetcher.image, volume['project_id']),
        )
        demand = self._demand(
            source,
            cache,
            encrypted=bool(volume['encryption_key_id']),
            pool_is_flexgroup=self._cannot_clone(volume),
        )
        outcome = self._engine.create(
            _NewVolume(self, volume, name), demand, cache, self._neighbours(pool_name)
        )
        self._learn(pool_name, fetcher.image.id, outcome)
        return outcome

    def _fetcher(
        self,
        context: Any,
        image_service: Any,
        image: Image,
        size: int | None,
        fetched: Fetched,
    ) -> Fetcher:
        return Fetcher(
            context,
            image_service,
            image,
            volume_utils.extract_host(self.host),
            self.configuration.volume_dd_blocksize,
            bool(getattr(self, '_execute_as_root', True)),
            size,
            fetched,
        )

    def _demand(self, source: RequestedImage, cache: PoolCache, **facts: Any) -> Demand:
        return Demand(
            source.fetcher.image,
            source,
            size=source.fetcher.size,
            refused=source.fetcher.refusal,
            clone_limit_reached=self._clone_limits.reached(cache.pool.flexvol),
            **facts,
        )

    def _neighbours(self, pool_name: str) -> Neighbours:
        return _OtherPools(self, pool_name)

    def _cache_of(self, pool_name: str) -> PoolCache:
        """The cached images of a pool; raises what ``_storage_of`` does."""
        if pool_name not in self._caches:
            self._caches[pool_name] = PoolCache(
                self._storage_of(pool_name), self._locks, self._evictor
            )
        return self._caches[pool_name]

    def _caches_but(self, pool_name: str | None) -> Iterator[PoolCache]:
        """The other pools' caches; one that is out of order is left out."""
        for other in self._pool_names():
            if other == pool_name:
                continue
            try:
                yield self._cache_of(other)
            except (OntapError, UnknownShareError) as err:
                LOG.warning(
                    'No cached images are looked for in %(pool)s: %(err)s',
                    {'pool': other, 'err': err},
                )

    def _own_pools(self) -> Iterator[KnownPool]:
        """The backend's pools, as other backends know them."""
        host = self.cluster_name or self.host
        for cache in self._caches_but(None):
            flexvol = cache.pool.flexvol
            yield KnownPool(
                f'{host}#{cache.pool.name}',
                flexvol.cluster,
                flexvol.svm,
                flexvol.uuid,
                self._report.images(cache.pool.name),
                cache.pool.directory,
                cache.storage.kind,
            )

    def _watch_limits(self) -> None:
        """For the periodic statistics, which nothing here may break."""
        try:
            caches = list(self._caches_but(None))
            self._clone_limits.refresh(cache.pool.flexvol for cache in caches)
            for cache in caches:
                self._metrics.clone_limit(
                    cache.pool.name, self._clone_limits.used(cache.pool.flexvol)
                )
            self._metrics.write(at_once=True)
        except Exception:
            LOG.exception(
                "ONTAP's limits for clones are not watched, by an error of ours."
            )

    def _learn(self, pool_name: str, image_id: str, outcome: Outcome) -> None:
        """What this outcome says about the cluster and the pool."""
        reasons = {refusal.reason for refusal in outcome.refusals}
        if not outcome.left_to_cinder:
            self._report.add(pool_name, image_id)
        if outcome.fills:
            self._publisher.publish_soon()
        if Reason.ONTAP_UNREACHABLE in reasons:
            self._metrics.ontap(answered=False)
            if self._ontap_breaker.allows():
                self._ontap_breaker.failed()
        elif not outcome.left_to_cinder or Reason.CLONE_FAILED in reasons:
            # Of an image that was refused, ONTAP was not even asked.
            self._metrics.ontap(answered=True)
            self._ontap_breaker.succeeded()
        # What was looked up may not be true any more.
        if reasons & {Reason.CLONE_FAILED, Reason.FILL_FAILED}:
            self._caches = {}
            self._namespace.forget()
        if reasons & {Reason.FILL_FAILED, Reason.SVM_NOT_PEERED}:
            self._peers.forget()

    def _discard(self, volume: Any, pool_name: str) -> None:
        """Remove what there is of a volume that is nowhere recorded."""
        volume['provider_location'] = None
        self._remove(pool_name, volume['name'])

    def _remove(self, pool_name: str, name: str) -> None:
        """Remove a volume's bytes, or what was to replace them."""
        try:
            storage = self._cache_of(pool_name).storage
            if name.startswith(FILL_PREFIX):
                storage.remove(name)
            else:
                storage.remove_volume(name)
        except Exception as err:
            LOG.warning(
                'Could not remove %(name)s from %(pool)s: %(err)s',
                {'name': name, 'pool': pool_name, 'err': err},
            )

    def _clean(self) -> None:
        """Periodically, see :mod:`eic_plugins.volume.cleaner`."""
        Cleaner(self._evictor, self._metrics).clean(self._caches_but(None))
        locks.remove_idle_files()

    def _make_evictor(self) -> Evictor:
        options = self.configuration
        return Evictor(
            Policy(
                Thresholds(
                    options.thres_avl_size_perc_start,
                    options.thres_avl_size_perc_stop,
                    options.expiry_thres_minutes,
                ),
                Caps(self._eic.cache_max_size_gb * units.Gi, self._eic.cache_max_count),
                self._evicted_last,
            ),
            self._free_space,
            self._report,
            self._metrics,
        )

    def _know_capacity(self, pools: Iterable[Mapping[str, Any]]) -> None:
        """What the statistics have just read of the backend's pools."""
        for pool in pools:
            total, free = (pool.get(f'{key}_capacity_gb') for key in ('total', 'free'))
            if isinstance(total, int | float) and isinstance(free, int | float):
                self._free_space.note(
                    pool['pool_name'],
                    Space(int(total * units.Gi), int(free * units.Gi)),
                )

    def _evicted_last(self, _pool_name: str) -> frozenset[str]:
        """Ids of images that are to stay as long as possible."""
        return frozenset()

    def _pool_facts(self, pool_name: str) -> dict[str, Any]:
        """What the weigher needs; nothing if it cannot be had right now."""
        try:
            facts = self._report.facts(self._cache_of(pool_name))
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


class _OtherPools:
    """Where else than in one pool of a backend an image may be cached."""

    def __init__(self, driver: VolumeFromImage, pool_name: str) -> None:
        self._driver = driver
        self._pool_name = pool_name

    def pools(self) -> Iterable[PoolCache]:
        """The backend's other pools."""
        return self._driver._caches_but(self._pool_name)

    def search(self, image: Image) -> Sequence[CachedImage]:
        """The cached image in pools of other backends of the cluster."""
        return self._driver._search(image, self._pool_name)


class _NewVolume:
    """A volume of Cinder's, under the name that it is made with."""

    def __init__(self, driver: VolumeFromImage, volume: Any, name: str) -> None:
        self.name = name
        self._driver = driver
        self._volume = volume

    def properties(self) -> VolumeProperties:
        """What its clone is to have."""
        return self._driver._properties(self._volume)


def _reason_without_pool(err: Exception) -> Reason:
    """Why a pool's place on ONTAP is not to be had."""
    kinds: Mapping[type[Exception], Reason] = {
        UnknownShareError: Reason.POOL_UNKNOWN,
        OntapForbiddenError: Reason.PERMISSION_DENIED,
        OntapRejectedError: Reason.LOOKUP_FAILED,
    }
    return next(
        (reason for kind, reason in kinds.items() if isinstance(err, kind)),
        Reason.ONTAP_UNREACHABLE,
    )
