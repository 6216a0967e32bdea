"""Every fault of the simulator, in every call of every route.

The EIC driver runs in this process, as cinder-volume would run it, with a
Glance that is an object. The table is generated: a route is taken once to see
which calls it makes, and then once for each call and each fault that can hit
it. Whatever goes wrong, the volume gets the image's bytes, from EIC or from
Cinder's download to which EIC handed the request; nothing is left over after a
sweep; and the next volume is right.
"""

import dataclasses
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.simulator import faults
from tests.contract import fault_table, stock
from tests.contract.conftest import Simulator
from tests.contract.fault_table import VARIANTS, Call, Fault, all_faults, shown
from tests.contract.images import Glance, image_of, qcow2_of
from tests.contract.stock import BACKEND, GIB, MIB

IMAGES = '127.0.81.1:/images'
GOLD = '127.0.81.1:/gold'
AFTER_THE_SWEEP_MAY = 3600
SETTLE_SECONDS = 20

pytestmark = [pytest.mark.usefixtures('nfs'), pytest.mark.skipif(
    not os.environ.get('EIC_FAULT_TABLE'),
    reason='the table of faults takes half an hour, and a process of its own: '
           'EIC_FAULT_TABLE=1 pytest tests/contract/test_faults.py')]


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator,
                tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    (state / 'shares').write_text(f'{IMAGES}\n{GOLD}\n')
    with stock.configured(state, _config(served, state)) as configuration:
        yield configuration


def _config(served: Simulator, state: Path) -> str:
    backend = stock.config(
        served, state, netapp_storage_protocol='nfs',
        volume_driver='eic_plugins.volume.nfs.EICNfsDriver',
        netapp_vserver='svm_gold', nfs_shares_config=state / 'shares',
        nfs_mount_point_base=state / 'mnt',
        nas_secure_file_operations=True, nas_secure_file_permissions=True)
    return backend + f'''
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
clone_timeout = 2
copy_offload_timeout = 2
fill_wait_timeout = 10
'''


@pytest.fixture(scope='module')
def admin(cinder_conf: Any) -> Any:
    return stock.admin_context()


@pytest.fixture(scope='module')
def driver(cinder_conf: Any, admin: Any) -> Any:
    """The driver, set up as the volume manager sets it up."""
    import cinder.db  # noqa: PLC0415
    from cinder.volume import configuration  # noqa: PLC0415
    from cinder.volume import driver as base  # noqa: PLC0415

    from eic_plugins.volume.nfs import EICNfsDriver  # noqa: PLC0415
    found = EICNfsDriver(
        configuration=configuration.Configuration(
            base.volume_opts, config_group=BACKEND),
        host=f'contract@{BACKEND}', db=cinder.db, is_vol_db_empty=True)
    # Its timers would make calls that belong to no volume.
    found._add_looping_tasks = lambda: None
    found.do_setup(admin)
    found.check_for_setup_error()
    found.set_initialized()
    return found


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    route: str
    share: str = GOLD
    disk_format: str = 'raw'
    located: bool = False
    stock_file: bool = False
    cached_before: bool = False
    reimage: bool = False


CASES = {
    'cached': Case('cached', located=True, cached_before=True),
    'flexclone': Case('flexclone', IMAGES, located=True),
    'copy_offload': Case('copy_offload', located=True),
    'adopt': Case('adopt', stock_file=True),
    'download of raw': Case('download'),
    'download of qcow2': Case('download', disk_format='qcow2'),
    'reimage': Case('download', reimage=True),
    'reimage of a cached image': Case(
        'cached', located=True, cached_before=True, reimage=True),
}


