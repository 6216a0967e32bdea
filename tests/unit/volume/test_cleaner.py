"""Pools are cleaned one by one, and what cannot be done now is left for later."""

import types
from typing import Any

import pytest

from eic_plugins.engine.pool_cache import LockTimeoutError
from eic_plugins.storage.eviction import Caps, Space, Thresholds, Usage
from eic_plugins.volume.pools.cleaner import Cleaner
from eic_plugins.volume.pools.evictor import Evictor, Policy
from eic_plugins.volume.pools.free_space import FreeSpace

GIB = 1 << 30
FULL = Space(total=100 * GIB, available=1 * GIB)


class Pool:
    """A pool's cached images, each unused for ever."""

    use_delay = 0.0

    def __init__(
        self, name: Any, images: Any = (), broken: Any = None, being_made: Any = ()
    ) -> None:
        self.pool = types.SimpleNamespace(name=name, flexvol=None)
        self.storage = self
        self.images, self.broken, self.being_made = list(images), broken, being_made
        self.swept = False

    def sweep(self, _now: Any) -> None:
        if self.broken:
            raise self.broken
        self.swept = True

    def usages(self) -> Any:
        return [
            Usage(image_id=one, allocated=GIB, last_used=0.0) for one in self.images
        ]

    def evict(self, usage: Any) -> Any:
        if usage.image_id in self.being_made:
            raise LockTimeoutError
        self.images.remove(usage.image_id)
        return True


class Notes:
    """Report and metrics in one."""

    def __init__(self) -> None:
        self.discarded, self.evictions, self.counted = [], [], {}

    def discard(self, pool: Any, image_id: Any) -> None:
        self.discarded.append((pool, image_id))

    def evicted(self, pool: Any) -> None:
        self.evictions.append(pool)

    def cached(self, pool: Any, images: Any, occupied: Any) -> None:
        self.counted[pool] = (images, occupied)


@pytest.fixture
def notes() -> Notes:
    return Notes()


def clean(notes: Any, *pools: Any, space: Any = FULL, caps: Any = Caps()) -> None:  # noqa: B008
    Cleaner(
        Evictor(
            Policy(Thresholds(20, 60, 720), caps, lambda _: frozenset()),
            FreeSpace(
                types.SimpleNamespace(capacity=lambda _: (space.total, space.available))
            ),
            notes,
            notes,
        ),
        notes,
    ).clean(pools)


def test_an_error_in_one_pool_keeps_no_other_from_it(notes: Notes) -> None:
    other = Pool('other', ['a'])
    clean(notes, Pool('broken', ['a'], broken=OSError('no answer')), other)
    assert other.swept
    assert notes.counted == {'other': (0, 0)}


def test_what_is_evicted_is_neither_reported_nor_counted_any_more(notes: Notes) -> None:
    clean(notes, Pool('gold', ['a', 'b']))
    assert sorted(notes.discarded) == [('gold', 'a'), ('gold', 'b')]
    assert notes.evictions == ['gold', 'gold']


def test_an_image_that_is_being_made_stays_and_the_others_go(notes: Notes) -> None:
    pool = Pool('gold', ['a', 'b'], being_made={'a'})
    clean(notes, pool)
    assert pool.images == ['a']
    assert notes.counted == {'gold': (1, GIB)}


def test_a_pool_with_room_keeps_all(notes: Notes) -> None:
    pool = Pool('gold', ['a'])
    clean(notes, pool, space=Space(total=100 * GIB, available=50 * GIB))
    assert pool.images == ['a']
    assert notes.evictions == []


def test_what_is_over_the_caps_goes_however_much_room_there_is(notes: Notes) -> None:
    pool = Pool('gold', ['a', 'b', 'c'])
    clean(
        notes,
        pool,
        space=Space(total=100 * GIB, available=99 * GIB),
        caps=Caps(count=1),
    )
    assert len(pool.images) == 1
    assert notes.evictions == ['gold', 'gold']
