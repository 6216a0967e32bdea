"""No fill takes a pool's last bytes, or more than its caps."""

import types
from typing import Any

import pytest

from eic_plugins.engine.pool_cache import LockTimeoutError, NoRoomError, Want
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage.eviction import Caps, Space, Thresholds, Usage
from eic_plugins.volume.pools.evictor import Evictor, Policy
from eic_plugins.volume.pools.free_space import FreeSpace
from tests.unit.fake_clock import FakeClock

GIB = 1 << 30
NOW = 1_000_000.0
HOUR = 3600.0


class Pool:
    """A pool whose cached images take what they have reserved."""

    use_delay = 0.0

    def __init__(self, total: Any = 100) -> None:
        self.pool = types.SimpleNamespace(name='gold', flexvol=None)
        self.storage = self
        self.held = {}
        self.total = total
        self.others = 0
        self.reads = 0
        self.evicted = []
        self.being_made = set()

    def hold(
        self, name: Any, gib: Any = 2, hours_ago: Any = 99.0, once: Any = False
    ) -> None:
        self.held[name] = Usage(
            name, NOW - hours_ago * HOUR, gib * GIB, gib * GIB, once
        )

    def usages(self) -> Any:
        return list(self.held.values())

    def evict(self, usage: Any) -> Any:
        if usage.image_id in self.being_made:
            raise LockTimeoutError
        del self.held[usage.image_id]
        self.evicted.append(usage.image_id)
        return True

    def capacity(self, _name: Any) -> Any:
        self.reads += 1
        space = self.space()
        return space.total, space.available

    def space(self) -> Any:
        taken = sum(usage.allocated for usage in self.held.values())
        return Space(self.total * GIB, (self.total - self.others) * GIB - taken)


class Notes:
    def __init__(self) -> None:
        self.discarded, self.evictions = [], []

    def discard(self, pool: Any, image_id: Any) -> None:
        self.discarded.append((pool, image_id))

    def evicted(self, pool: Any) -> None:
        self.evictions.append(pool)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def pool() -> Pool:
    return Pool()


def room_of(
    pool: Any,
    notes: Any,
    caps: Any = Caps(),  # noqa: B008 - frozen
    wanted: Any = frozenset(),
    space: Any = None,
) -> Any:
    return Evictor(
        Policy(Thresholds(20, 60, 720), caps, lambda _: wanted),
        space or FreeSpace(pool, FakeClock(NOW)),
        notes,
        notes,
        FakeClock(NOW),
    )


def fill(
    room: Any,
    pool: Any,
    name: Any,
    gib: Any = 2,
    needed: Any = None,
    evicts: Any = True,
) -> None:
    """As the cache does it; what it makes is there then."""
    needed = gib if needed is None else needed
    with room.taken(pool, Want(name, needed * GIB, gib * GIB, evicts)):
        pool.hold(name, needed, 0.0, once=True)


def test_a_fill_leaves_what_the_cleaner_would_not_touch(
    pool: Pool, notes: Notes
) -> None:
    pool.others = 77
    room = room_of(pool, notes)
    fill(room, pool, 'a')
    with pytest.raises(NoRoomError):
        fill(room, pool, 'b')
    assert list(pool.held) == ['a']
    assert notes.evictions == []


def test_uploads_whose_volumes_are_gone_never_fill_a_pool(
    pool: Pool, notes: Notes
) -> None:
    """768 KiB of QCOW2, 2 GiB of reserved disk each; no volume of them is left."""
    room, declined = room_of(pool, notes), 0
    for number in range(200):
        for name, usage in list(pool.held.items()):
            pool.held[name] = Usage(
                name, usage.last_used - 60, usage.allocated, usage.size, True
            )
        try:
            fill(room, pool, f'attack-{number}')
        except NoRoomError:
            declined += 1
        assert pool.space().available > 20 * GIB
    assert declined == 0
    assert len(notes.evictions) >= 100


def test_what_others_use_stays_and_the_attack_is_declined(
    pool: Pool, notes: Notes
) -> None:
    room = room_of(pool, notes)
    for number in range(39):
        pool.hold(f'popular-{number}', hours_ago=1)
    fill(room, pool, 'attack-0', gib=1)
    with pytest.raises(NoRoomError):
        fill(room, pool, 'attack-1')
    assert notes.evictions == []
    assert len(pool.held) == 40


