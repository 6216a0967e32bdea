"""FC driver: NetApp's stock ONTAP Fibre Channel driver with EIC's ``clone_image``.

In cinder.conf, in place of the stock driver; its options keep their meaning::

    [ontap-fc]
    volume_driver = eic_plugins.volume.fc.EICFibreChannelDriver
    netapp_storage_family = ontap_cluster
    netapp_storage_protocol = fc
    ...
"""

from collections.abc import Mapping
from typing import Any

from cinder import interface
from cinder.volume.drivers.netapp.dataontap import fc_cmode
from cinder.zonemanager import utils as fczm_utils

from eic_plugins.support import own_version
from eic_plugins.volume import assembly
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.block import BlockDriver


@interface.volumedriver
class EICFibreChannelDriver(BlockDriver, fc_cmode.NetAppCmodeFibreChannelDriver):
    """Volumes from images by clone of a cached image's LUN."""

    VERSION = f'4.0.0-eic-{own_version.VERSION}'

    def make_backend(self) -> Backend:
        """One of LUNs, that hosts reach by their WWPNs."""
        return assembly.lun_backend(self, initiators)


def initiators(properties: Mapping[str, Any]) -> list[str]:
    """This host's, as ONTAP writes them."""
    return [
        fczm_utils.get_formatted_wwn(wwpn) for wwpn in properties.get('wwpns') or ()
    ]
