"""iSCSI driver: NetApp's stock ONTAP iSCSI driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; its options keep their meaning::

    [ontap-iscsi]
    volume_driver = eic_plugins.volume.iscsi.EICISCSIDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = iscsi
    ...
"""

from collections.abc import Mapping
from typing import Any

from cinder import interface
from cinder.volume.drivers.netapp.dataontap import iscsi_cmode

from eic_plugins.support import own_version
from eic_plugins.volume import assembly
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.block import BlockDriver


@interface.volumedriver
class EICISCSIDriver(BlockDriver, iscsi_cmode.NetAppCmodeISCSIDriver):
    """Volumes from images by clone of a cached image's LUN."""

    VERSION = f'4.0.0-eic-{own_version.VERSION}'

    def make_backend(self) -> Backend:
        """One of LUNs, that hosts reach by their IQN."""
        return assembly.lun_backend(self, initiators)


def initiators(properties: Mapping[str, Any]) -> list[str]:
    """This host's, as ONTAP writes them."""
    return [properties['initiator']] if properties.get('initiator') else []
