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

from eic_plugins.volume.block import LunVolumeFromImage


@interface.volumedriver
class EICISCSIDriver(LunVolumeFromImage, iscsi_cmode.NetAppCmodeISCSIDriver):
    """Volumes from images by clone of a cached image's LUN."""

    VERSION = '4.0.0-eic-0.1.0'

    def _initiators(self, properties: Mapping[str, Any]) -> list[str]:
        return [properties['initiator']] if properties.get('initiator') else []