def test_nothing_goes_that_does_not_help(pool: Pool, notes: Notes) -> None:
    pool.others = 70
    pool.hold('old')
    with pytest.raises(NoRoomError):
        fill(room_of(pool, notes), pool, 'huge', gib=20)
    assert pool.evicted == []


def test_no_more_goes_than_must_and_who_is_told_of_it(pool: Pool, notes: Notes) -> None:
    pool.others = 70
    for number in range(4):
        pool.hold(f'old-{number}', hours_ago=90 + number)
    fill(room_of(pool, notes), pool, 'new')
    assert pool.evicted == ['old-3']
    assert notes.discarded == [('gold', 'old-3')]
    assert notes.evictions == ['gold']


def test_what_shares_the_bytes_of_a_file_needs_no_room(
    pool: Pool, notes: Notes
) -> None:
    pool.others = 99
    fill(room_of(pool, notes), pool, 'clone', needed=0)
    assert pool.reads == 0


def test_the_pools_statistics_are_enough_where_there_is_room(
    pool: Pool, notes: Notes
) -> None:
    space = FreeSpace(pool, FakeClock(NOW))
    space.note('gold', pool.space())
    room = room_of(pool, notes, space=space)
    for number in range(39):
        fill(room, pool, f'image-{number}')
    assert pool.reads == 0
    pool.held.clear()
    fill(room, pool, 'last')
    assert pool.reads == 1


def test_fills_at_once_do_not_take_the_same_room(pool: Pool, notes: Notes) -> None:
    pool.others = 77
    room = room_of(pool, notes)
    with room.taken(pool, Want('a', 2 * GIB, 2 * GIB)), pytest.raises(NoRoomError):
        fill(room, pool, 'b')
    fill(room, pool, 'b')


def test_a_fill_that_failed_took_nothing(pool: Pool, notes: Notes) -> None:
    pool.others = 77
    room = room_of(pool, notes)
    with (
        pytest.raises(OSError, match='cut off'),
        room.taken(pool, Want('a', 2 * GIB, 2 * GIB)),
    ):
        raise OSError('cut off')
    fill(room, pool, 'b')


def test_what_nobody_has_asked_for_yet_evicts_nothing(pool: Pool, notes: Notes) -> None:
    pool.others = 70
    for number in range(4):
        pool.hold(f'old-{number}')
    with pytest.raises(NoRoomError):
        fill(room_of(pool, notes), pool, 'precached', evicts=False)
    with pytest.raises(NoRoomError):
        fill(
            room_of(pool, notes, Caps(count=4)),
            pool,
            'precached',
            evicts=False,
            needed=0,
        )
    assert pool.evicted == []


def test_an_image_beyond_the_cap_is_declined_before_anything_goes(
    pool: Pool, notes: Notes
) -> None:
    pool.hold('old')
    with pytest.raises(NoRoomError):
        fill(room_of(pool, notes, Caps(size=10 * GIB)), pool, 'huge', gib=11)
    assert pool.evicted == []


def test_for_a_new_image_the_least_recently_used_goes(pool: Pool, notes: Notes) -> None:
    room = room_of(pool, notes, Caps(count=2), wanted={'old'})
    pool.hold('old', hours_ago=90)
    pool.hold('older', hours_ago=91)
    fill(room, pool, 'new')
    assert pool.evicted == ['older']


def test_an_image_that_is_made_again_is_not_counted_twice(
    pool: Pool, notes: Notes
) -> None:
    pool.hold('same', hours_ago=1)
    fill(room_of(pool, notes, Caps(count=1)), pool, 'same')
    assert pool.evicted == []


def test_what_is_over_the_cap_and_being_made_makes_no_room(
    pool: Pool, notes: Notes
) -> None:
    pool.hold('old')
    pool.being_made.add('old')
    with pytest.raises(NoRoomError):
        fill(room_of(pool, notes, Caps(count=1)), pool, 'new')


def test_a_cluster_that_does_not_answer_is_no_lack_of_room(
    pool: Pool, notes: Notes
) -> None:
    def silent(_flexvol: Any) -> None:
        raise OntapError('no answer')

    ontap = types.SimpleNamespace(capacity=silent)
    room = room_of(pool, notes, space=FreeSpace(ontap, FakeClock(NOW)))
    fill(room, pool, 'a')
    assert list(pool.held) == ['a']
