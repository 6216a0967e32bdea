"""Nova with two sides, so that EIC and stock can be compared in one run.

Two nova-api processes (the catalog names the one with the EIC filter) and two
nova-compute processes, ``compute-eic`` and ``compute-stock``, each in an
availability zone of its driver's name and each speaking to its own cinder-api.
Conductor, scheduler and cells are shared. Servers are those of the fake virt
driver, which starts them at once; their volumes are real.

This module has the names and the paths, lab/nova_config.py the configuration;
lab/nova_services.py starts the processes.
"""

from pathlib import Path

from lab.context import Lab

API = 'nova-api'
STOCK_API = 'nova-api-stock'
CONDUCTOR = 'nova-conductor'
SCHEDULER = 'nova-scheduler'
SIDES = {API: 'eic', STOCK_API: 'stock'}
"""By API, the driver whose volumes and hosts its servers have."""
CELL0 = 'nova_cell0'
DATABASE_OWNER = 'nova'
"""The database user that owns all of Nova's databases."""


def api_of(driver: str) -> str:
    """The nova-api whose servers have this driver's volumes."""
    return next(name for name, side in SIDES.items() if side == driver)


def compute_service(driver: str) -> str:
    """The name of a nova-compute process."""
    return f'nova-compute-{driver}'


def host(driver: str) -> str:
    """The ``host`` of a nova-compute process."""
    return f'compute-{driver}'


def availability_zone(driver: str) -> str:
    """The availability zone, and aggregate, of a nova-compute process."""
    return driver


def etc(lab: Lab) -> Path:
    """Where the configuration is."""
    return lab.paths / 'nova/etc'


def configs(lab: Lab, *names: str) -> list[Path]:
    """The common file of configuration, and those that are named."""
    return [etc(lab) / f'{name}.conf' for name in ('nova', *names)]
