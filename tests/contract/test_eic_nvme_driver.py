"""EIC's NVMe driver: namespaces are cloned, and never copied."""

import os

from tests.contract.block import NEEDS_ROOT, ONE, POOLS, TWO, BlockWorld
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
PROTOCOL = 'nvme'


def test_every_pool_has_a_download_of_its_own_and_then_clones(
    world: BlockWorld,
) -> None:
    image = world.glance.add(os.urandom(1_000_000))
    routes = {}
    for pool in POOLS:
        volumes = [world.create(image, pool) for _ in range(2)]
        routes[pool] = [v.metadata['eic_route'] for v in volumes]
        assert all(world.is_right(volume, image) for volume in volumes)
        assert world.names(pool) == sorted([image.cached, *(v.name for v in volumes)])
    assert routes == {pool: ['download', 'cached'] for pool in POOLS}
    assert world.glance.downloads == [image.id, image.id]
    # Each volume is one, and so is each cached image: namespaces have no rename.
    assert world.counters()['namespace_clones'] == 6


def test_no_copy_is_tried(world: BlockWorld) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.create(image, ONE)
    volume = world.create(image, TWO)
    assert 'copy_offload=no_location' in volume.metadata['eic_refused']


def test_a_volume_is_deleted_and_its_cached_image_stays(world: BlockWorld) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.driver.delete_volume(world.create(image))
    assert world.names(ONE) == [image.cached]


def test_pools_are_reported_and_precached(world: BlockWorld) -> None:
    image = world.glance.add(os.urandom(MIB), eic_precache='all')
    world.precache()
    assert [world.names(pool) for pool in POOLS] == [[image.cached]] * 2
    stats = world.driver.get_volume_stats(refresh=True)
    assert all(pool['eic'] for pool in stats['pools'])
    world.eic.clean()


def test_no_host_sees_a_cached_image(world: BlockWorld) -> None:
    """The stock driver leaves the map, and takes the host out of it."""
    world.create(world.glance.add(os.urandom(MIB)))
    systems = world.simulator.session.get(
        f'{world.simulator.origin}/api/protocols/nvme/subsystems',
        timeout=30,
        params={'fields': 'hosts,subsystem_maps'},
    ).json()['records']
    assert systems
    assert not any(
        system.get('hosts') and system.get('subsystem_maps') for system in systems
    )
