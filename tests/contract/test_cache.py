"""`eic cache` on NFS: list, warm, evict and verify, beside EIC's own driver."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cache import HOST, Cache
from tests.contract.images import Image, qcow2_of
from tests.contract.release import ZAPI
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import BACKEND, MIB

PROTOCOL = 'nfs'
POOL = f'{HOST}#{GOLD}'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def cache(world: Shares) -> Cache:
    return Cache(world)


@pytest.fixture
def cached(world: Shares) -> Image:
    """An image that is cached, and was used long ago."""
    image = world.glance.add(os.urandom(3 * MIB))
    world.cache(image, GOLD)
    age(world, image)
    return image


@pytest.fixture(params=['cinder-volume', 'controller'])
def host(
    request: pytest.FixtureRequest, cinder_conf: Any, tmp_path: Path
) -> Iterator[str]:
    """Where the command runs: a controller mounts no share."""
    if request.param == 'controller':
        cinder_conf.set_override('nfs_mount_point_base', str(tmp_path), BACKEND)
    yield request.param
    cinder_conf.clear_override('nfs_mount_point_base', BACKEND)


def age(world: Shares, image: Image, seconds: float = 3600) -> float:
    """As if nobody had used it for so long."""
    then = int(time.time() - seconds)
    os.utime(world.record_file('gold', image), (then, then))
    return then


def file_of(world: Shares, image: Image) -> Path:
    return world.directory('gold') / image.cached


def test_what_is_cached_is_listed_with_what_it_takes_and_saves(
    cache: Cache, world: Shares, cached: Image, host: str
) -> None:
    for _ in range(3):
        cache.note(world.create(cached), cached)
    cache.note(world.new_volume(), cached)
    then = age(world, cached)
    (row,) = cache.cells(cached)
    used = file_of(world, cached).stat().st_blocks * 512
    by = (
        "the share's mount on this host"
        if host == 'cinder-volume'
        else ("ONTAP's list of files")
    )
    assert row == {
        'Image': cached.id,
        'Name': '',
        'Pool': POOL,
        'Size': 3 * MIB,
        'On ONTAP': used,
        'Last use': time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime(then)),
        'Volumes': 4,
        'Clones': 3,
        'Saved': 3 * used,
        'Hit rate': 100.0,
        'State': 'cached',
        'Seen by': by,
    }


def test_a_volume_whose_outcome_is_a_note_beside_its_metadata_counts(
    cache: Cache, world: Shares, cached: Image
) -> None:
    volume = world.new_volume()
    volume.metadata = {'mine': 'x'}
    volume.save()
    assert world.clone_image(volume, cached)
    cache.note(volume, cached)
    (row,) = cache.cells(cached)
    assert 'eic_route' not in volume.metadata
    assert (row['Volumes'], row['Clones'], row['Hit rate']) == (1, 1, 100.0)


def test_where_files_cannot_be_listed_nothing_is_invented(
    cache: Cache, world: Shares, cached: Image, cinder_conf: Any, tmp_path: Path
) -> None:
    cinder_conf.set_override('nfs_mount_point_base', str(tmp_path), BACKEND)
    cache.pools()
    world.simulator.fault(
        'error',
        match={'path': '/storage/volumes/.*/files', 'method': 'GET'},
        count=None,
        status=403,
        code='6',
        message='not authorized for that command',
    )
    try:
        (row,) = cache.cells(cached)
    finally:
        cinder_conf.clear_override('nfs_mount_point_base', BACKEND)
    unknown = ('Size', 'On ONTAP', 'Last use', 'Saved', 'State')
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
    assert row['Seen by'] == "the pool's last report to the scheduler"


def test_a_list_reads_and_nothing_else(
    cache: Cache, world: Shares, cached: Image, host: str
) -> None:
    world.driver.get_volume_stats(refresh=True)
    before, since = world.files(GOLD), world.last_call()
    record = world.record_file('gold', cached).stat().st_mtime_ns
    cache.cells()
    calls = world.simulator.calls(since)['calls']
    assert {call['method'] for call in calls if call['path'] != ZAPI} <= {'GET'}
    assert world.files(GOLD) == before
    assert world.record_file('gold', cached).stat().st_mtime_ns == record


def test_what_is_not_eics_or_not_of_today_is_told_apart(
    cache: Cache, world: Shares, cached: Image
) -> None:
    stock = world.glance.add(os.urandom(MIB))
    file_of(world, stock).write_bytes(stock.raw)
    cached.meta = {**cached.meta, 'os_hash_value': 'f' * 64}
    states = {row['Image']: row['State'] for row in cache.cells()}
    assert states == {cached.id: 'outdated', stock.id: 'no_record'}


def test_a_warmed_image_is_a_hit_for_the_first_volume(
    cache: Cache, world: Shares
) -> None:
    image = world.glance.add(os.urandom(MIB))
    made = cache.warm(image, GOLD)
    assert made[:4] == (image.id, POOL, 'made', 'download')
    assert cache.warm(image, GOLD)[2] == 'cached'
    assert world.glance.downloads == [image.id]
    volume = world.create(image)
    assert volume.metadata['eic_route'] == 'cached'
    assert world.is_right(volume, image)


def test_what_cannot_be_warmed_says_why_and_what_to_do(
    cache: Cache, world: Shares
) -> None:
    image = world.glance.add(os.urandom(MIB))
    image.meta = {**image.meta, 'container_format': 'ova'}
    row = cache.warm(image, GOLD)
    assert row[2] == 'failed'
    assert 'container_not_bare' in row[5]
    assert 'What to do: ' in row[5]
    assert world.left_over(image) == []


@contextlib.contextmanager
def interrupted(after: float) -> Iterator[None]:
    """Ctrl-C, a while later."""
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        timer.cancel()


def test_ctrl_c_ends_a_copy_and_leaves_nothing_half_made(
    cache: Cache, world: Shares
) -> None:
    image = world.glance.add(os.urandom(4 * MIB))
    (world.directory('images_vol') / image.id).write_bytes(image.raw)
    image.location = f'nfs://127.0.81.1/images/{image.id}'
    cache.pools()
    world.simulator.control('PATCH', '/settings', json={'copy_throughput': MIB})
    with interrupted(1.0):
        cache.warm(image, GOLD)
    world.settle()
    world.sweep()
    assert world.files(GOLD) == []
    world.simulator.control('PATCH', '/settings', json={'copy_throughput': 0})
    assert cache.warm(image, GOLD)[2:4] == ('made', 'copy_offload')


def test_ctrl_c_ends_a_download_and_leaves_nothing_half_made(
    cache: Cache, world: Shares, state: Path
) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.glance.gate = threading.Barrier(2)
    with interrupted(1.0):
        cache.warm(image, GOLD)
    world.glance.gate = None
    assert world.files(GOLD) == []
    assert [*(state / 'conversion').iterdir()] == []
    assert cache.warm(image, GOLD)[2] == 'made'


def test_an_evicted_image_is_gone_and_its_volumes_stay_whole(
    cache: Cache, world: Shares, cached: Image
) -> None:
    volume = world.create(cached)
    age(world, cached)
    assert cache.evict(cached, GOLD) == ('evicted', True)
    assert world.files(GOLD) == [volume.name]
    assert world.is_right(volume, cached)
    assert cache.evict(cached, GOLD) == ('not_cached', True)


def test_what_is_in_use_stays(cache: Cache, world: Shares, cached: Image) -> None:
    world.create(cached)
    assert cache.evict(cached, GOLD) == ('in_use', False)
    assert file_of(world, cached).exists()


def test_what_is_not_eics_stays(cache: Cache, world: Shares) -> None:
    image = world.glance.add(os.urandom(MIB))
    file_of(world, image).write_bytes(image.raw)
    assert cache.evict(image, GOLD) == ('not_eic', False)
    assert file_of(world, image).read_bytes() == image.raw


def test_what_is_being_made_stays(cache: Cache, world: Shares, cached: Image) -> None:
    with world.cache_of(GOLD).locked(cached.id, wait=False):
        assert cache.evict(cached, GOLD) == ('being_made', False)
        assert cache.verify(cached, GOLD)[:2] == ('being_made', False)


def test_an_eviction_beside_running_clones_harms_none_of_them(
    cache: Cache, world: Shares, cached: Image
) -> None:
    """Whoever comes too late for the cached image has it made again."""
    words: list[str] = []
    volumes = [world.new_volume() for _ in range(6)]
    cache.pools()
    for number, volume in enumerate(volumes):
        age(world, cached)
        evicting = threading.Thread(
            target=lambda: words.append(cache.evict(cached, GOLD)[0])
        )
        evicting.start()
        # From before its first look until after its last one.
        time.sleep(number * 0.004)
        assert world.clone_image(volume, cached)
        evicting.join()
    assert 'evicted' in words
    assert all(world.is_right(volume, cached) for volume in volumes)


def test_right_bytes_are_the_same(cache: Cache, world: Shares, cached: Image) -> None:
    record = world.record_file('gold', cached).stat()
    assert cache.verify(cached, GOLD)[:2] == ('same', True)
    # It is no use.
    assert world.record_file('gold', cached).stat().st_mtime_ns == record.st_mtime_ns


@pytest.mark.parametrize('at', [0, 2 * MIB + 77, 3 * MIB - 1])
def test_a_wrong_byte_is_found(
    cache: Cache, world: Shares, cached: Image, at: int
) -> None:
    with file_of(world, cached).open('r+b') as file:
        file.seek(at)
        file.write(bytes([cached.raw[at] ^ 1]))
    verdict, is_well, why = cache.verify(cached, GOLD)
    assert (verdict, is_well) == ('different', False)
    assert 'sha256' in why


def test_a_byte_behind_the_image_is_found(cache: Cache, world: Shares) -> None:
    image = world.glance.add(os.urandom(MIB - 100))
    world.cache(image, GOLD)
    assert cache.verify(image, GOLD)[0] == 'same'
    with file_of(world, image).open('r+b') as file:
        file.seek(-1, os.SEEK_END)
        file.write(b'\x01')
    verdict, is_well, why = cache.verify(image, GOLD)
    assert (verdict, is_well) == ('different', False)
    assert 'stands behind' in why


def test_what_was_converted_is_not_compared(
    cache: Cache, world: Shares, tmp_path: Path
) -> None:
    raw = os.urandom(MIB)
    image = world.glance.add(raw, qcow2_of(raw, tmp_path), disk_format='qcow2')
    world.cache(image, GOLD)
    assert cache.verify(image, GOLD)[:2] == ('converted', True)


def test_what_is_outdated_or_not_there_is_not_read(
    cache: Cache, world: Shares, cached: Image
) -> None:
    cached.meta = {**cached.meta, 'os_hash_value': 'f' * 64}
    assert cache.verify(cached, GOLD)[0] == 'outdated'
    assert cache.verify(world.glance.add(b'x' * MIB), GOLD)[0] == 'not_cached'


def test_the_rate_is_capped(cache: Cache, world: Shares, cached: Image) -> None:
    began = time.monotonic()
    assert cache.verify(cached, GOLD, rate=2 * MIB)[0] == 'same'
    assert 1.4 <= time.monotonic() - began < 5
