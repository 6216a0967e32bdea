"""`eic cache` on LUNs and namespaces: list, warm, evict and verify."""

import json
import os
import time
from typing import Any

import pytest

from tests.contract.block import NEEDS_ROOT, ONE, TWO, BlockWorld
from tests.contract.cache import HOST, Cache
from tests.contract.images import Image
from tests.contract.simulator import WAIT
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
PROTOCOLS = ['iscsi', 'nvme']
KINDS = {'iscsi': 'luns', 'nvme': 'namespaces'}


@pytest.fixture
def cache(world: BlockWorld) -> Cache:
    return Cache(world)


@pytest.fixture
def cached(world: BlockWorld) -> Image:
    """An image that is cached in the first pool, and that nobody uses."""
    image = world.glance.add(os.urandom(MIB + 512))
    volume = world.create(image, ONE)
    world.driver.delete_volume(volume)
    age(world, image)
    return image


def age(world: BlockWorld, image: Image) -> None:
    """As if it had been made long ago, and seen by nobody since."""
    device = world.devices(ONE)[image.cached]
    comment = {**json.loads(device['comment']), 'used': int(time.time()) - 3600}
    session, origin = world.simulator.session, world.simulator.origin
    resource = 'luns' if KINDS[world.protocol] == 'luns' else 'namespaces'
    session.patch(
        f'{origin}/api/storage/{resource}/{device["uuid"]}',
        json={'comment': json.dumps(comment, separators=(',', ':'))},
        params=WAIT,
        timeout=60,
    ).raise_for_status()
    world.start_anew()


def test_what_is_cached_is_listed_and_evicted_and_warmed_again(
    cache: Cache, world: BlockWorld, cached: Image
) -> None:
    volume = world.create(cached, ONE)
    cache.note(volume, cached)
    age(world, cached)
    (row,) = cache.cells(cached)
    size = world.devices(ONE)[cached.cached]['space']['size']
    used = world.devices(ONE)[cached.cached]['space']['used']
    assert (row['Size'], row['On ONTAP']) == (size, used)
    assert (row['Pool'], row['State']) == (f'{HOST}#{ONE}', 'cached')
    assert (row['Volumes'], row['Clones'], row['Saved']) == (1, 1, used)
    assert row['Hit rate'] == 100
    assert row['Seen by'] == f"ONTAP's list of {KINDS[world.protocol]}"
    assert cache.evict(cached, ONE) == ('evicted', True)
    assert world.names(ONE) == [volume.name]
    assert world.is_right(volume, cached)
    assert cache.warm(cached, ONE)[2] == 'made'
    assert world.create(cached, ONE).metadata['eic_route'] == 'cached'


def test_the_second_pool_is_warmed_from_the_first(
    cache: Cache, world: BlockWorld, cached: Image
) -> None:
    copies = KINDS[world.protocol] == 'luns'
    row = cache.warm(cached, TWO)
    assert row[2:4] == ('made', 'copy_offload' if copies else 'download')


def test_what_is_in_use_or_not_eics_stays(
    cache: Cache, world: BlockWorld, cached: Image
) -> None:
    world.create(cached, ONE)
    assert cache.evict(cached, ONE) == ('in_use', False)
    assert cached.cached in world.names(ONE)


def test_a_wrong_byte_is_found_and_nothing_is_left_of_the_look(
    cache: Cache, world: BlockWorld, cached: Image
) -> None:
    before = world.names(ONE)
    assert cache.verify(cached, ONE)[:2] == ('same', True)
    with (world.root(ONE) / cached.cached).open('r+b') as file:
        file.seek(MIB + 511)
        file.write(bytes([cached.raw[-1] ^ 1]))
    verdict, is_well, why = cache.verify(cached, ONE)
    assert (verdict, is_well) == ('different', False)
    assert 'sha256' in why
    assert world.names(ONE) == before
    assert not any(each.get('lun_maps') for each in world.devices(ONE).values())


def test_what_cannot_be_attached_is_told_and_left_as_it_was(
    cache: Cache, world: BlockWorld, cached: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fabric(*_: Any) -> None:
        raise OSError('no such target')

    monkeypatch.setattr(world.driver, '_connect_device', no_fabric)
    verdict, is_well, why = cache.verify(cached, ONE)
    assert (verdict, is_well) == ('unreadable', False)
    assert why == 'cannot be verified from here: OSError: no such target'
    assert world.names(ONE) == [cached.cached]
