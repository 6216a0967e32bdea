"""Which pools have an image in Cinder's own cache, and which are to have it."""

import datetime
import pathlib
from typing import Any

import pytest

from eic_plugins.cinder_cache.rules import (
    FILL,
    FINE,
    CachePool,
    CacheSettings,
    Entry,
    EntryReason,
    decide,
    is_current,
    newest,
    size_gib,
)
from eic_plugins.glance.documents import ListedImage, listed_image
from eic_plugins.precache.precache_rules import Wishes
from tests.unit.factories import GIB, IMAGE_ID, image

NOON = datetime.datetime(2026, 5, 1, 12, 0, 0)
LATER = NOON + datetime.timedelta(seconds=1)
ONE, TWO = 'host@block#one', 'host@block#two'
ON = CacheSettings(True)


def entry(
    pool: Any = ONE,
    date: Any = NOON,
    image_id: Any = IMAGE_ID,
    size: Any = 1,
    cluster: Any = None,
) -> Any:
    return Entry(image_id, pool, cluster, date, size)


@pytest.mark.parametrize(
    ('held', 'pool', 'across', 'served'),
    [
        (entry(ONE), ONE, False, True),
        (entry(ONE), TWO, False, False),
        (entry(ONE), TWO, True, True),
        (entry(ONE), 'host@other#one', True, False),
        (entry(ONE, cluster='c@block#one'), 'c@block#one', False, True),
        (entry(ONE, cluster='c@block#one'), 'c@block#two', False, False),
        (entry(ONE, cluster='c@block#one'), ONE, False, True),
    ],
)
def test_an_entry_serves_its_pool_and_maybe_its_backends_other_ones(
    held: Entry, pool: str, across: bool, served: bool
) -> None:
    assert held.serves(pool, across) is served


def test_an_entry_older_than_another_one_is_out_of_date() -> None:
    assert newest([entry(ONE), entry(TWO, LATER)]) == (entry(TWO, LATER),)
    both = (entry(ONE, LATER), entry(TWO, LATER))
    assert newest([*both, entry(ONE)]) == both
    assert newest([]) == ()


def test_an_entry_without_a_date_is_none() -> None:
    assert newest([entry(ONE, None)]) == ()


@pytest.mark.parametrize(
    ('updated_at', 'current'),
    [
        ('2026-05-01 12:00:00+00:00', True),
        ('2026-05-01 14:00:00+02:00', True),
        ('2026-05-01 12:00:00', True),
        ('2026-05-01 12:00:01+00:00', False),
        ('', False),
        ('yesterday', False),
    ],
)
def test_an_entry_is_current_while_the_image_has_its_time(
    updated_at: str, current: bool
) -> None:
    assert is_current(entry(), image(updated_at=updated_at)) is current


def test_the_time_is_the_one_that_glance_lists() -> None:
    listed = listed_image({'id': IMAGE_ID, 'updated_at': '2026-05-01T12:00:00Z'})
    assert is_current(entry(), listed.image)


@pytest.mark.parametrize(
    ('fields', 'gib'),
    [
        ({'size': 1}, 1),
        ({'size': GIB}, 1),
        ({'size': GIB + 1}, 2),
        ({'size': GIB, 'min_disk': 5}, 5),
        ({'disk_format': 'qcow2', 'size': 7, 'virtual_size': 3 * GIB}, 3),
        ({'disk_format': 'qcow2', 'size': 2 * GIB}, 2),
    ],
)
def test_a_volume_of_an_image_takes_whole_gib(fields: dict[str, Any], gib: int) -> None:
    assert size_gib(image(**fields)) == gib


def why(
    asks: Any = 'all',
    pool: Any = None,
    settings: Any = ON,
    entries: Any = (),
    **fields: Any,
) -> Any:
    asked = image(
        properties={'eic_precache': asks},
        updated_at='2026-05-01 12:00:00+00:00',
        **fields,
    )
    return decide(
        ListedImage(asked, 'n', 'o', 'public'),
        pool or CachePool(ONE, 'iscsi'),
        settings,
        entries,
        Wishes(),
    )


