"""What the block drivers (iSCSI, Fibre Channel, NVMe) have in common.

Cached images are LUNs or namespaces of the pool's FlexVol, outside any
project's quota. The first one of a cluster's SVM is filled from Glance, over a
connection to this host as Cinder's own download uses one; other pools of the
SVM copy LUNs inside the cluster. Volumes are clones, grown to their size. A
volume that gets another image (``reimage``) is left to Cinder: a device that is
mapped cannot be replaced.

The stock driver's options keep their meaning, in the backend's section: of the
cache, as for NFS, ``thres_avl_size_perc_start``, ``thres_avl_size_perc_stop``,
``expiry_thres_minutes``, ``netapp_nfs_image_cache_cleanup_interval``; of clones,
``netapp_lun_clone_busy_timeout`` and ``netapp_lun_clone_busy_interval``, here for
namespaces, too.
"""

import abc
import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cinder import exception
from cinder import utils as cinder_utils
from cinder.volume import volume_utils
from cinder.volume.drivers.netapp import options as na_opts
from cinder.volume.drivers.netapp import utils as na_utils
from oslo_log import log as logging

from eic_plugins.engine.routes import Copier
from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import (
    CachedImage,
    Image,
    ImageCopy,
    Pool,
    Reason,
    Refusal,
    StoredObject,
    VolumeProperties,
)
from eic_plugins.ontap.block import (
    BlockDevice,
    BlockDevices,
    BlockOptions,
    Luns,
    device_path,
)
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.luns_of_files import LunsOfFiles
from eic_plugins.ontap.session import OntapSession
from eic_plugins.storage.block import BlockStorage, found_elsewhere
from eic_plugins.storage.eviction import Space
from eic_plugins.storage.seen import SeenDevices
from eic_plugins.volume.base import ModelUpdate, VolumeFromImage
from eic_plugins.volume.spreading import SpreadingDriver

LOG = logging.getLogger(__name__)
_ALLOCATES_SPACE_FROM = (9, 15, 1)


class StillConnectedError(OSError):
    """This host may have a device of a LUN or a namespace still."""


class NoFiles:
    """Finds no file: of none a device is made."""

    def locate(self, copy: ImageCopy) -> Refusal:
        """The reason."""
        return Refusal.of_location(Reason.FILE_NOT_LUN)


