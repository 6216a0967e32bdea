"""EIC's NVMe driver: namespaces are cloned, and never copied."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import Simulator
from tests.contract.eic_block import (
    NEEDS_ROOT,
    POOLS,
    Cloud,
    Glance,
    configured,
    disk,
    new_nvme_driver,
    set_up,
)

pytestmark = NEEDS_ROOT


@pytest.fixture(scope='module')
def admin(served: Simulator,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    with configured(served, state, 'nvme') as found:
        yield found


@pytest.fixture
def cloud(admin: Any, simulator: Simulator,
          monkeypatch: pytest.MonkeyPatch) -> Cloud:
    glance, driver = Glance.served(monkeypatch), new_nvme_driver()
    set_up(driver, admin)
    return Cloud(driver, admin, glance, simulator)


def test_every_pool_has_a_download_of_its_own_and_then_clones(
        cloud: Cloud) -> None:
    image_id = cloud.glance.add(disk(1_000_000))
    routes = {}
    for pool in POOLS:
        volumes = [cloud.create(image_id, pool) for _ in range(2)]
        routes[pool] = [v.metadata['eic_route'] for v in volumes]
        assert all(cloud.is_right(volume, image_id) for volume in volumes)
        assert cloud.names(pool) == sorted(
            [f'img-cache-{image_id}', *(v.name for v in volumes)])
    assert routes == {pool: ['download', 'cached'] for pool in POOLS}
    assert cloud.glance.downloads == [image_id, image_id]
    assert cloud.counters()['namespace_clones'] == 4


def test_no_copy_is_tried(cloud: Cloud) -> None:
    image_id = cloud.glance.add(disk())
    cloud.create(image_id, POOLS[0])
    volume = cloud.create(image_id, POOLS[1])
    assert 'copy_offload=no_location' in volume.metadata['eic_refused']


def test_a_volume_is_deleted_and_its_cached_image_stays(cloud: Cloud) -> None:
    image_id = cloud.glance.add(disk())
    cloud.driver.delete_volume(cloud.create(image_id))
    assert cloud.names(POOLS[0]) == [f'img-cache-{image_id}']


def test_pools_are_reported_and_precached(cloud: Cloud) -> None:
    image_id = cloud.glance.add(disk(), eic_precache='all')
    precacher = cloud.driver._precacher
    precacher.reconcile()
    while precacher._queued:
        precacher.fill_next()
    assert [cloud.names(pool) for pool in POOLS] == [
        [f'img-cache-{image_id}']] * 2
    stats = cloud.driver.get_volume_stats(refresh=True)
    assert all(pool['eic'] for pool in stats['pools'])
    cloud.driver._clean()


def test_no_host_sees_a_cached_image(cloud: Cloud) -> None:
    """The stock driver leaves the map, and takes the host out of it."""
    cloud.create(cloud.glance.add(disk()))
    systems = cloud.simulator.session.get(
        f'{cloud.simulator.origin}/api/protocols/nvme/subsystems', timeout=30,
        params={'fields': 'hosts,subsystem_maps'}).json()['records']
    assert systems
    assert not any(system.get('hosts') for system in systems)