class World:
    """The driver and its cluster, for one volume after the other."""

    def __init__(self, driver: Any, admin: Any, simulator: Simulator,
                 tmp_path: Path) -> None:
        self.driver, self.admin, self.simulator = driver, admin, simulator
        self.tmp_path = tmp_path

    def root(self, share: str) -> Path:
        name = {GOLD: 'gold', IMAGES: 'images_vol'}[share]
        return self.simulator.directory('svm_gold', name)

    def new_image(self, case: Case) -> Glance:
        content = os.urandom(MIB)
        stored = content if case.disk_format == 'raw' else (
            qcow2_of(content, self.tmp_path))
        image = image_of(content, stored, case.disk_format,
                         '127.0.81.2/images' if case.located else None)
        image_id = image.meta['id']
        if case.located:
            self._put(self.root(IMAGES) / image_id, stored)
        if case.stock_file:
            self._put(self.root(GOLD) / f'img-cache-{image_id}', content, GIB)
        if case.cached_before:
            volume = self.new_volume(case.share)
            assert self.clone(volume, image)
            self.root(case.share).joinpath(volume.name).unlink()
        return image

    @staticmethod
    def _put(path: Path, content: bytes, size: int = 0) -> None:
        path.write_bytes(content)
        os.truncate(path, size or len(content))
        path.chmod(0o666)

    def new_volume(self, share: str) -> Any:
        return stock.new_volume(self.admin, share)

    def start_anew(self) -> None:
        """As after a restart: nothing is known of the cluster yet."""
        self.driver._connect(BACKEND)

    def clone(self, volume: Any, image: Glance) -> bool:
        """As the volume manager asks for it."""
        update, cloned = self.driver.clone_image(
            self.admin, volume, image.get_location(None, ''), image.meta, image)
        assert (update is not None) == cloned
        if cloned:
            volume.update(update)
            volume.save()
        return cloned

    def download(self, volume: Any, image: Glance) -> None:
        """What the volume manager does when the driver did not."""
        if not volume.provider_location:
            assert not self.root(self.share_of(volume)).joinpath(
                volume.name).exists()
            volume.update(self.driver.create_volume(volume))
            volume.save()
        self.driver.copy_image_to_volume(
            self.admin, volume, image, image.meta['id'])

    def make(self, case: Case, image: Glance,
             volume: Any | None = None) -> tuple[Any, str]:
        """A volume of the image, and by which route it came."""
        if volume is not None:
            self.download(volume, image)
        else:
            volume = self.new_volume(case.share)
            if not self.clone(volume, image):
                self.simulator.control('DELETE', '/faults')
                self.download(volume, image)
        volume.refresh()
        return volume, volume.metadata.get('eic_route', 'none')

    def share_of(self, volume: Any) -> str:
        return str(volume.host.partition('#')[2])

    def is_right(self, volume: Any, image: Glance) -> bool:
        with (self.root(self.share_of(volume)) / volume.name).open('rb') as file:
            found = file.read(len(image.raw))
            size = os.fstat(file.fileno()).st_size
        return found == image.raw and size == GIB

    def left_over(self, image: Glance, *volumes: Any) -> list[str]:
        """Files that are no image, no cached image and no volume."""
        image_id = image.meta['id']
        known = {image_id, f'img-cache-{image_id}', f'.eic-{image_id}.json',
                 *(volume.name for volume in volumes)}
        return sorted(path.name for share in (GOLD, IMAGES)
                      for path in self.root(share).iterdir()
                      if path.name not in known)

    def sweep(self) -> None:
        """As the periodic task does, when what is left has been idle."""
        for cache in self.driver._caches_but(None):
            cache.sweep(time.time() + AFTER_THE_SWEEP_MAY)

    def settle(self) -> None:
        """The cluster's jobs end, also those nobody waits for any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.simulator.control(
                'GET', '/counters')['file_copies']['running']:
            assert time.monotonic() < deadline, 'waited for copies to end'
            time.sleep(0.05)

    def calls_of(self, case: Case) -> list[Call]:
        """The calls of a route: method, path, and the how-manieth it is."""
        image = self.new_image(case)
        volume = self._to_reimage(case)
        self.start_anew()
        since = self.simulator.calls()['last']
        _, route = self.make(case, image, volume)
        assert route == case.route
        found = fault_table.calls_since(self.simulator, since)
        self.clean()
        return found

    def _to_reimage(self, case: Case) -> Any:
        if not case.reimage:
            return None
        volume = self.new_volume(case.share)
        volume.update(self.driver.create_volume(volume))
        volume.save()
        return volume

    def clean(self) -> None:
        self.simulator.control('POST', '/reset', json={'files': True})

    def suffer(self, case: Case, fault: Fault) -> str:
        """What is wrong after a fault; nothing, if all is well."""
        image = self.new_image(case)
        before = self._to_reimage(case)
        self.start_anew()
        fault_id = self.simulator.fault(**fault)
        volume, _ = self.make(case, image, before)
        hit = fault_table.was_hit(self.simulator, fault_id)
        self.simulator.control('DELETE', '/faults')
        self.settle()
        self.start_anew()
        self.sweep()
        wrong = [] if hit else ['the fault hit nothing']
        if not self.is_right(volume, image):
            wrong.append('the volume has other bytes')
        if left := self.left_over(image, volume):
            wrong.append(f'left over: {left}')
        again, route = self.make(case, image)
        if not self.is_right(again, image):
            wrong.append(f'the next volume has other bytes, by {route}')
        if route == 'cinder_download':
            wrong.append('the next volume was left to Cinder')
        self.clean()
        return '; '.join(wrong)


@pytest.fixture(scope='module')
def recorded() -> dict[str, list[Call]]:
    """The calls of the routes that have been taken."""
    return {}


@pytest.fixture
def world(driver: Any, admin: Any, simulator: Simulator,
          tmp_path: Path) -> World:
    return World(driver, admin, simulator, tmp_path)


def test_there_is_a_variant_of_every_kind_of_fault() -> None:
    assert set(VARIANTS) == set(faults._PARAMETERS)


def has_job(method: str, path: str) -> bool:
    plain = path.replace('\\', '')
    return method == 'POST' and (
        '/file/clone' in plain or '/file/copy' in plain)


@pytest.mark.parametrize(('name', 'fault'), list(
    itertools.product(CASES, all_faults())),
    ids=lambda value: value if isinstance(value, str) else shown(value))
def test_no_fault_of_any_call_costs_a_volume(
        name: str, fault: Fault, world: World,
        recorded: dict[str, list[Call]]) -> None:
    case = CASES[name]
    if name not in recorded:
        recorded[name] = world.calls_of(case)
    flexvol = {'svm': 'svm_gold',
               'volume': 'gold' if case.share == GOLD else 'images_vol'}
    wrong = {where: found
             for where, one in fault_table.hit_by(
                 fault, recorded[name], has_job, has_job, flexvol)
             if (found := world.suffer(case, one))}
    assert wrong == {}
