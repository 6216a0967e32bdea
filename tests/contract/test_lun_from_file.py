"""[eic] experimental_lun_from_file: an image file becomes a LUN, undownloaded.

What is proved here is what EIC does with the simulator's ``lun create``, which
nobody has compared with a real ONTAP's.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import StoredObject
from tests.contract.block import NEEDS_ROOT, ONE, TWO, BlockWorld
from tests.contract.fault_table import was_hit
from tests.contract.images import Image
from tests.contract.stock import MIB
from tests.contract.test_block_plan import planned

pytestmark = NEEDS_ROOT
PROTOCOL = 'iscsi'
EIC = {
    'experimental_lun_from_file': True,
    'create_svm_peering': 'svm_gold',
    'clone_timeout': 5,
    'copy_offload_timeout': 5,
}
ODD_SIZE = MIB + 100  # no whole blocks
CALLS = [
    ('POST', '/storage/file/copy$'),
    ('GET', r'/files/eic-fill-\S+\.raw$'),
    ('PATCH', r'/files/eic-fill-\S+\.raw$'),
    ('POST', '/private/cli/lun$'),
    ('POST', '/storage/luns$'),
    ('GET', '/storage/luns$'),
    ('PATCH', '/storage/luns/'),
    ('DELETE', '/storage/luns/'),
    ('DELETE', r'/files/eic-fill-\S+\.raw$'),
    ('POST', '/lun-maps$'),
]
"""What the first volume of an image takes, beside look-ups."""


def put(world: BlockWorld, content: bytes, stored: bytes | None = None) -> Image:
    """An image in the NFS export of another SVM of the cluster."""
    image = world.glance.add(content)
    file(world, image).write_bytes(content if stored is None else stored)
    image.location = f'nfs://127.0.81.1/images/{image.id}'
    return image


def file(world: BlockWorld, image: Image) -> Path:
    return world.simulator.directory('svm_gold', 'images_vol') / image.id


def expected(image: Image, *volumes: Any) -> list[str]:
    return sorted([image.cached, *(v.name for v in volumes)])


@pytest.mark.parametrize('size', [MIB, ODD_SIZE])
def test_the_first_volume_comes_without_a_download(
    world: BlockWorld, size: int
) -> None:
    image = put(world, os.urandom(size))
    volume = world.create(image)
    assert volume.metadata['eic_route'] == 'copy_offload'
    assert world.is_right(volume, image)
    assert world.glance.downloads == []
    assert world.names(ONE) == expected(image, volume)
    assert world.counters()['file_copies']['finished'] == 1


def test_what_is_left_are_luns_like_all_others(world: BlockWorld) -> None:
    image = put(world, os.urandom(ODD_SIZE))
    volume = world.create(image)
    luns = world.devices(ONE)
    cached = luns[image.cached]
    assert sorted(luns) == expected(image, volume)
    assert cached['space']['size'] == MIB + 4096
    assert cached['os_type'] == luns[volume.name]['os_type'] == 'linux'
    assert f'"size":{ODD_SIZE}' in cached['comment']
    assert not cached.get('lun_maps')
    world.driver.delete_volume(volume)
    assert world.names(ONE) == [image.cached]


def test_the_second_volume_and_the_other_pool_take_the_usual_routes(
    world: BlockWorld,
) -> None:
    image = put(world, os.urandom(MIB))
    world.create(image)
    again, other = world.create(image), world.create(image, TWO)
    assert again.metadata['eic_route'] == 'cached'
    assert other.metadata['eic_route'] == 'copy_offload'
    assert world.is_right(again, image)
    assert world.is_right(other, image)
    assert world.counters()['lun_copies']['finished'] == 1
    assert world.counters()['file_copies']['finished'] == 1


def test_the_image_file_stays_as_it_is(world: BlockWorld) -> None:
    image = put(world, os.urandom(ODD_SIZE))
    world.create(image)
    assert file(world, image).read_bytes() == image.raw


def test_a_file_in_the_pools_flexvol_is_cloned(world: BlockWorld) -> None:
    content = os.urandom(MIB)
    (world.root(ONE) / 'image').write_bytes(content)
    pool = world.cache_of(ONE).pool
    world.eic.cluster.toolbox.image_copier.clone(
        StoredObject(pool.flexvol, 'image'), pool.stored('eic-fill-x-1'), 5
    )
    assert world.files(ONE) == ['eic-fill-x-1', 'image']
    assert (world.root(ONE) / 'eic-fill-x-1').read_bytes() == content
    assert world.counters()['file_clones'] == 1


def test_an_ontap_that_refuses_lun_create_has_the_image_downloaded(
    world: BlockWorld,
) -> None:
    world.simulator.fault(
        'error', status=404, code='3', match={'path': '/private/cli/lun$'}
    )
    image = put(world, os.urandom(MIB))
    volume = world.create(image)
    assert volume.metadata['eic_route'] == 'download'
    assert 'copy_offload=fill_failed' in volume.metadata['eic_refused']
    assert world.is_right(volume, image)
    assert world.names(ONE) == expected(image, volume)


@pytest.mark.parametrize('kind', ['error', 'drop_connection'])
@pytest.mark.parametrize(('method', 'path'), CALLS)
def test_a_call_that_fails_leaves_nothing_and_costs_no_volume(
    world: BlockWorld, method: str, path: str, kind: str
) -> None:
    image = put(world, os.urandom(ODD_SIZE))
    how = {'status': 500} if kind == 'error' else {'when': 'after'}
    fault = world.simulator.fault(
        kind, match={'method': method, 'path': path, 'user': 'stock'}, **how
    )
    volume = world.new_volume()
    volumes = [volume] if world.clone_image(volume, image) else []
    assert was_hit(world.simulator, fault)
    world.simulator.control('DELETE', '/faults')
    world.sweep()
    volumes.append(world.create(image))
    assert all(world.is_right(volume, image) for volume in volumes)
    assert world.names(ONE) == expected(image, *volumes)


@pytest.mark.parametrize(
    'stored',
    [b'QFI\xfb\x00\x00\x00\x03' + bytes(MIB - 8), bytes(MIB) + os.urandom(8192)],
    ids=['another format', 'longer than the image'],
)
def test_a_file_that_is_not_the_image_is_never_published(
    world: BlockWorld, stored: bytes
) -> None:
    image = put(world, os.urandom(MIB), stored)
    volume = world.create(image)
    assert volume.metadata['eic_route'] == 'download'
    assert 'copy_offload=inspection_failed' in volume.metadata['eic_refused']
    assert world.is_right(volume, image)
    assert world.names(ONE) == expected(image, volume)


def test_what_a_crash_leaves_is_swept(world: BlockWorld) -> None:
    root = world.root(ONE)
    name = 'eic-fill-2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11-0123abcd'
    (root / f'{name}.raw').write_bytes(os.urandom(MIB))
    pool = world.cache_of(ONE).pool
    world.eic.cluster.backing.copier.create_from_file(
        pool.stored(f'{name}.raw'), pool.stored(f'{name}.lun')
    )
    assert world.files(ONE) == [f'{name}.lun', f'{name}.raw']
    world.sweep()
    assert world.files(ONE) == []


def test_a_users_own_file_is_not_swept(world: BlockWorld) -> None:
    (world.root(ONE) / 'notes.raw').write_bytes(b'x')
    world.sweep()
    assert world.files(ONE) == ['notes.raw']


def test_without_the_option_the_file_is_of_no_use(world: BlockWorld) -> None:
    from oslo_config import cfg  # noqa: PLC0415

    from eic_plugins.config import GROUP  # noqa: PLC0415

    cfg.CONF.set_override('experimental_lun_from_file', False, group=GROUP)
    try:
        plain = BlockWorld(world.admin, world.simulator, PROTOCOL, world.glance)
        volume = plain.create(put(world, os.urandom(MIB)))
    finally:
        cfg.CONF.clear_override('experimental_lun_from_file', group=GROUP)
    assert volume.metadata['eic_route'] == 'download'
    assert 'copy_offload=file_not_lun' in volume.metadata['eic_refused']
    assert world.counters()['file_copies']['started'] == 0


def test_the_plan_says_beforehand_what_the_driver_then_does(
    world: BlockWorld,
) -> None:
    image = put(world, os.urandom(MIB))
    for pool in (ONE, ONE, TWO):
        plan = planned(world, image)[pool]
        volume, route = world.make(image, pool)
        assert plan.route == route
        assert ','.join(map(str, plan.refusals)) == volume.metadata.get(
            'eic_refused', ''
        )
        world.start_anew()
