"""The lab's block fabric: hosts reach a LUN as the file that it is, or as a device.

This machine has no iSCSI target. The drivers below are Cinder's own and EIC's,
changed in one answer: what a host connects to is the file of the LUN, through
os-brick's LOCAL connector. All REST calls are made as ever: igroups, LUN maps,
targets. A host with guests is told a block device, since libvirt takes no file there:
a loop device of that file (lab/block_devices.py). Loaded by the lab's cinder-volume
alone; options, in the backend's section::

    lab_flexvols = /var/lib/eic-lab/storage/cluster-a/volumes/svm_block
    lab_devices = /var/lib/eic-lab/guests/devices
"""

import os
from pathlib import Path
from typing import Any

from cinder.volume import driver
from cinder.volume.drivers.netapp import utils as na_utils
from cinder.volume.drivers.netapp.dataontap import iscsi_cmode
from oslo_config import cfg

from eic_plugins.volume import iscsi
from lab import block_devices, guests

_OPTIONS = [
    cfg.StrOpt('lab_flexvols', help='The directory of the FlexVols of the SVM.'),
    cfg.StrOpt('lab_devices', help='Where links to the devices of hosts are made.'),
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
        """Map the LUN as ever, then name its file or device."""
        super().initialize_connection(volume, _with_initiator(connector))
        path = self._file(volume)
        if guests.is_guest_host(connector['host']):
            link = self._link(volume, connector['host'])
            block_devices.connect(link, path)
            path = link
        return {
            'driver_volume_type': 'local',
            'data': {'device_path': str(path)},
        }

    def terminate_connection(self, volume: Any, connector: Any, **kwargs: Any) -> Any:
        """Give the LUN its size back, then unmap it as ever."""
        for host in guests.ALL:
            # Without a connector, it is terminated for all.
            if connector is None or connector['host'] == host.name:
                link = self._link(volume, host.name)
                block_devices.disconnect(link, self._file(volume))
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

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Grow the LUN as ever, and the devices that hosts have of it."""
        super().extend_volume(volume, new_size)
        block_devices.grown(self._file(volume))

    def _file(self, volume: Any) -> Path:
        return Path(self.configuration.lab_flexvols) / self._inside(volume)

    def _link(self, volume: Any, host: str) -> Path:
        """Leads to the device of a host with guests."""
        return Path(self.configuration.lab_devices) / host / self._inside(volume)

    def _inside(self, volume: Any) -> str:
        """FLEXVOL/LUN."""
        return self._path(volume).removeprefix('/vol/')

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
