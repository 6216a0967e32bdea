"""A user without quota for it must not fill a pool with cached images.

The attacker may upload small images with large disks, make a volume of each and
delete it: no quota counts what stays. He must not obtain the pool's last bytes,
nor the cached images that other people use.
"""

import subprocess
import time
from pathlib import Path

import pytest

from tests.contract.block import NEEDS_ROOT, ONE, BlockWorld
from tests.contract.images import Glance, Image
from tests.contract.stock import GIB, MIB

pytestmark = NEEDS_ROOT

DISK_GIB = 2
UPLOADS = 12
SPARE_PERCENT = 20
"""``thres_avl_size_perc_start``"""


@pytest.fixture(scope='module')
def protocol() -> str:
    return 'iscsi'


def upload(glance: Glance, directory: Path) -> Image:
    """192 KiB, of which a disk of two GiB becomes."""
    path = directory / 'attack.qcow2'
    subprocess.run(
        ['qemu-img', 'create', '-q', '-f', 'qcow2', str(path), f'{DISK_GIB}G'],
        check=True,
        timeout=60,
    )
    # Each one is another image for Glance.
    with path.open('ab') as stream:
        stream.write(len(glance.images).to_bytes(64, 'big'))
    image = glance.add(b'', path.read_bytes(), 'qcow2')
    image.meta = {**image.meta, 'virtual_size': DISK_GIB * GIB}
    assert len(image.stored) < MIB
    return image


def available(world: BlockWorld) -> int:
    """As ONTAP says it, with what is reserved."""
    answer = world.simulator.session.get(
        f'{world.simulator.origin}/api/storage/volumes',
        params={'name': ONE, 'fields': 'space'},
        timeout=30,
    )
    answer.raise_for_status()
    (volume,) = answer.json()['records']
    return int(volume['space']['available'])


def make_and_delete(world: BlockWorld, image: Image) -> str:
    """What the attacker does; the route of his volume."""
    volume = world.new_volume(size=DISK_GIB)
    cloned = world.clone(volume, image)
    volume.refresh()
    if cloned:
        world.driver.delete_volume(volume)
    return str(
        volume.metadata['eic_route'] if cloned else volume.metadata['eic_refused']
    )


@pytest.fixture
def spare(world: BlockWorld) -> int:
    """Somebody's volumes leave a third of the pool; this must stay of it."""
    total = 100 * GIB
    volume = world.new_volume(size=70)
    world.create_empty(volume)
    assert available(world) == total - 70 * GIB
    return total * SPARE_PERCENT // 100


def test_small_uploads_with_large_disks_do_not_fill_a_pool(
    world: BlockWorld, spare: int, tmp_path: Path
) -> None:
    routes = []
    for _ in range(UPLOADS):
        routes.append(make_and_delete(world, upload(world.glance, tmp_path)))
        assert available(world) > spare
    assert routes[0] == 'download'
    assert 'download=no_room' in routes[-1]
    assert len(world.glance.downloads) == routes.count('download') < UPLOADS


def test_older_ones_make_room_for_newer_ones_and_what_others_use_stays(
    world: BlockWorld, spare: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, passed = time.time, [0.0]
    monkeypatch.setattr('time.time', lambda: now() + passed[0])
    popular = world.glance.add(b'p' * MIB)
    for _ in range(2):
        make_and_delete(world, popular)
        passed[0] += 900
    for _ in range(UPLOADS):
        image = upload(world.glance, tmp_path)
        assert make_and_delete(world, image) == 'download'
        assert available(world) > spare
        passed[0] += 900
    assert popular.cached in world.names(ONE)
    assert make_and_delete(world, popular) == 'cached'


def test_the_cleaner_takes_them_without_waiting_for_their_expiry(
    world: BlockWorld, spare: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        make_and_delete(world, upload(world.glance, tmp_path))
    # Somebody's volumes grow meanwhile.
    world.create_empty(world.new_volume(size=5))
    assert available(world) < spare
    now = time.time
    monkeypatch.setattr('time.time', lambda: now() + 900)
    world.eic.clean()
    assert not [name for name in world.names(ONE) if name.startswith('img-')]
    assert available(world) > spare
