"""Room is made by real last use, between the operator's thresholds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.storage.eviction import (
    IN_USE_SECONDS,
    Caps,
    Space,
    Thresholds,
    Usage,
    choose,
    over_caps,
)

NOW = 1_000_000.0
HOUR = 3600
T = Thresholds(start_percent=20, stop_percent=60, expiry_minutes=60)


def usage(
    name: Any, hours_ago: Any, allocated: Any = 10, size: Any = 10, once: Any = False
) -> Any:
    return Usage(name, NOW - hours_ago * HOUR, allocated, size, once)


def chosen(usages: Any, available: Any, thresholds: Any = T) -> Any:
    return [u.image_id for u in choose(usages, Space(100, available), thresholds, NOW)]


def test_nothing_goes_while_there_is_room() -> None:
    assert chosen([usage('old', 99)], available=21) == []


def test_those_unused_longest_go_until_there_is_room_enough() -> None:
    usages = [usage('c', 3), usage('a', 9), usage('d', 2), usage('b', 8)]
    assert chosen(usages, available=20) == ['a', 'b', 'c', 'd']
    assert chosen(usages, available=20, thresholds=Thresholds(20, 35, 60)) == ['a', 'b']


def test_what_was_used_lately_stays_however_full_the_pool_is() -> None:
    assert chosen([usage('hot', 0.9), usage('cold', 1.1)], available=0) == ['cold']


def test_what_may_have_been_used_since_it_was_last_seen_stays() -> None:
    """Uses of other hosts are seen late where they are written late."""
    soon = Thresholds(20, 60, expiry_minutes=5)
    usages = [usage('a', 10 / 60), usage('b', 15 / 60)]
    assert [
        u.image_id for u in choose(usages, Space(100, 0), soon, NOW, use_delay=720)
    ] == ['b']
    assert [u.image_id for u in choose(usages, Space(100, 0), soon, NOW)] == ['b', 'a']


def test_what_is_to_be_precached_goes_last_and_only_if_it_must() -> None:
    usages = [usage('wanted', 9), usage('b', 3), usage('a', 4)]
    for stop, expected in ((39, ['a', 'b']), (41, ['a', 'b', 'wanted'])):
        assert [
            u.image_id
            for u in choose(
                usages, Space(100, 20), Thresholds(20, stop, 60), NOW, {'wanted'}
            )
        ] == expected


def test_what_was_used_lately_stays_though_what_is_precached_does_not() -> None:
    usages = [usage('wanted', 9), usage('hot', 0.5)]
    assert [u.image_id for u in choose(usages, Space(100, 0), T, NOW, {'wanted'})] == [
        'wanted'
    ]


def test_a_share_without_capacity_is_left_alone() -> None:
    assert list(choose([usage('a', 9)], Space(0, 0), T, NOW)) == []


def test_what_served_one_volume_goes_first_and_though_it_is_fresh() -> None:
    usages = [
        usage('popular', 9),
        usage('new', 0.1, once=True),
        usage('other', 0.2, once=True),
        usage('wanted', 9, once=True),
    ]
    assert [u.image_id for u in choose(usages, Space(100, 20), T, NOW, {'wanted'})] == [
        'other',
        'new',
        'popular',
        'wanted',
    ]


def test_what_is_being_used_stays_though_it_served_nobody_else() -> None:
    assert chosen([usage('making', 0.01, once=True)], available=0) == []


@pytest.mark.parametrize(
    ('caps', 'size', 'gone'),
    [
        (Caps(), 10, []),
        (Caps(count=3), 10, ['b']),
        (Caps(count=2), 10, ['b', 'a']),
        (Caps(size=40), 10, []),
        (Caps(size=39), 10, ['b']),
        (Caps(size=39, count=1), 10, ['b', 'a', 'c']),
        (Caps(size=9), 10, ['b', 'a', 'c']),
    ],
)
def test_caps_are_kept_by_those_used_least_recently(
    caps: Caps, size: int, gone: list[Any] | list[str]
) -> None:
    """As image_volume_cache_max_size_gb and _max_count do it."""
    held = [usage('a', 2), usage('b', 3), usage('c', 1)]
    assert [u.image_id for u in over_caps(held, caps, NOW, size=size, count=1)] == gone


def test_of_what_is_over_the_caps_nothing_in_use_goes() -> None:
    held = [usage('a', 0.01), usage('b', 1), usage('c', 2, once=True)]
    assert [u.image_id for u in over_caps(held, Caps(count=1), NOW)] == ['c', 'b']
    assert [
        u.image_id for u in choose(held, Space(100, 99), T, NOW, caps=Caps(count=2))
    ] == ['c']


usages = st.lists(
    st.builds(
        Usage,
        st.uuids().map(str),
        st.floats(0, NOW),
        st.integers(0, 50),
        st.integers(0, 50),
        st.booleans(),
    ),
    max_size=20,
)


@given(found=usages, available=st.integers(0, 100))
def test_never_more_than_needed_and_never_a_hot_one(found: Any, available: Any) -> None:
    picked = list(choose(found, Space(100, available), T, NOW))
    assert all(
        u.last_used <= NOW - (IN_USE_SECONDS if u.served_once else HOUR) for u in picked
    )
    if picked:
        freed = sum(u.allocated for u in picked[:-1])
        assert available <= 20
        assert available + freed < 60
