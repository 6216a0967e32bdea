"""NFS driver: NetApp's stock ONTAP NFS driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; all ``netapp_*`` and ``nfs_*``
options keep their meaning, and no other credentials are needed::

    [ontap-nfs]
    volume_driver = eic_plugins.volume.nfs.EICNfsDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = nfs
    ...

Every operation but "create a volume from an image" and "give a volume another
image" is the stock driver's. Connecting a volume that Cinder has recorded to be
raw starts no ``qemu-img``.
"""

from collections.abc import Sequence
from typing import Any

from cinder import interface
from cinder.volume.drivers.netapp import utils as na_utils
from cinder.volume.drivers.netapp.dataontap import nfs_cmode
from oslo_concurrency import processutils

from eic_plugins.engine.cluster_search import ClusterSearch
from eic_plugins.engine.routes import Copier
from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import CachedImage, Image
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import OntapSession
from eic_plugins.storage.eviction import Space
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.mount import ShareMount
from eic_plugins.volume import raw_image
from eic_plugins.volume.base import ModelUpdate
from eic_plugins.volume.reimaging import ReimagingDriver
from eic_plugins.volume.spreading import SpreadingDriver


@interface.volumedriver
class EICNfsDriver(SpreadingDriver, ReimagingDriver, nfs_cmode.NetAppCmodeNfsDriver):
    """Volumes from images by FlexClone of a cached image in the same pool."""

    VERSION = '4.0.0-eic-0.1.0'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The stock driver asks to be made by NetAppDriver, which only knows
        # its own classes; this is what that one passes.
        kwargs.setdefault('app_version', na_utils.OpenStackInfo().info())
        kwargs['netapp_mode'] = 'proxy'
        super().__init__(*args, **kwargs)

    def _update_zapi_client(self, backend_name: str) -> None:
        super()._update_zapi_client(backend_name)
        self._connect(backend_name)

    def _copier(self, session: OntapSession) -> Copier:
        self._files = Files(session)
        return self._files

    def _finder(self) -> FileFinder:
        return self._namespace

    def _pool_names(self) -> Sequence[str]:
        return tuple(self._mounted_shares)

    def _storage_of(self, pool_name: str) -> FileStorage:
        secure = self.configuration.nas_secure_file_permissions == 'true'
        mount = ShareMount(
            self._get_mount_point_for_share(pool_name),
            self._run_command,
            0o660 if secure else 0o666,
        )
        return FileStorage(
            self._namespace.pool(pool_name),
            mount,
            self._files,
            self._eic.clone_timeout,
            self._seals,
        )

    def _search(self, image: Image, pool_name: str) -> Sequence[CachedImage]:
        own = {cache.pool.flexvol.uuid for cache in self._caches_but(None)}
        others = [pool for pool in self._deployment.pools() if pool.flexvol not in own]
        search = ClusterSearch(self._files, self._namespace, self._peers)
        return search.find(image, self._storage_of(pool_name), others)

    def _cannot_clone(self, volume: Any) -> bool:
        """As the stock driver decides it: a FlexGroup of an older ONTAP."""
        return bool(
            self._is_flexgroup(host=volume['host'])
            and not self._is_flexgroup_clone_file_supported()
        )

    def _hand_over(self, volume: Any, pool_name: str) -> ModelUpdate:
        volume['provider_location'] = pool_name
        # Removes the file itself when it fails.
        self._do_qos_for_volume(volume, na_utils.get_volume_extra_specs(volume))
        # Nobody is to probe the format of bytes that a guest wrote.
        with volume.obj_as_admin():
            volume.admin_metadata['format'] = 'raw'
            volume.save()
        update = self._get_volume_model_update(volume) or {}
        return {**update, 'provider_location': pool_name, 'bootable': True}

    def _qemu_img_info(
        self, path: str, volume_name: str, img_format: str | None = None
    ) -> Any:
        """As the stock driver's; of a raw file, which has only a size, without
        starting a process.

        It is called whenever a volume is connected, and then starts qemu-img
        twice, each time through another Python program.
        """
        info = raw_image.info(path) if img_format == 'raw' else None
        return info or super()._qemu_img_info(path, volume_name, img_format)

    def _replace(self, volume: Any, made: str) -> None:
        """Rename on the server: at any moment there is a whole file."""
        storage = self._storage_of(volume['provider_location'])
        storage.mount.rename(made, volume['name'])
        # ONTAP's QoS policy was the old file's.
        self._do_qos_for_volume(
            volume, na_utils.get_volume_extra_specs(volume), cleanup=False
        )

    def _register_image_in_cache(self, volume: Any, image_id: str) -> None:
        """Left out: the stock driver publishes what nobody has inspected,
        in the size of the first volume.
        """

    def _add_looping_tasks(self) -> None:
        super()._add_looping_tasks()
        self._start_precaching(self.loopingcalls)

    def _clean_image_cache(self) -> None:
        """The stock driver's periodic task, by real last use."""
        self._clean()

    def _capacity(self, pool_name: str) -> Space:
        return Space(*self._get_capacity_info(pool_name))

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        for pool in self._stats['pools']:
            pool['eic'] = self._pool_facts(pool['pool_name'])
        self._know_capacity(self._stats['pools'])
        self._watch_limits()

    def _run_command(self, *command: str) -> None:
        """As the stock driver works on its shares: through rootwrap or not.

        :raises OSError: the command failed
        """
        try:
            self._execute(*command, run_as_root=self._execute_as_root)
        except processutils.ProcessExecutionError as err:
            raise PermissionError(f'{" ".join(command)} failed: {err.stderr}') from err