class _Attachable(dict[str, Any]):
    """A device as the stock drivers ask a volume: by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as err:
            raise AttributeError(name) from err


class BlockVolumeFromImage(SpreadingDriver):
    """``clone_image`` for a stock driver that keeps its work in a library."""

    devices_class: type[BlockDevices]
    library: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The stock driver asks to be made by NetAppDriver, which only knows
        # its own classes; this is what that one passes.
        kwargs.setdefault('app_version', na_utils.OpenStackInfo().info())
        kwargs['netapp_mode'] = 'proxy'
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(na_opts.netapp_img_cache_opts)
        self._cleans = False
        self._files: Files | None = None

    @property
    def backend_name(self) -> str:  # type: ignore[override]
        """The backend's section in cinder.conf."""
        return str(self.library.backend_name)

    @property
    def failed_over_backend_name(self) -> str | None:  # type: ignore[override]
        """The section of the backend that was failed over to."""
        return getattr(self.library, 'failed_over_backend_name', None)

    @abc.abstractmethod
    def _os_type(self) -> str:
        """The ``os_type`` of new devices."""

    def check_for_setup_error(self) -> None:
        """As the stock driver, which starts all periodic tasks at its end."""
        self._add_looping_tasks()
        super().check_for_setup_error()  # type: ignore[misc]

    def _add_looping_tasks(self) -> None:
        """Once: set-up is repeated if it has failed, with the tasks kept."""
        if not self._cleans:
            self._cleans = True
            self.library.loopingcalls.add_task(
                self._clean, self.configuration.netapp_nfs_image_cache_cleanup_interval
            )
        self._start_precaching(self.library.loopingcalls)

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        """Stock statistics, with the capability ``eic`` of each pool."""
        stats: dict[str, Any] = super().get_volume_stats(  # type: ignore[misc]
            refresh
        )
        for pool in stats.get('pools', ()):
            pool['eic'] = self._pool_facts(pool['pool_name'])
        if refresh:
            self._write_uses()
            self._know_capacity(stats.get('pools', ()))
            self._watch_limits()
        return stats

    def _write_uses(self) -> None:
        """For the periodic statistics, which nothing here may break."""
        for cache in self._caches_but(None):
            try:
                cache.storage.write_uses()
            except Exception as err:
                LOG.warning(
                    'The last uses of cached images in pool %(pool)s '
                    'are written later: %(err)s',
                    {'pool': cache.pool.name, 'err': err},
                )

    def failover_host(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Stock failover, then a session to the other cluster."""
        done = super().failover_host(  # type: ignore[misc]
            context, *args, **kwargs
        )
        self._connect(self.failed_over_backend_name or self.backend_name)
        return done

    def failover_completed(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Stock end of a failover, then a session to the other cluster."""
        done = super().failover_completed(  # type: ignore[misc]
            context, *args, **kwargs
        )
        self._connect(self.failed_over_backend_name or self.backend_name)
        return done

    def _copier(self, session: OntapSession) -> Copier:
        reserved = self.configuration.netapp_lun_space_reservation == 'enabled'
        self._devices = self.devices_class(
            session,
            self.library.vserver,
            BlockOptions(
                self._os_type(),
                reserved,
                self.configuration.netapp_lun_clone_busy_timeout,
                self.configuration.netapp_lun_clone_busy_interval,
            ),
        )
        self._seen = SeenDevices(self._devices)
        return self._devices  # type: ignore[return-value]

    def _finder(self) -> FileFinder:
        return NoFiles()

    def _volume_finder(self) -> FileFinder:
        """No part of a file becomes a device."""
        return NoFiles()

    def _pool_names(self) -> Sequence[str]:
        return tuple(self.library.ssc_library.get_ssc_flexvol_names())

    def _storage_of(self, pool_name: str) -> BlockStorage:
        pool = Pool(pool_name, self._namespace.flexvol(pool_name))
        return BlockStorage(
            pool,
            self._devices,
            self._attached,
            self._eic.clone_timeout,
            self._seals,
            files=self._files,
            seen=self._seen,
            release=self._release,
        )

    def _search(self, image: Image, pool_name: str) -> Sequence[CachedImage]:
        ours = self._deployment.flexvols()
        flexvols = [
            flexvol
            for flexvol in self._namespace.flexvols([self.library.vserver])
            if flexvol.uuid in ours and flexvol.name != pool_name
        ]
        return found_elsewhere(image, flexvols, self._seen, self._seals)

    def _capacity(self, pool_name: str) -> Space:
        capacity = self._client.get_flexvol_capacity(flexvol_name=pool_name)
        return Space(int(capacity['size-total']), int(capacity['size-available']))

    @property
    @abc.abstractmethod
    def _client(self) -> Any:
        """The stock driver's client of ONTAP."""

    def _cannot_clone(self, volume: Any) -> bool:
        """An ASA r2 system has no FlexVols to speak of."""
        return bool(self.configuration.netapp_disaggregated_platform)

    def _hand_over(self, volume: Any, pool_name: str) -> ModelUpdate:
        return {'bootable': True}

    def delete_volume(self, volume: Any) -> None:
        """The stock driver's, which finds devices by their name."""
        super(VolumeFromImage, self).delete_volume(  # type: ignore[misc]
            volume
        )

    def _attachable(self, file: StoredObject, device: BlockDevice) -> _Attachable:
        return _Attachable(
            {
                'id': file.name,
                'name': file.name,
                'size': device.size >> 30,
                'provider_auth': None,
                # The stock iSCSI driver looks the LUN up by it.
                'provider_location': f'{self.library.vserver}:{device_path(file)}',
                'multiattach': False,
                'volume_attachment': [],
            }
        )

    @contextlib.contextmanager
    def _attached(
        self,
        file: StoredObject,
        device: BlockDevice,
    ) -> Iterator[Path]:
        """Connect a device to this host, as Cinder does for a download."""
        volume = self._attachable(file, device)
        try:
            with (
                self._exported(volume) as connection,
                self._connected(connection) as path,
            ):
                yield path
        finally:
            self._forget_device(file.name)

    @contextlib.contextmanager
    def _exported(self, volume: Any) -> Iterator[Any]:
        """Map it, and unmap it when this host has no device of it any more.

        A number that is unmapped is given to the next LUN, and a device that
        was left behind would then be that one's.
        """
        properties = self._connector_properties()
        terminate = functools.partial(
            self.terminate_connection,  # type: ignore[attr-defined]
            volume,
            properties,
            force=True,
        )
        try:
            yield self.initialize_connection(  # type: ignore[attr-defined]
                volume, properties
            )
        except StillConnectedError:
            raise
        except BaseException:
            # It may have been mapped before that failed.
            with contextlib.suppress(Exception):
                terminate()
            raise
        terminate()

    @contextlib.contextmanager
    def _connected(self, connection: Any) -> Iterator[Path]:
        try:
            attached = self._connect_device(connection)  # type: ignore[attr-defined]
        except exception.DeviceUnavailable as err:
            found = err.kwargs['attach_info']
            _disconnect(found['connector'], connection, found['device'])
            raise
        path = attached['device']['path']
        try:
            # A device is root's, and its bytes are inspected by this process.
            with cinder_utils.temporary_chown(path):
                yield Path(path)
        finally:
            _disconnect(attached['connector'], connection, attached['device'])

    def _connector_properties(self) -> Any:
        """What this host says of itself."""
        return volume_utils.brick_get_connector_properties(
            self.configuration.use_multipath_for_image_xfer,
            self.configuration.enforce_multipath_for_image_xfer,
        )

    def _release(self, file: StoredObject, device: BlockDevice) -> bool:
        """Disconnect from this host what a fill that was cut off left here."""
        return False

    @abc.abstractmethod
    def _forget_device(self, name: str) -> None:
        """Take a device out of the library's table: it gets another name."""


def _disconnect(connector: Any, connection: Any, device: Any) -> None:
    """Flush the device and remove it from this host.

    :raises StillConnectedError: it may be there still
    """
    try:
        connector.disconnect_volume(connection['data'], device, force=True)
    except Exception as err:
        raise StillConnectedError(f'a device is not disconnected: {err}') from err


class LunVolumeFromImage(BlockVolumeFromImage):
    """For the drivers on LUNs."""

    devices_class = Luns
    _devices: Luns

    def _image_copier(self, session: OntapSession) -> Copier | None:
        if not self._eic.experimental_lun_from_file:
            return None
        self._files = Files(session)
        return LunsOfFiles(self._files, self._devices, self._eic.clone_timeout)

    def _finder(self) -> FileFinder:
        return super()._finder() if self._files is None else self._namespace

    @property
    def _client(self) -> Any:
        return self.library.zapi_client

    def _os_type(self) -> str:
        return str(self.library.lun_ostype)

    def _hand_over(self, volume: Any, pool_name: str) -> ModelUpdate:
        update = self.library._get_volume_model_update(volume) or {}
        return {**update, **super()._hand_over(volume, pool_name)}

    @abc.abstractmethod
    def _initiators(self, properties: Mapping[str, Any]) -> list[str]:
        """This host's, as ONTAP writes them."""

    def _release(self, file: StoredObject, device: BlockDevice) -> bool:
        """If it is mapped to this host: os-brick removes the devices that it
        finds under that number, and then it is unmapped.
        """
        try:
            return self._disconnect_leftover(file, device)
        except Exception as err:
            LOG.warning(
                '%(name)s stays mapped to this host, which may have its '
                'device still: %(err)s',
                {'name': device_path(file), 'err': err},
            )
            return False

    def _disconnect_leftover(self, file: StoredObject, device: BlockDevice) -> bool:
        if not self._client.get_lun_map(device_path(file)):
            return False
        initiators = self._initiators(self._connector_properties())
        group, _ = (
            self.library._find_mapped_lun_igroup(device_path(file), initiators)
            if initiators
            else (None, None)
        )
        if not group:
            LOG.warning(
                '%(name)s is mapped to another host, whose cinder-volume left it '
                'there and removes it when it cleans. If that host is gone for '
                'good, unmap the LUN.',
                {'name': device_path(file)},
            )
            return False
        try:
            with self._exported(self._attachable(file, device)) as connection:
                _disconnect(
                    volume_utils.brick_get_connector(
                        connection['driver_volume_type'],
                        conn=connection,
                        use_multipath=self.configuration.use_multipath_for_image_xfer,
                        device_scan_attempts=self.configuration.num_volume_device_scan_tries,
                    ),
                    connection,
                    {},
                )
        finally:
            self._forget_device(file.name)
        return True

    def _forget_device(self, name: str) -> None:
        self.library._delete_lun_from_table(name)

    def _stock_update(self, volume: Any) -> ModelUpdate:
        """Of replication, which the stock NVMe driver does not have."""
        return self.library._get_volume_model_update(volume) or {}

    def _properties(self, volume: Any) -> VolumeProperties:
        """As the stock driver gives them to a new LUN; a QoS spec takes its
        calls to make a policy.
        """
        specs = na_utils.get_volume_extra_specs(volume)
        info = self.library._setup_qos_for_volume(volume, specs)
        self._client._validate_qos_policy_group(
            volume_utils.is_boolean_str(
                specs.get('netapp:qos_policy_group_is_adaptive')
            )
            or na_utils.is_qos_policy_group_spec_adaptive(info)
        )
        return VolumeProperties(
            self._allocates_space(specs.get('netapp:space_allocation')),
            na_utils.get_qos_policy_group_name_from_info(info) or '',
        )

    def _allocates_space(self, spec: str | None) -> bool:
        """Without a spec, ONTAP's default of new LUNs."""
        if spec is not None:
            return bool(volume_utils.is_boolean_str(spec))
        version: tuple[int, int, int] = self._client.get_ontap_version(cached=True)
        return version >= _ALLOCATES_SPACE_FROM
