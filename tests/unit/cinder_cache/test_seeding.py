"""A seed volume for each entry that is missing, and none left behind."""

import datetime
import itertools
from typing import Any

import pytest

from eic_plugins.cinder_cache.rules import (
    CachePool,
    CacheSettings,
    Entry,
    EntryReason,
    Seed,
)
from eic_plugins.cinder_cache.seeding import Seeder
from eic_plugins.cli import precache as command
from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.precache_rules import Wishes
from tests.unit.factories import IMAGE_ID, image
from tests.unit.fake_clock import FakeClock

NOON = datetime.datetime(2026, 5, 1, 12, 0, 0)
ONE, TWO = (CachePool(f'host@block#{name}', 'iscsi') for name in ('one', 'two'))
TIMEOUT = 60


class SeedRefusedError(Exception):
    pass


class FakeCinder:
    """Makes a seed in two looks, and with it an entry, if all is well."""

    def __init__(self) -> None:
        self.seeds = {}
        self.rows = []
        self.enabled = True
        self.makes_entries = True
        self.ends_as = 'available'
        self.complains = ''
        self.types = {ONE.name: 'type', TWO.name: 'type'}
        self.refuses = set()
        self.created = []
        self.looks = 0
        self._ids = itertools.count(1)

    def settings(self, _pool: Any) -> Any:
        return CacheSettings(self.enabled)

    def entries(self) -> Any:
        return list(self.rows)

    def volume_type_for(self, pool: Any) -> Any:
        return self.types.get(pool.name)

    def find(self) -> Any:
        return list(self.seeds.values())

    def look(self, volume_id: Any) -> Any:
        self.looks += 1
        seed = self.seeds.get(volume_id)
        if seed and seed.being_made and self.ends_as and self.looks > 1:
            self.end(seed)
        return self.seeds.get(volume_id)

    def end(self, seed: Any) -> None:
        self.add(Seed(seed.volume_id, seed.image_id, seed.pool, self.ends_as))
        if self.ends_as == 'available' and self.makes_entries:
            self.rows.append(Entry(seed.image_id, seed.pool, None, NOON, 1))

    def create(self, of: Any, pool: Any, volume_type: Any) -> Any:
        if 'create' in self.refuses:
            raise SeedRefusedError('quota exceeded')
        assert volume_type == 'type'
        self.created.append((of.id, pool.name))
        return self.add(Seed(str(next(self._ids)), of.id, pool.name, 'creating'))

    def delete(self, seed: Any) -> None:
        if 'delete' in self.refuses:
            raise SeedRefusedError('has snapshots')
        self.seeds.pop(seed.volume_id, None)

    def complaint(self, _seed: Any) -> Any:
        return self.complains

    def add(self, seed: Any) -> Any:
        self.seeds[seed.volume_id] = seed
        return seed


@pytest.fixture
def cinder() -> FakeCinder:
    return FakeCinder()


def asking(pools: Any = 'all', image_id: Any = IMAGE_ID) -> Any:
    return ListedImage(
        image(
            id=image_id,
            properties={'eic_precache': pools},
            updated_at='2026-05-01 12:00:00+00:00',
        ),
        'n',
        'o',
        'public',
    )


def run(cinder: Any, *images: Any, pools: Any = (ONE, TWO), **options: Any) -> Any:
    seeder = Seeder(
        cinder,
        SeedRefusedError,
        Wishes(),
        TIMEOUT,
        clock=FakeClock(),
        **options,
    )
    return [
        (each.pool, each.outcome, each.reason)
        for each in seeder.run(images or [asking()], pools)
    ]


def test_each_pool_gets_its_entry_by_one_volume_that_is_deleted(
    cinder: FakeCinder,
) -> None:
    assert run(cinder) == [
        (ONE.name, 'made', EntryReason.NOT_CACHED),
        (TWO.name, 'made', EntryReason.NOT_CACHED),
    ]
    assert cinder.created == [(IMAGE_ID, ONE.name), (IMAGE_ID, TWO.name)]
    assert cinder.seeds == {}


def test_a_second_run_makes_nothing(cinder: FakeCinder) -> None:
    run(cinder)
    assert run(cinder) == [
        (ONE.name, 'skipped', EntryReason.CACHED),
        (TWO.name, 'skipped', EntryReason.CACHED),
    ]
    assert len(cinder.created) == 2


def test_only_the_pools_that_the_image_names_are_looked_at(cinder: FakeCinder) -> None:
    assert run(cinder, asking('two')) == [(TWO.name, 'made', EntryReason.NOT_CACHED)]


@pytest.mark.parametrize('status', ['available', 'error', 'error_deleting'])
def test_what_a_run_left_that_was_cut_off_is_deleted(
    cinder: FakeCinder, status: str
) -> None:
    cinder.add(Seed('left', 'other-image', ONE.name, status))
    run(cinder)
    assert cinder.seeds == {}


