"""The lab's block fabric: hosts reach a LUN as the file that it is.

This machine has no iSCSI target. The drivers below are Cinder's own and EIC's,
changed in one answer: what a host connects to is the file of the LUN, through
os-brick's LOCAL connector. All REST calls are made as ever: igroups, LUN maps,
targets. Loaded by the lab's cinder-volume alone; option, in the backend's
section::

    lab_flexvols = /var/lib/eic-lab/storage/cluster-a/volumes/svm_block
"""

import os
from pathlib import Path
from typing import Any

from cinder.volume import driver
from cinder.volume.drivers.netapp import utils as na_utils
from cinder.volume.drivers.netapp.dataontap import iscsi_cmode
from oslo_config import cfg

from eic_plugins.volume import iscsi

_OPTIONS = [
    cfg.StrOpt('lab_flexvols', help='The directory of the FlexVols of the SVM.')
]


class LocalFabric(driver.BaseVD):
    """Answers with the LUN's file where a host would be told a target."""

    configuration: Any
    library: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)

    def connector_properties(self) -> Any:
        """With an initiator, whether one is installed or not."""
        return _with_initiator(super().connector_properties())

    def initialize_connection(self, volume: Any, connector: Any) -> Any:
        """Map the LUN as ever, then name its file."""
        super().initialize_connection(volume, _with_initiator(connector))
        return {
            'driver_volume_type': 'local',
            'data': {'device_path': str(self._file(volume))},
        }

    def terminate_connection(self, volume: Any, connector: Any, **kwargs: Any) -> Any:
        """Give the LUN its size back, then unmap it as ever."""
        # qemu-img and dd cut a file off where what they write ends; a disk
        # they could not.
        size = int(
            self.library.zapi_client.get_lun_by_args(
                vserver=self.library.vserver, path=self._path(volume)
            )[0]['Size']
        )
        os.truncate(self._file(volume), size)
        return super().terminate_connection(
            volume, _with_initiator(connector), **kwargs
        )

    def _file(self, volume: Any) -> Path:
        inside = self._path(volume).removeprefix('/vol/')
        return Path(self.configuration.lab_flexvols) / inside

    def _path(self, volume: Any) -> str:
        return str(self.library._get_lun_attr(volume['name'], 'metadata')['Path'])


def _with_initiator(connector: Any) -> Any:
    """A host without an initiator installed does not say its name."""
    if connector is None:
        return None
    name = f'iqn.1994-05.com.example:{connector["host"]}'
    return {'initiator': name, **connector}


class StockISCSIDriver(LocalFabric, iscsi_cmode.NetAppCmodeISCSIDriver):
    """Cinder's own iSCSI driver."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What NetAppDriver passes, which only makes its own classes.
        kwargs.setdefault('app_version', na_utils.OpenStackInfo().info())
        super().__init__(*args, netapp_mode='proxy', **kwargs)


class EICISCSIDriver(LocalFabric, iscsi.EICISCSIDriver):
    """EIC's iSCSI driver."""
