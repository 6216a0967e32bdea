"""EIC's iSCSI, Fibre Channel and NVMe drivers make volumes from images.

The stock drivers below them are Cinder's own; the fabric is
:mod:`tests.contract.fabric`.
"""

import os
import threading
import time
from pathlib import Path

import pytest

from eic_plugins.ontap.capacity import Capacities
from eic_plugins.support.clock import SYSTEM
from tests.contract.block import (
    NEEDS_ROOT,
    ONE,
    POOLS,
    RESOURCES,
    TWO,
    BlockWorld,
)
from tests.contract.images import Glance, Image, qcow2_of
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB, MIB

AT_ONCE = 20
SECONDS = 120
HOUR = 3600.0

pytestmark = NEEDS_ROOT
PROTOCOLS = sorted(RESOURCES)


@pytest.fixture
def image(glance: Glance) -> Image:
    """It does not end at a block, as an image may."""
    return glance.add(os.urandom(2 * MIB + 512))


def test_the_first_volume_is_a_clone_of_what_was_downloaded_into_a_device(
    world: BlockWorld, image: Image
) -> None:
    volume, route = world.make(image)
    assert (route, world.glance.downloads) == ('download', [image.id])
    assert world.is_right(volume, image)
    assert world.names(ONE) == sorted([image.cached, volume.name])
    assert [name.startswith('eic-fill-') for name in world.driver.connections] == [True]


def test_a_qcow2_image_is_cached_as_the_raw_disk(
    world: BlockWorld, image: Image, tmp_path: Path
) -> None:
    content = image.raw[: 2 * MIB]
    converted = world.glance.add(content, qcow2_of(content, tmp_path), 'qcow2')
    for route in ('download', 'cached'):
        volume, taken = world.make(converted)
        assert taken == route
        assert world.is_right(volume, converted)


def test_a_hit_has_no_connection_and_no_download(
    world: BlockWorld, image: Image
) -> None:
    world.make(image)
    world.driver.connections.clear()
    volume = world.new_volume()
    assert world.clone_image(volume, image)
    assert volume.metadata['eic_route'] == 'cached'
    assert world.driver.connections == []
    assert world.glance.downloads == [image.id]
    assert world.is_right(volume, image)


def test_the_other_pool_has_it_by_a_copy_inside_the_cluster_if_there_is_one(
    world: BlockWorld, image: Image, simulator: Simulator
) -> None:
    """ONTAP copies LUNs; each pool of namespaces has its own download."""
    expected = (
        ('download', 2, 0, 1) if world.protocol == 'nvme' else ('copy_offload', 1, 1, 0)
    )
    world.make(image)
    world.driver.connections.clear()
    volume, route = world.make(image, TWO)
    copies = world.counters()['lun_copies']['finished']
    assert expected == (
        route,
        len(world.glance.downloads),
        copies,
        len(world.driver.connections),
    )
    assert world.is_right(volume, image)


def test_a_volume_grows_to_its_own_size(world: BlockWorld, image: Image) -> None:
    for _ in ('download', 'cached'):
        volume, _ = world.make(image, size=3)
        assert world.is_right(volume, image)
        record = world.devices(ONE)[volume.name]
        assert record['space']['size'] == 3 * GIB
    assert (world.root(ONE) / image.cached).stat().st_size < GIB


def test_a_volume_can_be_connected_and_written_without_its_cached_image(
    world: BlockWorld, image: Image
) -> None:
    volume, _ = world.make(image)
    assert world.driver.initialize_connection(volume, {'host': 'contract'})
    world.driver.terminate_connection(volume, {'host': 'contract'})
    with world.file(volume).open('r+b') as stream:
        stream.write(b'changed')
    again, _ = world.make(image)
    assert world.is_right(again, image)


