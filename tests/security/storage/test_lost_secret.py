"""The secret of the records is lost: nothing floods, nothing is trusted.

Counted: how many downloads there are, and how many fills at once. Not obtained
by whoever makes a deployment forget its secret: a download for each image.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest

from tests.contract.images import Image, qcow2_of
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
IMAGES = 6
AT_ONCE = 6

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def cached(world: Shares) -> list[Image]:
    """Images in the pool, half of them to be precached; then the loss."""
    images = [
        world.glance.add(
            os.urandom(2 * MIB), **({'eic_precache': 'all'} if number % 2 else {})
        )
        for number in range(IMAGES)
    ]
    for image in images:
        world.cache(image, GOLD)
    world.glance.downloads.clear()
    lose(world)
    return images


@pytest.fixture(autouse=True)
def own_secret(nfs_driver: Any) -> Iterator[None]:
    kept = nfs_driver.eic.clusters.seals
    yield
    nfs_driver.eic.clusters.seals = kept


def lose(world: Shares, *secrets: str) -> None:
    from eic_plugins.storage.seals import Seals  # noqa: PLC0415

    world.eic.clusters.seals = Seals(secrets or ['another secret'])
    world.start_anew()


@pytest.fixture
def precacher(world: Shares) -> Any:
    background = world.eic.background
    background.precacher = None
    background.start()
    return background.precacher


def test_nothing_is_done_for_images_that_nobody_asks_for(
    world: Shares, cached: list[Image], precacher: Any
) -> None:
    before = world.files(GOLD)
    precacher.reconcile()
    assert precacher.waiting == IMAGES // 2
    assert world.glance.downloads == []
    assert world.files(GOLD) == before


def test_what_is_precached_comes_back_without_a_download(
    world: Shares, cached: list[Image], precacher: Any
) -> None:
    precacher.reconcile()
    for _ in range(IMAGES // 2):
        precacher.fill_next()
    assert world.glance.downloads == []
    storage = world.cache_of(GOLD).storage
    assert [storage.read(image.id) is not None for image in cached] == [False, True] * (
        IMAGES // 2
    )
    precacher.reconcile()
    assert precacher.waiting == 0


def test_the_next_volume_adopts_its_image(world: Shares, cached: list[Image]) -> None:
    for image in cached:
        volume = world.create(image)
        assert world.is_right(volume, image)
        assert volume.metadata['eic_route'] == 'adopt'
        assert world.create(image).metadata['eic_route'] == 'cached'
    assert world.glance.downloads == []


@pytest.fixture
def untold(world: Shares, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is SQLite here, and takes one at a time: it is not told."""
    monkeypatch.setattr(world.eic.volumes, 'finish', lambda *_: {})
    monkeypatch.setattr(world.eic.volumes, 'recorder', mock.Mock())


@pytest.mark.parametrize('disk_format', ['raw', 'qcow2'])
def test_simultaneous_volumes_of_a_lost_image_make_it_once(
    world: Shares,
    tmp_path: Any,
    disk_format: str,
    request: pytest.FixtureRequest,
) -> None:
    raw = os.urandom(2 * MIB)
    stored = raw if disk_format == 'raw' else qcow2_of(raw, tmp_path)
    image = world.glance.add(raw, stored, disk_format)
    world.cache(image, GOLD)
    world.glance.downloads.clear()
    lose(world)
    fills, lock, most = [0], threading.Lock(), [0]
    storage = world.cache_of(GOLD).storage
    examine = storage.examine

    def counted(*arguments: Any) -> Any:
        with lock:
            fills[0] += 1
            most[0] = max(most[0], fills[0])
        try:
            return examine(*arguments)
        finally:
            with lock:
                fills[0] -= 1

    storage.examine = counted
    volumes = [world.new_volume() for _ in range(AT_ONCE)]
    request.getfixturevalue('untold')
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cloned = list(
            pool.map(lambda volume: world.clone_image(volume, image), volumes)
        )
    assert cloned == [True] * AT_ONCE
    assert all(world.is_right(volume, image) for volume in volumes)
    assert most == [1]
    assert world.glance.downloads == [image.id] * (disk_format == 'qcow2')


def test_a_secret_is_rotated_without_a_fill(world: Shares, cached: list[Image]) -> None:
    """``record_secret = NEW, OLD``."""
    lose(world, 'new', 'another secret')
    for image in cached[:2]:
        world.create(image)
    lose(world, 'newest', 'new')
    assert world.create(cached[0]).metadata['eic_route'] == 'cached'
    lose(world, 'newest')
    assert world.create(cached[1]).metadata['eic_route'] == 'adopt'
