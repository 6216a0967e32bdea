"""Every fault of the simulator, in every call of every route to a LUN.

As ``test_faults`` does for NFS. Whatever goes wrong, the volume gets the image's
bytes, from EIC or from Cinder's download to which EIC handed the request, or it
ends in an error of Cinder's own and is deleted whole; no device is left over
after a sweep; and the next volume is right.
"""

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import block, fault_table, stock
from tests.contract.block import ONE, SVM, TWO, BlockWorld
from tests.contract.conftest import Simulator
from tests.contract.fault_table import Call, Fault
from tests.contract.images import Glance, image_of, qcow2_of
from tests.contract.stock import MIB

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get('EIC_FAULT_TABLE'),
        reason='the table of faults takes minutes: EIC_FAULT_TABLE=1 pytest '
               'tests/contract/test_block_faults.py'),
    pytest.mark.skipif(
        os.geteuid() != 0, reason='Cinder writes to devices as root')]
DEVICES = re.compile('/storage/(luns|namespaces)')


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    protocol: str
    route: str
    disk_format: str = 'raw'
    cached_in: str | None = None


CASES = {
    'iscsi cached': Case('iscsi', 'cached', cached_in=ONE),
    'iscsi copy_offload': Case('iscsi', 'copy_offload', cached_in=TWO),
    'iscsi download of raw': Case('iscsi', 'download'),
    'iscsi download of qcow2': Case('iscsi', 'download', 'qcow2'),
    'nvme cached': Case('nvme', 'cached', cached_in=ONE),
    'nvme download of raw': Case('nvme', 'download'),
}


@pytest.fixture(scope='module')
def protocol(request: pytest.FixtureRequest) -> str:
    """Parametrized together with the case."""
    return str(request.param)


@pytest.fixture(scope='module')
def admin(protocol: str, served: Simulator,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    with block.configured(served, state, protocol):
        yield stock.admin_context()


@pytest.fixture(scope='module')
def driver(admin: Any, served: Simulator, protocol: str) -> Any:
    return block.start_driver(admin, served, protocol)


class Suffering(BlockWorld):
    """One volume after the other, each with its fault."""

    tmp_path: Path

    def new_image(self, case: Case) -> Glance:
        content = os.urandom(MIB)
        stored = content if case.disk_format == 'raw' else (
            qcow2_of(content, self.tmp_path))
        image = image_of(content, stored, case.disk_format)
        if case.cached_in:
            volume = self.new_volume(case.cached_in)
            assert self.clone_image(volume, image)
            self.driver.delete_volume(volume)
        return image

    def calls_of(self, case: Case) -> list[Call]:
        """What a volume of this route asks of ONTAP, before its export."""
        image = self.new_image(case)
        self.start_anew()
        since = self.simulator.calls()['last']
        volume = self.new_volume()
        assert self.clone_image(volume, image)
        assert volume.metadata['eic_route'] == case.route
        found = fault_table.calls_since(self.simulator, since)
        self.clean()
        return found

    def clean(self) -> None:
        self.simulator.control('POST', '/reset', json={'files': True})

    def suffer(self, case: Case, fault: Fault) -> str:
        """What is wrong after a fault; nothing, if all is well."""
        image = self.new_image(case)
        self.start_anew()
        fault_id = self.simulator.fault(**fault)
        volume = self.new_volume()
        cloned = self.clone_image(volume, image)
        hit = fault_table.was_hit(self.simulator, fault_id)
        self.simulator.control('DELETE', '/faults')
        self.settle()
        wrong = [] if hit else ['the fault hit nothing']
        volumes = [volume]
        if not (cloned or self.is_downloaded(volume, image)):
            self.driver.delete_volume(volume)
            volumes.clear()
        elif not self.is_right(volume, image):
            wrong.append('the volume has other bytes')
        self.start_anew()
        self.sweep()
        if left := self.left_over(image, *volumes):
            wrong.append(f'left over: {left}')
        again, route = self.make(image)
        if not self.is_right(again, image):
            wrong.append(f'the next volume has other bytes, by {route}')
        if route == 'cinder_download':
            wrong.append('the next volume was left to Cinder')
        self.clean()
        return '; '.join(wrong)

    def is_downloaded(self, volume: Any, image: Glance) -> bool:
        """False if Cinder ends in an error of its own."""
        from cinder import exception  # noqa: PLC0415
        try:
            self.download(volume, image)
        except exception.CinderException:
            return False
        return True


@pytest.fixture
def world(driver: Any, admin: Any, simulator: Simulator, protocol: str,
          tmp_path: Path) -> Suffering:
    found = Suffering(driver, admin, simulator, protocol)
    found.tmp_path = tmp_path
    return found


@pytest.fixture(scope='module')
def recorded() -> dict[str, list[Call]]:
    """The calls of the routes that have been taken."""
    return {}


def changes_devices(method: str, path: str) -> bool:
    return method != 'GET' and DEVICES.search(path) is not None


def makes_devices(method: str, path: str) -> bool:
    return method == 'POST' and changes_devices(method, path)


@pytest.mark.parametrize(
    'fault', list(fault_table.all_faults()), ids=fault_table.shown)
@pytest.mark.parametrize(
    ('protocol', 'name'), [(case.protocol, name) for name, case in CASES.items()],
    indirect=['protocol'], ids=list(CASES), scope='module')
def test_no_fault_of_any_call_costs_a_volume(
        name: str, fault: Fault, world: Suffering,
        recorded: dict[str, list[Call]]) -> None:
    case = CASES[name]
    if name not in recorded:
        recorded[name] = world.calls_of(case)
        print(name, *recorded[name], sep='\n')
    wrong = {where: found
             for where, one in fault_table.hit_by(
                 fault, recorded[name], changes_devices, makes_devices,
                 {'svm': SVM, 'volume': ONE})
             if (found := world.suffer(case, one))}
    assert wrong == {}
