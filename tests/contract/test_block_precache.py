"""Block pools are filled before anybody asks, and follow what Glance has."""

import time
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
    new_driver,
    set_up,
)

pytestmark = NEEDS_ROOT
LATER = 3600


@pytest.fixture(scope='module')
def admin(served: Simulator,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    with configured(served, state) as found:
        yield found


@pytest.fixture
def glance(monkeypatch: pytest.MonkeyPatch) -> Glance:
    return Glance.served(monkeypatch)


@pytest.fixture
def cloud(admin: Any, glance: Glance, simulator: Simulator) -> Cloud:
    driver = new_driver()
    set_up(driver, admin)
    return Cloud(driver, admin, glance, simulator)


@pytest.fixture
def precached(cloud: Cloud) -> str:
    """An image that asks for all pools, after a comparison."""
    image_id = cloud.glance.add(disk(), eic_precache='all')
    compare(cloud, image_id)
    return image_id


def compare(cloud: Cloud, image_id: str) -> None:
    """As the periodic task does, and as its threads then fill."""
    reconcile_and_fill(cloud)
    assert [cached(cloud, image_id, pool) for pool in POOLS] == [True, True]


def reconcile_and_fill(cloud: Cloud) -> None:
    precacher = cloud.driver._precacher
    precacher.reconcile()
    while precacher._queued:
        precacher.fill_next()


def cached(cloud: Cloud, image_id: str, pool: str) -> bool:
    lun = cloud.luns(pool).get(f'img-cache-{image_id}', {})
    return bool(lun.get('comment'))


def test_both_pools_are_filled_by_one_download_and_one_lun_copy(
        cloud: Cloud, precached: str) -> None:
    assert cloud.glance.downloads == [precached]
    assert cloud.counters()['lun_copies']['finished'] == 1
    assert [cloud.names(pool) for pool in POOLS] == [
        [f'img-cache-{precached}']] * 2


def test_the_lun_is_unmapped_when_its_bytes_are_there(
        cloud: Cloud, precached: str) -> None:
    assert not any(lun.get('lun_maps') for pool in POOLS
                   for lun in cloud.luns(pool).values())
    assert not cloud.driver.library.lun_table


def test_the_first_volume_in_each_pool_is_a_clone_of_the_cached_image(
        cloud: Cloud, precached: str) -> None:
    for pool in POOLS:
        volume = cloud.create(precached, pool)
        assert volume.metadata['eic_route'] == 'cached'
        assert cloud.is_right(volume, precached)
    assert cloud.glance.downloads == [precached]
    assert cloud.counters()['lun_clones'] == 2


def test_an_evicted_image_is_filled_in_again_from_the_other_pool(
        cloud: Cloud, precached: str) -> None:
    cache = cloud.driver._cache_of(POOLS[0])
    usage, = cache.storage.usages()
    assert cache.evict(usage)
    assert not cloud.names(POOLS[0])
    compare(cloud, precached)
    assert cloud.glance.downloads == [precached]
    assert cloud.counters()['lun_copies']['finished'] == 2
    assert cloud.create(precached).metadata['eic_route'] == 'cached'


def test_what_is_to_be_precached_is_evicted_last(
        cloud: Cloud, precached: str) -> None:
    assert cloud.driver._evicted_last(POOLS[0]) == {precached}


def test_cached_images_of_a_deleted_image_go(
        cloud: Cloud, precached: str, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = cloud.create(precached)
    content = cloud.glance.content[precached]
    del cloud.glance.metas[precached]
    cloud.driver._precacher.reconcile()
    assert cached(cloud, precached, POOLS[0])  # it has just been used
    monkeypatch.setattr(cloud.driver._precacher, '_clock',
                        lambda: time.time() + LATER)
    cloud.driver._precacher.reconcile()
    assert [cloud.names(pool) for pool in POOLS] == [[volume.name], []]
    with (cloud.root(POOLS[0]) / volume.name).open('rb') as file:
        assert file.read(len(content)) == content


def test_tasks_are_added_once_however_often_the_driver_is_set_up(
        cloud: Cloud, admin: Any) -> None:
    precacher = cloud.driver._precacher
    set_up(cloud.driver, admin)
    assert cloud.driver._precacher is precacher
    ours = [task.looping_call.f.__name__
            for task in cloud.driver.library.loopingcalls.tasks
            if task.looping_call.f.__module__.startswith('eic_plugins')]
    assert sorted(ours) == ['_clean', 'reconcile']


def test_a_failed_download_leaves_no_lun_and_is_left_alone_for_a_while(
        cloud: Cloud) -> None:
    image_id = cloud.glance.add(disk(), eic_precache=POOLS[0])
    cloud.glance.content[image_id] = b'QFI\xfb' + disk()[4:]
    reconcile_and_fill(cloud)
    assert [cloud.names(pool) for pool in POOLS] == [[], []]
    reconcile_and_fill(cloud)
    assert cloud.glance.downloads == [image_id]
