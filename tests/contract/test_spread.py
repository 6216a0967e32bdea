"""EIC's drivers copy what many volumes are made of into their other pools."""

import os
from typing import Any

import pytest

from tests.contract import block
from tests.contract.block import NEEDS_ROOT, ONE, TWO, BlockWorld
from tests.contract.images import Glance, Image
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
PROTOCOLS = ['iscsi', 'nvme']

VOLUMES = 8
"""``spread_volumes``"""


@pytest.fixture
def image(glance: Glance) -> Image:
    return glance.add(os.urandom(2 * MIB))


def make(world: BlockWorld, image: Image) -> Any:
    """A volume, noted as the volume manager notes it."""
    from cinder.db import api as db  # noqa: PLC0415

    volume, _ = world.make(image)
    db.volume_glance_metadata_bulk_create(
        world.admin, volume.id, {'image_id': image.id}
    )
    return volume


def settle(world: BlockWorld) -> None:
    """What the threads do."""
    spreader = world.eic.background.spreader
    spreader.look()
    while spreader.waiting:
        spreader.fill_next()
        spreader.look()


def test_the_other_pool_gets_it_by_one_copy_when_volumes_gather(
    world: BlockWorld, image: Image
) -> None:
    if world.protocol == 'nvme':
        pytest.skip('ONTAP copies no namespaces')
    for _ in range(VOLUMES - 1):
        make(world, image)
    settle(world)
    assert world.names(TWO) == []
    make(world, image)
    for _ in range(2):
        settle(world)
    assert world.names(TWO) == [image.cached]
    assert world.counters()['lun_copies']['finished'] == 1
    assert world.glance.downloads == [image.id]
    volume, route = world.make(image, TWO)
    assert route == 'cached'
    assert world.is_right(volume, image)


def test_the_schedulers_are_told_of_a_fill_and_of_a_copy(
    world: BlockWorld,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        world.eic.clusters.publisher, 'publish_soon', lambda: told.append('news')
    )
    make(world, image)
    assert len(told) == 1
    for _ in range(VOLUMES - 1):
        make(world, image)
    assert len(told) == 1, 'a hit is no news'
    if world.protocol == 'iscsi':
        settle(world)
        assert len(told) == 2
        reported = {
            pool['pool_name']: pool['eic']['cached']
            for pool in world.driver.get_volume_stats(refresh=True)['pools']
        }
        assert reported == {ONE: [image.id], TWO: [image.id]}


def test_nvme_is_not_spread_and_the_log_says_so_once(
    world: BlockWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    driver = block.start_driver(world.admin, world.simulator, world.protocol)
    for _ in range(2):
        driver.eic.background.start()
    nvme = world.protocol == 'nvme'
    assert (driver.eic.background.spreader is None) == nvme
    assert caplog.text.count('copies no NVMe namespaces') == nvme