def test_deletion_and_eviction_leave_nothing(
    world: BlockWorld, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = [world.make(image, pool)[0] for pool in (*POOLS, *POOLS)]
    for volume in volumes:
        world.driver.delete_volume(volume)
    assert {*world.names(ONE), *world.names(TWO)} == {image.cached}
    monkeypatch.setattr(Capacities, 'capacity', lambda *_: (100 * GIB, 1))
    world.eic.clean()
    assert world.names(ONE), 'one that was just used is not evicted'
    now = time.time
    monkeypatch.setattr('time.time', lambda: now() + 30 * 24 * HOUR)
    world.eic.clean()
    assert [*world.names(ONE), *world.names(TWO)] == []
    assert world.records() == {}


def test_an_image_that_is_too_large_is_left_to_cinder(
    world: BlockWorld, image: Image
) -> None:
    image.meta = {**image.meta, 'virtual_size': 2 * GIB}
    assert not world.clone(world.new_volume(), image)
    assert world.records() == {}


@pytest.mark.parametrize('method', ['POST', 'PATCH'], ids=['clone', 'growth'])
def test_a_job_that_vanishes_when_it_is_done_costs_no_clone(
    world: BlockWorld, image: Image, simulator: Simulator, method: str
) -> None:
    """Some systems forget their jobs at once; the device itself tells then."""
    world.make(image)
    simulator.fault(
        'job_vanishes',
        effect='done',
        match={'method': method, 'path': RESOURCES[world.protocol], 'user': 'stock'},
    )
    volume, route = world.make(image)
    (fault,) = simulator.control('GET', '/faults')['faults']
    assert (route, fault['hits']) == ('cached', 1)
    assert world.is_right(volume, image)


def test_the_time_of_use_is_written_with_the_periodic_statistics(
    world: BlockWorld,
    image: Image,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its job that vanishes does not keep it from being written."""
    world.make(image)
    now = time.time() + HOUR
    monkeypatch.setattr(SYSTEM, 'time', lambda: now)
    world.create(image)
    simulator.fault(
        'job_vanishes',
        effect='done',
        match={'method': 'PATCH', 'path': RESOURCES[world.protocol], 'user': 'stock'},
    )
    world.driver.get_volume_stats(refresh=True)
    world.start_anew()
    (usage,) = world.cache_of(ONE).storage.usages()
    (fault,) = simulator.control('GET', '/faults')['faults']
    assert (usage.last_used, fault['hits']) == (int(now), 1)


def test_twenty_first_volumes_at_once_are_one_download_and_one_copy_a_pool(
    world: BlockWorld, image: Image, simulator: Simulator
) -> None:
    volumes = [world.new_volume(POOLS[number % 2]) for number in range(AT_ONCE)]
    made: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda volume=volume: made.append(world.clone(volume, image)),
            daemon=True,
        )
        for volume in volumes
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    assert made == [True] * AT_ONCE
    copies = world.counters()['lun_copies']['finished']
    if world.protocol == 'nvme':
        assert (len(world.glance.downloads), copies) == (len(POOLS), 0)
    else:
        assert (len(world.glance.downloads), copies) == (1, len(POOLS) - 1)
    assert all(world.is_right(volume, image) for volume in volumes)
    assert world.left_over(image, *volumes) == []


@pytest.mark.parametrize('tib', [17, 120])
def test_a_volume_of_many_tebibytes_is_a_clone_like_any_other(
    world: BlockWorld, image: Image, tib: int
) -> None:
    world.make(image)
    volume = world.new_volume(size=tib << 10)
    assert world.clone(volume, image)
    assert world.devices(ONE)[volume.name]['space']['size'] == tib << 40


def test_one_that_ontap_makes_no_device_for_fails_as_with_the_stock_driver(
    world: BlockWorld, image: Image
) -> None:
    """ONTAP says so when it is to grow: nothing of the clone is left, and the
    cached image serves the next one.
    """
    world.make(image)
    before = world.records()
    volume = world.new_volume(size=200 << 10)
    assert not world.clone(volume, image)
    assert world.records() == before
    from cinder import exception  # noqa: PLC0415

    with pytest.raises(exception.VolumeBackendAPIException):
        world.create_empty(volume)
    assert world.make(image)[1] == 'cached'
