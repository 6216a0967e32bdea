"""Block pools are filled before anybody asks, and follow what Glance has."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.support.clock import SYSTEM
from tests.contract import block, stock
from tests.contract.block import NEEDS_ROOT, ONE, POOLS, BlockWorld
from tests.contract.images import Image
from tests.contract.stock import BACKEND, MIB

pytestmark = NEEDS_ROOT
PROTOCOL = 'iscsi'
LATER = 3600


@pytest.fixture
def precached(world: BlockWorld) -> Image:
    """An image that asks for all pools, after a comparison."""
    image = world.glance.add(os.urandom(MIB), eic_precache='all')
    compare(world, image)
    return image


def compare(world: BlockWorld, image: Image) -> None:
    world.precache()
    assert [is_cached(world, image, pool) for pool in POOLS] == [True, True]


def is_cached(world: BlockWorld, image: Image, pool: str) -> bool:
    return bool(world.devices(pool).get(image.cached, {}).get('comment'))


def test_both_pools_are_filled_by_one_download_and_one_lun_copy(
    world: BlockWorld, precached: Image
) -> None:
    assert world.glance.downloads == [precached.id]
    assert world.counters()['lun_copies']['finished'] == 1
    assert [world.names(pool) for pool in POOLS] == [[precached.cached]] * 2


def test_the_lun_is_unmapped_when_its_bytes_are_there(
    world: BlockWorld, precached: Image
) -> None:
    assert not any(
        lun.get('lun_maps') for pool in POOLS for lun in world.devices(pool).values()
    )
    assert not world.driver.library.lun_table


def test_the_first_volume_in_each_pool_is_a_clone_of_the_cached_image(
    world: BlockWorld, precached: Image
) -> None:
    for pool in POOLS:
        volume = world.create(precached, pool)
        assert volume.metadata['eic_route'] == 'cached'
        assert world.is_right(volume, precached)
    assert world.glance.downloads == [precached.id]
    assert world.counters()['lun_clones'] == 2


def test_an_evicted_image_is_filled_in_again_from_the_other_pool(
    world: BlockWorld, precached: Image
) -> None:
    cache = world.cache_of(ONE)
    (usage,) = cache.storage.usages()
    assert cache.evict(usage)
    assert not world.names(ONE)
    compare(world, precached)
    assert world.glance.downloads == [precached.id]
    assert world.counters()['lun_copies']['finished'] == 2
    assert world.create(precached).metadata['eic_route'] == 'cached'


def test_what_is_to_be_precached_is_evicted_last(
    world: BlockWorld, precached: Image
) -> None:
    assert world.eic.background.wanted_in(ONE) == {precached.id}


def test_cached_images_of_a_deleted_image_go(
    world: BlockWorld, precached: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = world.create(precached)
    del world.glance.images[precached.id]
    world.eic.background.precacher.reconcile()
    assert is_cached(world, precached, ONE)  # it has just been used
    monkeypatch.setattr(SYSTEM, 'time', lambda: time.time() + LATER)
    world.eic.background.precacher.reconcile()
    assert [world.names(pool) for pool in POOLS] == [[volume.name], []]
    assert world.is_right(volume, precached)


def test_counts_of_an_earlier_process_are_not_shown(
    world: BlockWorld, tmp_path: Path
) -> None:
    from oslo_config import cfg  # noqa: PLC0415

    file = tmp_path / f'eic-{BACKEND}.prom'
    file.write_text('eic_volumes_total 7\n')
    cfg.CONF.set_override('metrics_directory', str(tmp_path), 'eic')
    block.start_driver(world.admin, world.simulator, world.protocol)
    cfg.CONF.clear_override('metrics_directory', 'eic')
    assert 'eic_volumes_total' in file.read_text()
    assert ' 7' not in file.read_text()


def test_tasks_are_added_once_however_often_the_driver_is_set_up(
    world: BlockWorld, admin: Any
) -> None:
    precacher = world.eic.background.precacher
    stock.set_up(world.driver, admin)
    assert world.eic.background.precacher is precacher
    ours = [
        task.looping_call.f.__name__
        for task in world.driver.library.loopingcalls.tasks
        if task.looping_call.f.__module__.startswith('eic_plugins')
    ]
    assert sorted(ours) == ['clean', 'reconcile']


def test_a_failed_download_leaves_no_lun_and_is_left_alone_for_a_while(
    world: BlockWorld,
) -> None:
    image = world.glance.add(os.urandom(MIB), eic_precache=ONE)
    image.stored = b'QFI\xfb' + image.raw[4:]
    world.precache()
    assert [world.names(pool) for pool in POOLS] == [[], []]
    world.precache()
    assert world.glance.downloads == [image.id]
