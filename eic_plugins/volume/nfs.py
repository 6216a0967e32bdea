"""NFS driver: NetApp's stock ONTAP NFS driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; all ``netapp_*`` and ``nfs_*``
options keep their meaning, and no other credentials are needed::

    [ontap-nfs]
    volume_driver = eic_plugins.volume.nfs.EICNfsDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = nfs
    ...

Every operation but "create a volume from an image" is the stock driver's.
"""

import contextlib
import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cinder import coordination, interface
from cinder.volume import volume_utils
from cinder.volume.drivers.netapp import utils as na_utils
from cinder.volume.drivers.netapp.dataontap import nfs_cmode
from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_concurrency import processutils
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config, eviction, glance, routes
from eic_plugins.breaker import CircuitBreaker
from eic_plugins.cache import LockTimeoutError, PoolCache, raw_size
from eic_plugins.engine import Engine, VolumeRequest
from eic_plugins.eviction import Space, Thresholds
from eic_plugins.glance import ImageLocations, Location
from eic_plugins.inspection import UnsafeImageError
from eic_plugins.locations import LocationReader
from eic_plugins.model import (
    DOWNLOAD,
    Image,
    Outcome,
    Reason,
    Refusal,
    Situation,
    StoredFile,
)
from eic_plugins.mount import ShareMount
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapError, OntapSession
from eic_plugins.planner import bytes_refusal
from eic_plugins.routes import FillLimits
from eic_plugins.volume.backend import endpoint_from_backend
from eic_plugins.volume.report import PoolReport

LOG = logging.getLogger(__name__)
_UNREACHABLE_LIMIT = 2
_UNREACHABLE_SECONDS = 30.0
CONF = cfg.CONF


