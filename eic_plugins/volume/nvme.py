"""NVMe driver: NetApp's stock ONTAP NVMe/TCP driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; its options keep their meaning::

    [ontap-nvme]
    volume_driver = eic_plugins.volume.nvme.EICNVMeDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = nvme
    ...

ONTAP copies no namespace between FlexVols: each pool has its own download.
"""

from typing import Any

from cinder import interface
from cinder.volume.drivers.netapp.dataontap import nvme_cmode

from eic_plugins.engine.demand import Neighbours, NoNeighbours
from eic_plugins.ontap.block import Namespaces
from eic_plugins.volume.block import BlockVolumeFromImage


@interface.volumedriver
class EICNVMeDriver(BlockVolumeFromImage, nvme_cmode.NetAppCmodeNVMeDriver):
    """Volumes from images by clone of a cached image's namespace."""

    VERSION = '4.0.0-eic-0.1.0'
    devices_class = Namespaces
    copies_between_pools = False

    def _neighbours(self, pool_name: str) -> Neighbours:
        """Nothing that is cached elsewhere is of use."""
        return NoNeighbours()

    @property
    def _client(self) -> Any:
        return self.library.client

    def _os_type(self) -> str:
        return str(self.library.namespace_ostype)

    def _forget_device(self, name: str) -> None:
        self.library.namespace_table.pop(name, None)
