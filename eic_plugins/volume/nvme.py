"""NVMe driver: NetApp's stock ONTAP NVMe/TCP driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; its options keep their meaning::

    [ontap-nvme]
    volume_driver = eic_plugins.volume.nvme.EICNVMeDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = nvme
    ...

ONTAP copies no namespace between FlexVols: each pool has its own download.
"""

from cinder import interface
from cinder.volume.drivers.netapp.dataontap import nvme_cmode

from eic_plugins.support import own_version
from eic_plugins.volume import assembly
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.block import BlockDriver


@interface.volumedriver
class EICNVMeDriver(BlockDriver, nvme_cmode.NetAppCmodeNVMeDriver):
    """Volumes from images by clone of a cached image's namespace."""

    VERSION = f'4.0.0-eic-{own_version.VERSION}'

    def make_backend(self) -> Backend:
        """One of namespaces."""
        return assembly.namespace_backend(self)