def test_a_seed_that_no_scheduler_ever_took_is_deleted_in_the_end(
    cinder: FakeCinder,
) -> None:
    young = Seed('young', 'other', ONE.name, 'creating', TIMEOUT, scheduled=False)
    old = Seed('old', 'other', ONE.name, 'creating', TIMEOUT + 1, scheduled=False)
    cinder.add(young)
    cinder.add(old)
    run(cinder)
    assert list(cinder.seeds.values()) == [young]


@pytest.mark.parametrize(
    ('age', 'result'),
    [
        (TIMEOUT, ('skipped', EntryReason.BEING_MADE)),
        (TIMEOUT + 1, ('failed', EntryReason.TIMED_OUT)),
    ],
)
def test_a_seed_that_another_run_has_made_is_not_made_again(
    cinder: FakeCinder, age: int, result: tuple[Any, ...]
) -> None:
    others = Seed('theirs', IMAGE_ID, ONE.name, 'downloading', age)
    cinder.add(others)
    assert run(cinder) == [
        (ONE.name, *result),
        (TWO.name, 'made', EntryReason.NOT_CACHED),
    ]
    assert cinder.created == [(IMAGE_ID, TWO.name)]
    assert list(cinder.seeds.values()) == [others]


def test_a_seed_that_cinder_could_not_make_is_deleted_and_says_why(
    cinder: FakeCinder,
) -> None:
    cinder.ends_as = 'error'
    cinder.complains = 'No valid backend.'
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'failed', EntryReason.REFUSED)]
    assert cinder.seeds == {}


def test_a_seed_without_an_entry_is_a_failure(cinder: FakeCinder) -> None:
    cinder.makes_entries = False
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'failed', EntryReason.NO_ENTRY)]
    assert cinder.seeds == {}


def test_a_seed_that_is_not_ready_in_time_is_left_to_a_later_run(
    cinder: FakeCinder,
) -> None:
    cinder.ends_as = None
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'failed', EntryReason.TIMED_OUT)]
    (left,) = cinder.seeds.values()
    cinder.ends_as = 'available'
    cinder.end(left)
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'skipped', EntryReason.CACHED)]
    assert cinder.seeds == {}


def test_what_cinder_refuses_is_no_end_of_the_run(cinder: FakeCinder) -> None:
    cinder.refuses = {'create'}
    assert run(cinder) == [
        (ONE.name, 'failed', EntryReason.REFUSED),
        (TWO.name, 'failed', EntryReason.REFUSED),
    ]


def test_a_seed_that_cannot_be_deleted_is_found_by_the_next_run(
    cinder: FakeCinder,
) -> None:
    cinder.refuses = {'delete'}
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'made', EntryReason.NOT_CACHED)]
    assert len(cinder.seeds) == 1
    cinder.refuses = set()
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'skipped', EntryReason.CACHED)]
    assert cinder.seeds == {}


def test_a_pool_without_a_volume_type_is_said_to_lack_it(cinder: FakeCinder) -> None:
    cinder.types = {}
    assert run(cinder, pools=[ONE]) == [
        (ONE.name, 'failed', EntryReason.NO_VOLUME_TYPE)
    ]


def test_who_stops_the_program_leaves_no_seed_that_is_ready(cinder: FakeCinder) -> None:
    def stop(_seed: Any) -> None:
        raise KeyboardInterrupt

    cinder.complaint = stop
    with pytest.raises(KeyboardInterrupt):
        run(cinder, pools=[ONE])
    assert cinder.seeds == {}


def test_an_unknown_backend_takes_the_operators_word(cinder: FakeCinder) -> None:
    cinder.enabled = None
    assert run(cinder, pools=[ONE]) == [(ONE.name, 'failed', EntryReason.CACHE_UNKNOWN)]
    assert cinder.created == []
    assert run(cinder, pools=[ONE], assume_enabled=True) == [
        (ONE.name, 'made', EntryReason.NOT_CACHED)
    ]


def test_the_operators_word_does_not_turn_a_cache_on(cinder: FakeCinder) -> None:
    cinder.enabled = False
    assert run(cinder, pools=[ONE], assume_enabled=True) == [
        (ONE.name, 'failed', EntryReason.CACHE_OFF)
    ]
    assert cinder.created == []


class Options:
    precache_images = ('ubuntu', 'debian | one', 'debian | two')
    precache_projects = ('p',)
    precache_families = ()


def test_without_an_image_named_the_configuration_says_what_is_asked_for() -> None:
    wishes = command.wishes_of(Options, [])
    assert wishes.images == {'ubuntu': {'all'}, 'debian': {'one', 'two'}}
    assert wishes.projects == {'p'}


def test_an_image_named_is_asked_for_in_all_pools_and_alone() -> None:
    assert command.wishes_of(Options, ['fedora']).images == {'fedora': {'all'}}


@pytest.mark.parametrize('name', ['two', 'host@block#two'])
def test_a_pool_named_is_looked_at_alone(name: str) -> None:
    assert command.chosen_pools([ONE, TWO], [name]) == [TWO]
    assert command.chosen_pools([ONE, TWO], ['block']) == [ONE, TWO]
    assert command.chosen_pools([ONE, TWO], []) == [ONE, TWO]


def test_a_name_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pool or backend 'three'"):
        command.chosen_pools([ONE, TWO], ['three', 'one'])
