"""[eic] experimental_lun_from_file: an image file becomes a LUN, undownloaded.

What is proved here is what EIC does with the simulator's ``lun create``, which
nobody has compared with a real ONTAP's.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import StoredFile
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
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
ODD_SIZE = MIB + 100  # no whole blocks
LATER = 3600
CALLS = [
    ('POST', '/storage/file/copy$'), ('GET', r'/files/eic-fill-\S+\.raw$'),
    ('PATCH', r'/files/eic-fill-\S+\.raw$'), ('POST', '/private/cli/lun$'),
    ('POST', '/storage/luns$'), ('GET', '/storage/luns$'),
    ('PATCH', '/storage/luns/'), ('DELETE', '/storage/luns/'),
    ('DELETE', r'/files/eic-fill-\S+\.raw$'), ('POST', '/lun-maps$'),
]
"""What the first volume of an image takes, beside look-ups."""


@pytest.fixture(scope='module')
def admin(served: Simulator,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp('cinder')
    with configured(served, state, experimental_lun_from_file=True,
                    create_svm_peering=True, clone_timeout=5,
                    copy_offload_timeout=5) as found:
        yield found


@pytest.fixture
def cloud(admin: Any, simulator: Simulator,
          monkeypatch: pytest.MonkeyPatch) -> Cloud:
    glance, driver = Glance.served(monkeypatch), new_driver()
    set_up(driver, admin)
    return Cloud(driver, admin, glance, simulator)


def put(cloud: Cloud, content: bytes, stored: bytes | None = None) -> str:
    """An image in the NFS export of another SVM of the cluster."""
    image_id = cloud.glance.add(content)
    file = images(cloud) / image_id
    file.write_bytes(content if stored is None else stored)
    cloud.glance.locations[image_id] = f'nfs://127.0.81.1/images/{image_id}'
    return image_id


def images(cloud: Cloud) -> Path:
    return cloud.simulator.directory('svm_gold', 'images_vol')


def expected(image_id: str, *volumes: Any) -> list[str]:
    return sorted([f'img-cache-{image_id}', *(v.name for v in volumes)])


@pytest.mark.parametrize('size', [MIB, ODD_SIZE])
def test_the_first_volume_comes_without_a_download(
        cloud: Cloud, size: int) -> None:
    image_id = put(cloud, disk(size))
    volume = cloud.create(image_id)
    assert volume.metadata['eic_route'] == 'copy_offload'
    assert cloud.is_right(volume, image_id)
    assert cloud.glance.downloads == []
    assert cloud.names(POOLS[0]) == expected(image_id, volume)
    assert cloud.counters()['file_copies']['finished'] == 1


def test_what_is_left_are_luns_like_all_others(cloud: Cloud) -> None:
    image_id = put(cloud, disk(ODD_SIZE))
    volume = cloud.create(image_id)
    luns = cloud.luns(POOLS[0])
    cached = luns[f'img-cache-{image_id}']
    assert sorted(luns) == expected(image_id, volume)
    assert cached['space']['size'] == MIB + 4096
    assert cached['os_type'] == luns[volume.name]['os_type'] == 'linux'
    assert f'"size":{ODD_SIZE}' in cached['comment']
    assert not cached.get('lun_maps')
    cloud.driver.delete_volume(volume)
    assert cloud.names(POOLS[0]) == [f'img-cache-{image_id}']


def test_the_second_volume_and_the_other_pool_take_the_usual_routes(
        cloud: Cloud) -> None:
    image_id = put(cloud, disk())
    cloud.create(image_id)
    again, other = cloud.create(image_id), cloud.create(image_id, POOLS[1])
    assert again.metadata['eic_route'] == 'cached'
    assert other.metadata['eic_route'] == 'copy_offload'
    assert cloud.is_right(again, image_id)
    assert cloud.is_right(other, image_id)
    assert cloud.counters()['lun_copies']['finished'] == 1
    assert cloud.counters()['file_copies']['finished'] == 1


def test_the_image_file_stays_as_it_is(cloud: Cloud) -> None:
    image_id = put(cloud, disk(ODD_SIZE))
    cloud.create(image_id)
    assert (images(cloud) / image_id).read_bytes() == (
        cloud.glance.content[image_id])


def test_a_file_in_the_pools_flexvol_is_cloned(cloud: Cloud) -> None:
    content = disk()
    (cloud.root(POOLS[0]) / 'image').write_bytes(content)
    pool = cloud.driver._cache_of(POOLS[0]).pool
    cloud.driver._engine._box.image_files.clone(
        StoredFile(pool.flexvol, 'image'), pool.file('eic-fill-x-1'), 5)
    assert cloud.names(POOLS[0]) == ['eic-fill-x-1', 'image']
    assert (cloud.root(POOLS[0]) / 'eic-fill-x-1').read_bytes() == content
    assert cloud.counters()['file_clones'] == 1


def test_an_ontap_that_refuses_lun_create_has_the_image_downloaded(
        cloud: Cloud) -> None:
    cloud.simulator.fault('error', status=404, code='3', match={
        'path': '/private/cli/lun$'})
    image_id = put(cloud, disk())
    volume = cloud.create(image_id)
    assert volume.metadata['eic_route'] == 'download'
    assert 'copy_offload=fill_failed' in volume.metadata['eic_refused']
    assert cloud.is_right(volume, image_id)
    assert cloud.names(POOLS[0]) == expected(image_id, volume)


@pytest.mark.parametrize('kind', ['error', 'drop_connection'])
@pytest.mark.parametrize(('method', 'path'), CALLS)
def test_a_call_that_fails_leaves_nothing_and_costs_no_volume(
        cloud: Cloud, method: str, path: str, kind: str) -> None:
    image_id = put(cloud, disk(ODD_SIZE))
    how = {'status': 500} if kind == 'error' else {'when': 'after'}
    fault = cloud.simulator.fault(
        kind, match={'method': method, 'path': path, 'user': 'stock'}, **how)
    volumes = [volume for volume in [cloud.try_to_create(image_id)] if volume]
    assert hit(cloud, fault)
    cloud.simulator.control('DELETE', '/faults')
    sweep(cloud)
    volumes.append(cloud.create(image_id))
    assert all(cloud.is_right(volume, image_id) for volume in volumes)
    assert cloud.names(POOLS[0]) == expected(image_id, *volumes)
    assert sorted(cloud.luns(POOLS[0])) == cloud.names(POOLS[0])


def hit(cloud: Cloud, fault: str) -> bool:
    """True also of a fault that is gone: it went after its only hit."""
    return all(each['hits'] for each in
               cloud.simulator.control('GET', '/faults')['faults']
               if each['id'] == fault)


def sweep(cloud: Cloud) -> None:
    """As the periodic task does, when what is left has been idle."""
    for cache in cloud.driver._caches_but(None):
        cache.sweep(time.time() + LATER)


@pytest.mark.parametrize('stored', [
    b'QFI\xfb\x00\x00\x00\x03' + bytes(MIB - 8), bytes(MIB) + disk(8192)],
    ids=['another format', 'longer than the image'])
def test_a_file_that_is_not_the_image_is_never_published(
        cloud: Cloud, stored: bytes) -> None:
    image_id = put(cloud, disk(), stored)
    assert cloud.try_to_create(image_id) is None
    assert cloud.names(POOLS[0]) == []
    assert cloud.outcome == 'cinder_download'


def test_what_a_crash_leaves_is_swept(cloud: Cloud) -> None:
    root = cloud.root(POOLS[0])
    name = 'eic-fill-2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11-0123abcd'
    (root / f'{name}.raw').write_bytes(disk())
    pool = cloud.driver._cache_of(POOLS[0]).pool
    cloud.driver._devices.create_from_file(
        pool.file(f'{name}.raw'), pool.file(f'{name}.lun'))
    assert cloud.names(POOLS[0]) == [f'{name}.lun', f'{name}.raw']
    sweep(cloud)
    assert cloud.names(POOLS[0]) == []


def test_a_users_own_file_is_not_swept(cloud: Cloud) -> None:
    (cloud.root(POOLS[0]) / 'notes.raw').write_bytes(b'x')
    sweep(cloud)
    assert cloud.names(POOLS[0]) == ['notes.raw']


def test_without_the_option_the_file_is_of_no_use(cloud: Cloud) -> None:
    from oslo_config import cfg  # noqa: PLC0415

    from eic_plugins.config import GROUP  # noqa: PLC0415
    cfg.CONF.set_override('experimental_lun_from_file', False, group=GROUP)
    try:
        plain = new_driver()
        set_up(plain, cloud.admin)
        image_id = put(cloud, disk())
        volume = Cloud(plain, cloud.admin, cloud.glance,
                       cloud.simulator).create(image_id)
    finally:
        cfg.CONF.clear_override('experimental_lun_from_file', group=GROUP)
    assert volume.metadata['eic_route'] == 'download'
    assert 'copy_offload=file_not_lun' in volume.metadata['eic_refused']
    assert cloud.simulator.control('GET', '/counters')[
        'file_copies']['started'] == 0
