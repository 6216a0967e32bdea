"""Cinder twice on the same storage: with EIC's plugins, and as released.

Two cinder-api processes (the catalog names the one with the EIC filter), one
cinder-scheduler, and two cinder-volume processes, ``lab-eic`` and
``lab-stock``, which differ in ``volume_driver`` and in the ONTAP user alone.

This module has the names and the paths, lab/cinder_config.py the configuration;
lab/cinder_services.py starts the processes.
"""

from pathlib import Path

from lab.context import Lab
from lab.specs import BackendSpec

API = 'cinder-api'
STOCK_API = 'cinder-api-stock'
SCHEDULER = 'cinder-scheduler'
VOLUME_DRIVERS = {
    'eic': 'eic_plugins.volume.nfs.EICNfsDriver',
    'stock': 'cinder.volume.drivers.netapp.common.NetAppDriver',
}
BLOCK_DRIVERS = {
    'eic': 'lab.fabric.EICISCSIDriver',
    'stock': 'lab.fabric.StockISCSIDriver',
}
# A request that names no volume type gets the driver of the API.
DEFAULT_TYPES = {API: 'eic', STOCK_API: 'stock'}


def api_of(driver: str) -> str:
    """The cinder-api whose default volumes are this driver's."""
    return next(name for name, kind in DEFAULT_TYPES.items() if kind == driver)


def volume_service(driver: str) -> str:
    """The name of a cinder-volume process."""
    return f'cinder-volume-{driver}'


def host(driver: str) -> str:
    """The ``host`` of a cinder-volume process."""
    return f'lab-{driver}'


def mount_base(lab: Lab, driver: str) -> Path:
    """Where a cinder-volume has its shares mounted, in the namespace."""
    return lab.paths / f'cinder/mnt-{driver}'


def metrics(lab: Lab) -> Path:
    """Where EIC's backends write their metrics."""
    return lab.paths / 'cinder/metrics'


def etc(lab: Lab) -> Path:
    """Where the configuration is."""
    return lab.paths / 'cinder/etc'


def common_config(lab: Lab) -> Path:
    """The file that all of Cinder's processes read."""
    return etc(lab) / 'cinder.conf'


def api_configs(lab: Lab, name: str) -> list[Path]:
    """The files that a cinder-api reads."""
    return [common_config(lab), etc(lab) / f'{name}.conf']


def volume_configs(lab: Lab, driver: str) -> list[Path]:
    """The files that a cinder-volume reads."""
    return [common_config(lab), etc(lab) / f'volume-{driver}.conf']


def shares_file(lab: Lab, driver: str, backend: BackendSpec) -> Path:
    """The NFS shares of a backend, for its driver."""
    return etc(lab) / f'shares-{driver}-{backend.name}'