@interface.volumedriver
class EICNfsDriver(nfs_cmode.NetAppCmodeNfsDriver):
    """Volumes from images by FlexClone of a cached image in the same pool."""

    VERSION = '4.0.0-eic-0.1.0'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The stock driver asks to be made by NetAppDriver, which only knows
        # its own classes; this is what that one passes.
        kwargs.setdefault('app_version', na_utils.OpenStackInfo().info())
        kwargs['netapp_mode'] = 'proxy'
        super().__init__(*args, **kwargs)
        config.register(CONF)
        self._eic = CONF[config.GROUP]
        self._reader = LocationReader.from_entry_points()
        self._routes = routes.load()
        self._pools: dict[str, PoolCache] = {}
        self._image_locations: ImageLocations | None = None

    def do_setup(self, context: Any) -> None:
        """Stock set-up, then a session of our own to the same cluster."""
        super().do_setup(context)
        self._connect(self.failed_over_backend_name or self.backend_name)
        self._check_coordination()
        LOG.info('EIC %(version)s for backend %(backend)s: routes %(routes)s, '
                 'locations %(locations)s.',
                 {'version': self.VERSION, 'backend': self.backend_name,
                  'routes': ', '.join(route.name for route in self._routes),
                  'locations': ', '.join(self._reader.schemes)})

    def _update_zapi_client(self, backend_name: str) -> None:
        super()._update_zapi_client(backend_name)
        self._connect(backend_name)

    def _connect(self, backend_name: str) -> None:
        backend = dot_utils.get_backend_configuration(backend_name)
        session = OntapSession(endpoint_from_backend(backend))
        self._files = Files(session)
        self._namespace = Namespace(session, backend.netapp_vserver)
        self._peers = Peers(session, self._eic.create_svm_peering)
        self._report = PoolReport(self._namespace)
        self._unplaced: set[str] = set()
        self._ontap_breaker = CircuitBreaker(
            f'ONTAP at {backend.netapp_server_hostname}',
            'volumes from images are downloaded.', _UNREACHABLE_LIMIT,
            _UNREACHABLE_SECONDS)
        self._pools = {}
        self._engine = Engine(
            self._files, self._namespace, self._peers, self._reader,
            self._routes,
            FillLimits(clone=self._eic.clone_timeout,
                       copy=self._eic.copy_offload_timeout,
                       copy_throughput=self._eic.copy_offload_max_throughput))

    def _check_coordination(self) -> None:
        url = CONF.coordination.backend_url or ''
        if not url.startswith('file://'):
            return
        LOG.info('[coordination] backend_url is %s: right as long as no other '
                 'host runs cinder-volume on the same shares.', url)
        if self.cluster_name:
            LOG.error('[coordination] backend_url is %s, which locks on this '
                      'host alone, but cinder-volume runs active-active in '
                      'cluster %s: volumes on several hosts will make the '
                      'same cached image and disturb each other. Set it to '
                      'etcd, Redis or another shared backend of tooz.',
                      url, self.cluster_name)

    def clone_image(self, context: Any, volume: Any, image_location: Any,
                    image_meta: Mapping[str, Any], image_service: Any,
                    ) -> tuple[dict[str, Any] | None, bool]:
        """The volume from the image's cached image, made if need be.

        ``(None, False)`` hands the request back to Cinder, which downloads the
        image; nothing of the attempt is left behind then.
        """
        share = volume_utils.extract_host(volume['host'], level='pool')
        update = None
        try:
            outcome = self._create_from_image(volume, share, image_location,
                                              image_meta)
            if not outcome.is_download:
                update = self._hand_over(volume, share)
        except Exception:
            LOG.exception('Volume %(volume)s of image %(image)s in pool '
                          '%(pool)s: an error of ours; Cinder downloads the '
                          'image.', {'volume': volume['id'], 'pool': share,
                                     'image': image_meta.get('id')})
            outcome = _left_to_cinder(Reason.INTERNAL_ERROR)
            volume['provider_location'] = None
            self._discard_file(share, volume['name'])
        self._log(volume, image_meta, share, outcome)
        self._record(context, volume, outcome)
        self._learn(share, image_meta['id'], outcome)
        return update, update is not None

    def _create_from_image(self, volume: Any, share: str, image_location: Any,
                           image_meta: Mapping[str, Any]) -> Outcome:
        if not self._ontap_breaker.allows():
            return _left_to_cinder(Reason.ONTAP_UNREACHABLE)
        try:
            cache = self._cache_of(share)
        except (OntapError, UnknownShareError) as err:
            LOG.warning('Volume %(volume)s: where pool %(pool)s is on ONTAP is '
                        'not to be had; Cinder downloads the image: %(err)s',
                        {'volume': volume['id'], 'pool': share, 'err': err})
            return _left_to_cinder(
                Reason.POOL_UNKNOWN if isinstance(err, UnknownShareError)
                else Reason.ONTAP_UNREACHABLE)
        image = glance.image_from_meta(image_meta)
        request = VolumeRequest(
            image=image,
            find_locations=functools.partial(
                self._find_locations, image, image_location),
            size=volume['size'],
            file_name=volume['name'],
            encrypted=bool(volume['encryption_key_id']),
            pool_is_flexgroup=self._cannot_clone_files(volume))
        return self._engine.create(
            request, cache,
            others=functools.partial(self._caches_but, share))

    def _cannot_clone_files(self, volume: Any) -> bool:
        """As the stock driver decides it: a FlexGroup of an older ONTAP."""
        return bool(self._is_flexgroup(host=volume['host'])
                    and not self._is_flexgroup_clone_file_supported())

    def _hand_over(self, volume: Any, share: str) -> dict[str, Any]:
        """What Cinder has to know of the new volume."""
        volume['provider_location'] = share
        # Removes the file itself when it fails.
        self._do_qos_for_volume(volume, na_utils.get_volume_extra_specs(volume))
        # Nobody is to probe the format of bytes that a guest wrote.
        with volume.obj_as_admin():
            volume.admin_metadata['format'] = 'raw'
            volume.save()
        update = self._get_volume_model_update(volume) or {}
        return {**update, 'provider_location': share, 'bootable': True}

    def copy_image_to_volume(self, context: Any, volume: Any,
                             image_service: Any, image_id: str,
                             disable_sparse: bool = False) -> None:
        """Cinder's download; its bytes then become the cached image."""
        super().copy_image_to_volume(context, volume, image_service, image_id,
                                     disable_sparse=disable_sparse)
        try:
            meta = image_service.show(context, image_id)
            self._cache_downloaded(volume, glance.image_from_meta(meta))
        except LockTimeoutError:
            LOG.debug('Another volume is making the cached image %s.', image_id)
        except (OntapError, OSError, UnsafeImageError) as err:
            # The volume is good whatever becomes of the cached image.
            LOG.warning('Image %(image)s was downloaded for volume %(volume)s '
                        'but not cached, so the next volume is downloaded, '
                        'too: %(err)s', {'image': image_id, 'err': err,
                                         'volume': volume['id']})
        except Exception:
            LOG.exception('Image %s was downloaded but not cached, by an error '
                          'of ours.', image_id)

    def _register_image_in_cache(self, volume: Any, image_id: str) -> None:
        """Left out: the stock driver publishes what nobody has inspected,
        in the size of the first volume. See :meth:`_cache_downloaded`.
        """

    def _cache_downloaded(self, volume: Any, image: Image) -> None:
        size = raw_size(image)
        share = volume['provider_location']
        cache = self._cache_of(share)
        refused = bytes_refusal(Situation(
            image, cache.pool, volume['size'],
            volume_encrypted=bool(volume['encryption_key_id']),
            pool_is_flexgroup=self._cannot_clone_files(volume)))
        if refused or not size or cache.find(image) or (
                not self._ontap_breaker.healthy):
            return

        def fill(target: StoredFile) -> None:
            self._files.clone(cache.pool.file(volume['name']), target,
                              self._eic.clone_timeout)
            # The volume has grown to its own size; the image has not.
            cache.mount.resize(target.name, size)

        # The volume is complete: it waits for nobody.
        cache.ensure(image, fill, wait=False)
        self._report.add(share, image.id)

    def _clean_image_cache(self) -> None:
        """The stock driver's periodic task, by real last use; also removes
        what fills that were cut off have left.
        """
        thresholds = Thresholds(self.configuration.thres_avl_size_perc_start,
                                self.configuration.thres_avl_size_perc_stop,
                                self.configuration.expiry_thres_minutes)
        for cache in self._caches_but(None):
            try:
                cache.sweep(time.time())
                total, available = self._get_capacity_info(cache.pool.name)
                self._make_room(cache, Space(total, available), thresholds)
            except Exception:
                LOG.exception('Pool %s was not cleaned; it is tried again after '
                              'netapp_nfs_image_cache_cleanup_interval.',
                              cache.pool.name)

    def _make_room(self, cache: PoolCache, space: Space,
                   thresholds: Thresholds) -> None:
        for usage in eviction.choose(cache.usages(), space, thresholds,
                                     time.time()):
            try:
                if cache.evict(usage):
                    self._report.discard(cache.pool.name, usage.image_id)
            except LockTimeoutError:
                LOG.debug('Cached image %s is being made and stays.',
                          usage.image_id)

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        for pool in self._stats['pools']:
            pool['eic'] = self._pool_facts(pool['pool_name'])

    def _pool_facts(self, share: str) -> dict[str, Any]:
        """What the weigher needs; nothing if it cannot be had right now."""
        try:
            facts = self._report.facts(self._cache_of(share))
        except Exception as err:
            # Whatever it is, the pool itself must be reported. Once a minute
            # is too often to say so.
            if share not in self._unplaced:
                LOG.warning('Pool %(pool)s is reported without its place on '
                            'ONTAP, so the weigher cannot prefer it: %(err)s',
                            {'pool': share, 'err': err})
            self._unplaced.add(share)
            return {}
        if share in self._unplaced:
            LOG.info('Pool %s is reported with its place again.', share)
            self._unplaced.discard(share)
        return facts

    def _cache_of(self, share: str) -> PoolCache:
        """The cached images of a pool.

        :raises UnknownShareError: the share is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        if share not in self._pools:
            secure = self.configuration.nas_secure_file_permissions == 'true'
            mount = ShareMount(self._get_mount_point_for_share(share),
                               self._run_command, 0o660 if secure else 0o666)
            self._pools[share] = PoolCache(
                self._namespace.pool(share), mount, self._files, self._lock)
        return self._pools[share]

    def _caches_but(self, share: str | None) -> Iterator[PoolCache]:
        """The other pools' caches; one that is out of order is left out."""
        for other in self._mounted_shares:
            if other == share:
                continue
            try:
                yield self._cache_of(other)
            except (OntapError, UnknownShareError) as err:
                LOG.warning('No cached images are looked for in %(pool)s: '
                            '%(err)s', {'pool': other, 'err': err})

    def _learn(self, share: str, image_id: str, outcome: Outcome) -> None:
        """What this volume says about the cluster and the pool."""
        reasons = {refusal.reason for refusal in outcome.refusals}
        if not outcome.is_download:
            self._report.add(share, image_id)
        if Reason.ONTAP_UNREACHABLE not in reasons:
            self._ontap_breaker.succeeded()
        elif self._ontap_breaker.allows():
            self._ontap_breaker.failed()
        if reasons & {Reason.CLONE_FAILED, Reason.FILL_FAILED}:
            # What was looked up may not be true any more.
            self._pools = {}
            self._namespace.forget()
            self._peers.forget()

    def _find_locations(self, image: Image,
                        image_location: Any) -> Sequence[Location]:
        """What Cinder found; else what our own credentials find."""
        locations = glance.locations_from_cinder(image_location)
        if locations:
            return locations
        try:
            if self._image_locations is None:
                self._image_locations = ImageLocations(CONF)
            return self._image_locations.find(image.id)
        except Exception as err:
            LOG.warning('No locations of image %(image)s: %(err)s',
                        {'image': image.id, 'err': err})
            return ()

    @contextlib.contextmanager
    def _lock(self, name: str, wait: bool) -> Iterator[None]:
        """Cinder's own coordination ([coordination] backend_url)."""
        lock = coordination.COORDINATOR.get_lock(name)
        timeout = float(self._eic.fill_wait_timeout) if wait else 0.0
        if not lock.acquire(blocking=timeout or False):
            raise LockTimeoutError(f'lock {name} not acquired in {timeout} s')
        try:
            yield
        finally:
            lock.release()

    def _run_command(self, *command: str) -> None:
        """As the stock driver works on its shares: through rootwrap or not.

        :raises OSError: the command failed
        """
        try:
            self._execute(*command, run_as_root=self._execute_as_root)
        except processutils.ProcessExecutionError as err:
            raise PermissionError(
                f'{" ".join(command)} failed: {err.stderr}') from err

    def _record(self, context: Any, volume: Any, outcome: Outcome) -> None:
        """The outcome in the volume's metadata: worth having, no more."""
        if not self._eic.record_outcome:
            return
        try:
            # Adds to what the user may have set since the request; saving
            # the volume would replace that.
            volume.metadata = self.db.volume_metadata_update(
                context, volume['id'], outcome.to_metadata(), False)
            volume.obj_reset_changes(['metadata'])
        except Exception as err:
            LOG.warning('The outcome is not in the metadata of volume '
                        '%(volume)s: %(err)s',
                        {'volume': volume['id'], 'err': err})

    def _discard_file(self, share: str, name: str) -> None:
        try:
            self._cache_of(share).remove_volume(name)
        except Exception as err:
            LOG.warning('Could not remove %(file)s from %(pool)s, which '
                        'Cinder will now overwrite: %(err)s',
                        {'file': name, 'pool': share, 'err': err})

    def _log(self, volume: Any, image_meta: Mapping[str, Any], share: str,
             outcome: Outcome) -> None:
        LOG.info('Volume %(volume)s of image %(image)s in pool %(pool)s: route '
                 '%(route)s in %(seconds).3f s; refused: %(refused)s',
                 {'volume': volume['id'], 'image': image_meta.get('id'),
                  'pool': share, 'route': outcome.route,
                  'seconds': outcome.seconds,
                  'refused': outcome.explain() or 'none'})


def _left_to_cinder(reason: Reason) -> Outcome:
    """The outcome where no route was as much as tried."""
    return Outcome(DOWNLOAD, (Refusal('all', reason),), 0.0, 0)
