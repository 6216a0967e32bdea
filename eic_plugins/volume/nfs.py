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
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cinder import coordination, interface
from cinder.volume import volume_utils
from cinder.volume.drivers.netapp import utils as na_utils
from cinder.volume.drivers.netapp.dataontap import nfs_cmode
from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config, glance, routes
from eic_plugins.cache import PoolCache, raw_size
from eic_plugins.engine import Engine, LockTimeoutError, VolumeRequest
from eic_plugins.glance import ImageLocations, Location
from eic_plugins.locations import LocationReader
from eic_plugins.model import Image, Outcome, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.session import OntapError, OntapSession
from eic_plugins.routes import FillTimeouts
from eic_plugins.volume.backend import endpoint_from_backend
from eic_plugins.volume.report import PoolReport

LOG = logging.getLogger(__name__)
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

    def _update_zapi_client(self, backend_name: str) -> None:
        super()._update_zapi_client(backend_name)
        self._connect(backend_name)

    def _connect(self, backend_name: str) -> None:
        backend = dot_utils.get_backend_configuration(backend_name)
        session = OntapSession(endpoint_from_backend(backend))
        self._files = Files(session)
        self._namespace = Namespace(session)
        self._report = PoolReport(self._namespace)
        self._pools = {}
        self._engine = Engine(
            self._files, self._namespace, self._reader, self._routes,
            FillTimeouts(clone=self._eic.clone_timeout,
                         copy=self._eic.copy_offload_timeout),
            resize=self._resize_file)

    def clone_image(self, context: Any, volume: Any, image_location: Any,
                    image_meta: Mapping[str, Any], image_service: Any,
                    ) -> tuple[dict[str, Any] | None, bool]:
        """The volume from the image's cached image, made if need be.

        ``(None, False)`` hands the request back to Cinder, which downloads the
        image; nothing of the attempt is left behind then.
        """
        share = volume_utils.extract_host(volume['host'], level='pool')
        try:
            outcome = self._create_from_image(volume, share, image_location,
                                              image_meta)
        except Exception:
            LOG.exception('EIC could not clone image %s; Cinder downloads it.',
                          image_meta.get('id'))
            self._discard_file(share, volume['name'])
            return None, False
        self._log(volume, image_meta, share, outcome)
        if outcome.is_download:
            self._record(volume, outcome)
            return None, False
        return self._hand_over(volume, share, outcome)

    def _create_from_image(self, volume: Any, share: str, image_location: Any,
                           image_meta: Mapping[str, Any]) -> Outcome:
        image = glance.image_from_meta(image_meta)
        request = VolumeRequest(
            image=image,
            find_locations=functools.partial(
                self._find_locations, image, image_location),
            size=volume['size'],
            file_name=volume['name'],
            path=self._get_volume_path(share, volume['name']),
            encrypted=bool(volume['encryption_key_id']),
            pool_is_flexgroup=self._is_flexgroup(host=volume['host']))
        others = [self._cache_of(other) for other in self._mounted_shares
                  if other != share]
        return self._engine.create(request, self._cache_of(share), others)

    def _hand_over(self, volume: Any, share: str, outcome: Outcome,
                   ) -> tuple[dict[str, Any] | None, bool]:
        """What Cinder has to know of the new volume."""
        volume['provider_location'] = share
        try:
            # Removes the file itself when it fails.
            self._do_qos_for_volume(volume,
                                    na_utils.get_volume_extra_specs(volume))
            self._record(volume, outcome)
            update = self._get_volume_model_update(volume) or {}
        except Exception:
            LOG.exception('The clone for volume %s could not be handed over; '
                          'Cinder downloads the image.', volume['id'])
            self._discard_file(share, volume['name'])
            volume['provider_location'] = None
            return None, False
        return {**update, 'provider_location': share, 'bootable': True}, True

    def copy_image_to_volume(self, context: Any, volume: Any,
                             image_service: Any, image_id: str,
                             disable_sparse: bool = False) -> None:
        """Cinder's download; its bytes then become the cached image."""
        super().copy_image_to_volume(context, volume, image_service, image_id,
                                     disable_sparse=disable_sparse)
        try:
            meta = image_service.show(context, image_id)
            self._cache_downloaded(volume, glance.image_from_meta(meta))
        except Exception as err:
            # The volume is good whatever becomes of the cached image.
            LOG.warning('Image %(image)s was downloaded but not cached: '
                        '%(err)s', {'image': image_id, 'err': err})

    def _register_image_in_cache(self, volume: Any, image_id: str) -> None:
        """Left out: the stock driver publishes what nobody has inspected,
        in the size of the first volume. See :meth:`_cache_downloaded`.
        """

    def _cache_downloaded(self, volume: Any, image: Image) -> None:
        size = raw_size(image)
        cacheable = size and not (image.signed or image.encrypted
                                  or volume['encryption_key_id'])
        if not cacheable:
            return
        share = volume['provider_location']
        cache = self._cache_of(share)

        def fill(target: StoredFile) -> None:
            self._files.clone(cache.pool.file(volume['name']), target,
                              self._eic.clone_timeout)
            # The volume has grown to its own size; the image has not.
            path = self._get_volume_path(share, target.name)
            self._set_rw_permissions(path)
            self._resize_file(path, size)

        cache.ensure(image, fill)
        self._report.add(share, image.id)

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        for pool in self._stats['pools']:
            pool['eic'] = self._pool_facts(pool['pool_name'])

    def _pool_facts(self, share: str) -> dict[str, Any]:
        """What the weigher needs; nothing if it cannot be had right now."""
        try:
            return self._report.facts(self._cache_of(share))
        except (OntapError, UnknownShareError, OSError) as err:
            LOG.warning('Pool %(pool)s is reported without its place on '
                        'ONTAP, so the weigher cannot prefer it: %(err)s',
                        {'pool': share, 'err': err})
            return {}

    def _cache_of(self, share: str) -> PoolCache:
        if share not in self._pools:
            self._pools[share] = PoolCache(
                self._namespace.pool(share),
                self._get_mount_point_for_share(share), self._files,
                self._lock, self._make_accessible)
        return self._pools[share]

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
    def _lock(self, name: str) -> Iterator[None]:
        """Cinder's own coordination ([coordination] backend_url)."""
        lock = coordination.COORDINATOR.get_lock(name)
        timeout = float(self._eic.fill_wait_timeout)
        if not lock.acquire(blocking=timeout or False):
            raise LockTimeoutError(f'lock {name} not acquired in {timeout} s')
        try:
            yield
        finally:
            lock.release()

    def _make_accessible(self, path: str) -> None:
        """The mode of a volume, so that clones need no change of theirs."""
        wanted = 0o660 if self._secure_permissions() else 0o666
        if pathlib.Path(path).stat().st_mode & wanted != wanted:
            self._set_rw_permissions(path)

    def _secure_permissions(self) -> bool:
        return bool(self.configuration.nas_secure_file_permissions == 'true')

    def _resize_file(self, path: str, size: int) -> None:
        """Set the length of a raw file in bytes, sparsely."""
        try:
            os.truncate(path, size)
        except PermissionError:
            self._execute('truncate', '-s', str(size), path,
                          run_as_root=self._execute_as_root)

    def _record(self, volume: Any, outcome: Outcome) -> None:
        """Outcome for the user, and the format so that nobody probes it."""
        if self._eic.record_outcome:
            volume.metadata = {**volume.metadata, **outcome.to_metadata()}
            volume.save()
        if not outcome.is_download:
            with volume.obj_as_admin():
                volume.admin_metadata['format'] = 'raw'
                volume.save()

    def _discard_file(self, share: str, name: str) -> None:
        try:
            self._cache_of(share).remove(name)
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
        if not outcome.is_download:
            self._report.add(share, image_meta['id'])
