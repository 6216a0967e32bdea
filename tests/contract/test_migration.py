"""A volume that was cloned from a cached image is migrated while the cached
image goes, and no byte of the one depends on the other.

The ways are the stock driver's own: a copy inside the cluster, and one by a host.
"""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.release import since
from tests.contract.shares import TwoPools
from tests.contract.shares import two_pools as world  # noqa: F401 - a fixture
from tests.contract.stock import BACKEND, MIB
from tests.contract.test_stock_nfs_driver import (  # noqa: F401 - fixtures
    GOLD,
    PROTOCOL,
    STORE,
    cinder_conf,
)

pytestmark = pytest.mark.usefixtures('nfs')
CONTENT = bytes(range(256)) * (4 * MIB // 256)


def evict(world: TwoPools, pool: str) -> None:
    """As the cleaner does when the pool is full."""
    cache = world.cache_of(pool)
    for usage in list(cache.storage.usages()):
        assert cache.evict(usage)


def by_the_cluster(
    world: TwoPools,
    volume: Any,
    meanwhile: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """``migrate_volume`` of the stock driver, inside the SVM."""
    client = world.driver.zapi_client
    start = client.start_file_copy

    def start_and_go_on(*arguments: Any, **keywords: Any) -> Any:
        job = start(*arguments, **keywords)
        meanwhile()
        return job

    monkeypatch.setattr(client, 'start_file_copy', start_and_go_on)
    volume.status = 'available'
    migrated, update = world.driver.migrate_volume(
        world.admin, volume, {'host': f'contract@{BACKEND}#{STORE}'}
    )
    assert migrated
    volume.update({**update, 'host': f'contract@{BACKEND}#{STORE}'})
    volume.save()
    return volume


def by_a_host(
    world: TwoPools,
    volume: Any,
    meanwhile: Callable[[], None],
    _monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """As Cinder's manager does it, with a volume that is there for that."""
    new = world.new_volume(STORE)
    world.create_empty(new)
    with world.file(volume).open('rb') as source, world.file(new).open('r+b') as target:
        shutil.copyfileobj(source, target, MIB)
        meanwhile()
    with pytest.raises(NotImplementedError):
        # So the volume goes on under the new one's name.
        world.driver.update_migrated_volume(world.admin, volume, new, 'available')
    world.driver.delete_volume(volume)
    return new


@pytest.mark.parametrize(
    'migrate',
    [
        pytest.param(
            by_the_cluster,
            marks=since(
                29, 'the REST client takes the end of a copy for its beginning'
            ),
        ),
        by_a_host,
    ],
)
def test_the_volume_is_whole_in_its_new_pool_and_the_cached_image_gone(
    migrate: Any, world: TwoPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = world.glance.add(CONTENT)
    volume = world.create(image, GOLD)
    moved = migrate(world, volume, lambda: evict(world, GOLD), monkeypatch)
    assert world.is_right(moved, image)
    assert world.files(GOLD) == []
    assert world.files(STORE) == [moved.name]
    # And the next volume there is made as ever.
    assert world.is_right(world.create(image, STORE), image)


def test_a_volume_that_is_migrated_leaves_the_cached_image_to_others(
    world: TwoPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = world.glance.add(CONTENT)
    volume, other = world.create(image, GOLD), world.create(image, GOLD)
    by_a_host(world, volume, lambda: None, monkeypatch)
    assert world.is_right(other, image)
    again = world.create(image, GOLD)
    assert again.metadata['eic_route'] == 'cached'
