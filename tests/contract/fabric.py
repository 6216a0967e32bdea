"""EIC's block drivers over a fabric that this machine has not.

They are changed in one answer, as in the lab: what a host connects to is the
file of the LUN or namespace, through os-brick's LOCAL connector. All REST calls
are made as ever: igroups, maps, subsystems, targets. Imports Cinder.
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from cinder.volume import driver

from eic_plugins.volume import fc, iscsi, nvme
from tests.contract.release import CINDER

WWPNS = ['21000024ff406cc3', '21000024ff406cc2']
HOST = {
    'initiator': 'iqn.1994-05.com.example:contract',
    'nqn': 'nqn.2014-08.org.nvmexpress:uuid:contract',
    # The stock driver of Cinder 26 does not find the igroup of a host that has two,
    # and so never unmaps a LUN from it.
    'wwpns': WWPNS if CINDER > 26 else WWPNS[:1],
}
"""What a host's connector says of itself where it has the hardware for it."""


class LocalFabric(driver.BaseVD):
    """Answers with a file where a host would be told a target."""

    library: Any
    flexvols: Path
    """The directory of the SVM's FlexVols; set before the first connection."""
    _properties: ClassVar[dict[type, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: list[str] = []
        self._sizes: dict[Path, int] = {}

    def connector_properties(self) -> Any:
        """os-brick runs a dozen programs for what does not change."""
        if type(self) not in self._properties:
            self._properties[type(self)] = super().connector_properties()
        return {**self._properties[type(self)], **HOST}

    def initialize_connection(self, volume: Any, connector: Any) -> Any:
        self.connections.append(volume['name'])
        super().initialize_connection(volume, {**connector, **HOST})
        path = self._file(volume)
        self._sizes[path] = path.stat().st_size
        return {'driver_volume_type': 'local', 'data': {'device_path': str(path)}}

    def terminate_connection(self, volume: Any, connector: Any, **kwargs: Any) -> Any:
        # qemu-img and dd cut a file off where what they write ends; a disk
        # they could not.
        path = self._file(volume)
        os.truncate(path, self._sizes.pop(path))
        return super().terminate_connection(
            volume, connector and {**connector, **HOST}, **kwargs
        )

    def _file(self, volume: Any) -> Path:
        path = self._device(volume['name']).metadata['Path']
        return self.flexvols / path.removeprefix('/vol/')

    def _device(self, name: str) -> Any:
        return self.library._get_lun_from_table(name)


class ISCSIDriver(LocalFabric, iscsi.EICISCSIDriver):
    """EIC's iSCSI driver."""


class FibreChannelDriver(LocalFabric, fc.EICFibreChannelDriver):
    """EIC's Fibre Channel driver."""


class NVMeDriver(LocalFabric, nvme.EICNVMeDriver):
    """EIC's NVMe driver."""

    def _device(self, name: str) -> Any:
        return self.library._get_namespace_from_table(name)


DRIVERS = {'iscsi': ISCSIDriver, 'fc': FibreChannelDriver, 'nvme': NVMeDriver}
