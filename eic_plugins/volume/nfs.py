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
raw starts no ``qemu-img``. ``[eic] extend_attached_files`` lets volumes grow while
servers have them (``growth.py``).
"""

import contextlib
import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinder import interface
from cinder.volume.drivers.netapp.dataontap import nfs_cmode
from oslo_config import cfg
from oslo_utils import units

from eic_plugins import config
from eic_plugins.support import own_version
from eic_plugins.volume import assembly, growth
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.driver import EICDriver
from eic_plugins.volume.stock import permissions, raw_image, recorded_format

CONF = cfg.CONF


@interface.volumedriver
class EICNfsDriver(EICDriver, nfs_cmode.NetAppCmodeNfsDriver):
    """Volumes from images by FlexClone of a cached image in the same pool."""

    VERSION = f'4.0.0-eic-{own_version.VERSION}'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._recorded = threading.local()
        super().__init__(*args, **kwargs)

    def make_backend(self) -> Backend:
        """One of shares."""
        return assembly.nfs_backend(self)

    def delete_volume(self, volume: Any) -> None:
        """The stock driver's, which leaves the bytes of a volume whose making
        was cut off: Cinder does not know yet where they are.
        """
        super().delete_volume(volume)
        if not volume['provider_location'] and volume['host']:
            self.eic.volumes.discard(volume)

    def _update_zapi_client(self, backend_name: str) -> None:
        """What a failover ends with."""
        super()._update_zapi_client(backend_name)
        self.eic.connect(backend_name)

    def initialize_connection(self, volume: Any, connector: Any) -> Any:
        """The stock driver's, which up to Cinder 27 (2025.2) probes the format, and
        so believes what a guest wrote.
        """
        with self._knowing_format(volume):
            return super().initialize_connection(volume, connector)

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """The stock driver's; a file that a guest has open is grown by no qemu-img.

        :raises cinder.exception.ExtendVolumeError: that file is not known to be raw
        """
        with self._knowing_format(volume) as recorded:
            if volume.volume_attachment:
                run = functools.partial(
                    self._execute, run_as_root=self._execute_as_root
                )
                growth.grow(self.local_path(volume), new_size, recorded, run)
            super().extend_volume(volume, new_size)

    def _is_file_size_equal(self, path: str, size: int) -> bool:
        """The stock driver's, which probes the format, and so believes what a guest
        wrote. It is called to see whether a file has to grow, and whether it has.
        """
        info = raw_image.info(path) if self._recorded_format() == 'raw' else None
        if info is not None:
            return bool(info.virtual_size == size * units.Gi)
        return bool(super()._is_file_size_equal(path, size))

    @contextlib.contextmanager
    def _knowing_format(self, volume: Any) -> Iterator[str | None]:
        """Have the format at hand that Cinder has recorded, in this thread."""
        self._recorded.format = recorded_format.of(volume.id)
        try:
            yield self._recorded.format
        finally:
            self._recorded.format = None

    def _recorded_format(self) -> str | None:
        return getattr(self._recorded, 'format', None)

    def _qemu_img_info(
        self, path: str, volume_name: str, img_format: str | None = None
    ) -> Any:
        """As the stock driver's, without its processes where the size says all.

        It is called whenever a volume is connected, and then starts qemu-img
        twice, each time through another Python program.
        """
        if img_format is None and Path(path).name == volume_name:
            known_format = self._recorded_format()
        else:
            known_format = img_format
        info = raw_image.info(path) if known_format == 'raw' else None
        if info is not None:
            return info
        known = {} if img_format is None else {'img_format': img_format}
        return super()._qemu_img_info(path, volume_name, **known)

    def _clone_source_to_destination_volume(
        self, source: Any, destination_volume: Any
    ) -> Any:
        """The stock driver's clone of a volume or snapshot, which has a format that
        nobody records: so it would be probed, and what a guest wrote believed.
        """
        recorded_format.hand_down(source['id'], destination_volume)
        return super()._clone_source_to_destination_volume(source, destination_volume)

    def _set_rw_permissions(self, path: str) -> None:
        """The stock driver's, but for what is somebody else's and is good as it is:
        the clone of a volume that is itself a clone of Glance's file.
        """
        if self._execute_as_root or not permissions.suffice(
            path, permissions.mode(self.configuration)
        ):
            super()._set_rw_permissions(path)

    def _register_image_in_cache(self, volume: Any, image_id: str) -> None:
        """Left out: the stock driver publishes what nobody has inspected,
        in the size of the first volume.
        """

    def _add_looping_tasks(self) -> None:
        super()._add_looping_tasks()
        self.eic.background.start()

    def _clean_image_cache(self) -> None:
        """The stock driver's periodic task, by real last use."""
        self.eic.clean()

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        pools = self._stats['pools']
        self.eic.statistics.add_capabilities(pools)
        if CONF[config.GROUP].extend_attached_files:
            growth.announce(pools)
        self.eic.statistics.were_read(pools)