@pytest.mark.parametrize('name', ['all', ONE, 'one', 'block', 'iscsi'])
def test_a_pool_is_named_like_anywhere_else(name: str) -> None:
    assert why(name) is EntryReason.NOT_CACHED


@pytest.mark.parametrize('name', ['', 'two', 'host'])
def test_a_pool_that_nobody_names_is_left_alone(name: str) -> None:
    assert why(name) is None


def test_an_entry_of_the_image_as_it_is_stays() -> None:
    assert why(entries=[entry()]) is EntryReason.CACHED
    assert why(entries=[entry()], settings=CacheSettings(False)) is EntryReason.CACHED


def test_a_changed_image_gets_another_entry() -> None:
    assert why(entries=[entry(date=LATER)]) is EntryReason.IMAGE_CHANGED
    assert why(entries=[entry(image_id='other')]) is EntryReason.NOT_CACHED


ACROSS = CachePool(ONE, 'iscsi', clones_across_pools=True)


def test_an_entry_of_another_pool_serves_a_backend_that_clones_across_pools() -> None:
    assert why(entries=[entry(TWO)]) is EntryReason.NOT_CACHED
    assert why(pool=ACROSS, entries=[entry(TWO)]) is EntryReason.CACHED
    assert why(pool=ACROSS, entries=[entry(TWO, LATER)]) is EntryReason.NOT_CACHED


def test_where_cinder_finds_another_backends_entry_no_seed_makes_one() -> None:
    """It would be made and deleted by each run, for ever."""
    other = entry('host@other#one')
    assert why(pool=ACROSS, entries=[other]) is EntryReason.CACHED_ELSEWHERE
    assert why(entries=[other]) is EntryReason.NOT_CACHED
    assert why(pool=ACROSS, entries=[other, entry(TWO)]) is EntryReason.CACHED


def test_the_limits_count_the_pools_own_entries() -> None:
    assert (
        why(
            settings=CacheSettings(True, max_count=1),
            entries=[entry(TWO, image_id='other')],
        )
        is EntryReason.NOT_CACHED
    )


def test_pools_of_eic_drivers_are_left_to_them() -> None:
    assert why(pool=CachePool(ONE, keeps_cached_images=True)) is EntryReason.EIC_DRIVER


@pytest.mark.parametrize(
    ('enabled', 'reason'),
    [(None, EntryReason.CACHE_UNKNOWN), (False, EntryReason.CACHE_OFF)],
)
def test_without_a_cache_nothing_is_downloaded(
    enabled: bool | None, reason: EntryReason
) -> None:
    assert why(settings=CacheSettings(enabled)) is reason


@pytest.mark.parametrize(
    ('limits', 'reason'),
    [
        ({'max_count': 1}, EntryReason.CACHE_FULL),
        ({'max_count': 2}, EntryReason.NOT_CACHED),
        ({'max_size_gb': 3}, EntryReason.CACHE_FULL),
        ({'max_size_gb': 4}, EntryReason.NOT_CACHED),
    ],
)
def test_no_entry_is_made_at_the_cost_of_another(
    limits: dict[str, Any], reason: EntryReason
) -> None:
    assert (
        why(
            settings=CacheSettings(True, **limits),
            entries=[entry(image_id='other', size=3)],
        )
        is reason
    )


def test_the_entry_of_the_image_before_its_change_makes_room() -> None:
    assert (
        why(settings=CacheSettings(True, max_count=1), entries=[entry(date=LATER)])
        is EntryReason.IMAGE_CHANGED
    )


def test_every_reason_is_explained_and_good_bad_or_to_be_done() -> None:
    assert all(reason.message for reason in EntryReason)
    assert not FILL & FINE


def test_the_manual_has_every_reason() -> None:
    manual = (pathlib.Path(__file__).parents[3] / 'docs/operations.md').read_text()
    assert [reason for reason in EntryReason if f'`{reason}`' not in manual] == []
