"""EIC's block drivers in this process, as cinder-volume would run them.

They run on the simulator's SVM ``svm_san`` with its two pools; the fabric is
:mod:`tests.contract.fabric`.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.images import Glance
from tests.contract.simulator import Simulator
from tests.contract.world import World

SVM = 'svm_san'
POOLS = ('san_one', 'san_two')
ONE, TWO = POOLS
RESOURCES = {
    'iscsi': 'storage/luns',
    'fc': 'storage/luns',
    'nvme': 'storage/namespaces',
}
CLASSES = {
    'iscsi': 'EICISCSIDriver',
    'fc': 'EICFibreChannelDriver',
    'nvme': 'EICNVMeDriver',
}
PATIENCE = {'clone_timeout': 2, 'copy_offload_timeout': 4, 'fill_wait_timeout': 20}
"""Short, in ``[eic]``."""
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason='Cinder writes to devices as root: run as root'
)


@contextlib.contextmanager
def configured(
    served: Simulator,
    state: Path,
    protocol: str,
    login: str = 'stock',
    **eic: object,
) -> Iterator[Any]:
    """Cinder's configuration and database; privilege separation is off."""
    import os_brick.privileged  # noqa: PLC0415 - only when these tests run

    with stock.configured(
        state, _config(served, state, protocol, login, PATIENCE | eic)
    ) as found:
        os_brick.privileged.default.set_client_mode(False)
        yield found
        os_brick.privileged.default.set_client_mode(True)


def _config(
    served: Simulator,
    state: Path,
    protocol: str,
    login: str,
    eic: Mapping[str, object],
) -> str:
    """A cinder.conf with one backend; ``eic`` are options of ``[eic]``."""
    own = '\n'.join(f'{name} = {text}' for name, text in eic.items())
    return (
        stock.config(
            served,
            state,
            netapp_storage_protocol=protocol,
            volume_driver=f'eic_plugins.volume.{protocol}.{CLASSES[protocol]}',
            netapp_vserver=SVM,
            netapp_login=login,
            netapp_password=f'{login}-secret',
        )
        + f"""
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
{own}
"""
    )


def start_driver(admin: Any, served: Simulator, protocol: str) -> Any:
    """EIC's driver, set up."""
    from tests.contract import fabric  # noqa: PLC0415 - imports Cinder

    found = stock.new_driver(fabric.DRIVERS[protocol])
    found.flexvols = served.data_dir / 'volumes' / SVM
    stock.set_up(found, admin)
    return found


class BlockWorld(World):
    """A block driver and its cluster, for one volume after the other."""

    pools = POOLS

    def __init__(
        self, admin: Any, simulator: Simulator, protocol: str, glance: Glance
    ) -> None:
        super().__init__(
            start_driver(admin, simulator, protocol), admin, simulator, glance
        )
        self.protocol = protocol

    def root(self, pool: str) -> Path:
        return self.simulator.directory(SVM, pool)

    def records(self) -> dict[str, Any]:
        """The SVM's LUNs or namespaces by path."""
        answer = self.simulator.session.get(
            f'{self.simulator.origin}/api/{RESOURCES[self.protocol]}',
            params={'fields': '**'},
            timeout=30,
        )
        answer.raise_for_status()
        return {found['name']: found for found in answer.json()['records']}

    def devices(self, pool: str) -> dict[str, Any]:
        """The LUNs or namespaces of a pool by name."""
        folder = f'/vol/{pool}/'
        return {
            path.removeprefix(folder): record
            for path, record in self.records().items()
            if path.startswith(folder)
        }

    def names(self, pool: str) -> list[str]:
        """What a pool has, by its REST records, which are its files."""
        found = sorted(self.devices(pool))
        assert found == self.files(pool)
        return found

    def start_anew(self) -> None:
        stock.forget_devices(self.driver)
        self.driver.connections.clear()
        super().start_anew()

    def precache(self) -> None:
        """As the periodic task has it done, and as its threads do it."""
        precacher = self.eic.background.precacher
        precacher.reconcile()
        while precacher.waiting:
            precacher.fill_next()
