"""Families of images: who is of one, who is newest, and what may go for it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.families import Family, parse_family
from eic_plugins.precache.precache_rules import (
    Cause,
    Do,
    Held,
    PoolState,
    Wishes,
    compare,
    wants,
    with_families,
)
from eic_plugins.precache.relatives import Relatives
from eic_plugins.storage.eviction import IN_USE_SECONDS, Usage
from tests.unit.factories import image

NOW = 1_000_000.0
KEEP = 43200.0
FAMILY = Family(('os_distro', 'os_version'), 2)
WISHES = Wishes(projects=frozenset({'ours'}), families=(FAMILY,), keep_unused=KEEP)


def listed(
    number: int, of: str = '24.04', visibility: str = 'public', **fields: Any
) -> ListedImage:
    """An image of the family, the newer the higher the number."""
    owner, hidden = fields.pop('owner', 'o'), fields.pop('hidden', False)
    properties = {'os_distro': 'ubuntu', 'os_version': of, **fields.pop('also', {})}
    return ListedImage(
        image(id=f'image-{number}', properties=properties, **fields),
        'n',
        owner,
        visibility,
        hidden,
        f'2026-11-{number:02}T00:00:00Z',
    )


def state(
    *images: ListedImage, unused: float = KEEP, delay: float = 0, pool: str = 'gold'
) -> PoolState:
    """A pool that has these cached images."""
    held = {
        each.image.id: Held(
            Usage(each.image.id, NOW - unused, 1), each.image.identity, ''
        )
        for each in images
    }
    return PoolState(pool, frozenset({pool}), held, delay)


def actions(
    images: Any, pool: PoolState, wishes: Wishes = WISHES
) -> Mapping[str, tuple[Do, Cause]]:
    found = compare(images, frozenset(), [pool], with_families(wishes, images), NOW)
    return {each.image_id: (each.do, each.cause) for each in found}


FILL = (Do.FILL, Cause.NOT_CACHED)
GOES = (Do.REMOVE, Cause.SUPERSEDED)
MAY_GO = (Do.REMOVE_FOR_ROOM, Cause.SUPERSEDED)


def test_the_newest_of_a_family_are_filled_in() -> None:
    images = [listed(n) for n in (1, 3, 2)] + [listed(9, '22.04')]
    assert actions(images, state()) == dict.fromkeys(
        ('image-3', 'image-2', 'image-9'), FILL
    )


def test_an_older_one_goes_when_the_newest_are_there() -> None:
    images = [listed(n) for n in (1, 2, 3)]
    assert actions(images, state(*images)) == {'image-1': GOES}


def test_as_long_as_one_of_the_newest_is_missing_it_goes_only_for_room() -> None:
    images = [listed(n) for n in (1, 2, 3)]
    assert actions(images, state(*images[:2])) == {'image-1': MAY_GO, 'image-3': FILL}


@pytest.mark.parametrize(
    ('unused', 'delay', 'keep'),
    [(KEEP - 1, 0, KEEP), (KEEP + 700, 720, KEEP), (IN_USE_SECONDS - 1, 0, 0)],
)
def test_what_somebody_may_still_use_stays(
    unused: float, delay: float, keep: float
) -> None:
    images = [listed(n) for n in (1, 2, 3)]
    wishes = Wishes(families=(FAMILY,), keep_unused=keep)
    assert actions(images, state(*images, unused=unused, delay=delay), wishes) == {}


@pytest.mark.parametrize(
    ('also', 'wishes'),
    [
        ({'also': {'eic_precache': 'gold'}}, WISHES),
        ({}, Wishes({'image-1': frozenset({'all'})}, families=(FAMILY,))),
        (
            {'also': {'release': 'lts'}},
            Wishes(families=(FAMILY, Family(('release',), 1))),
        ),
    ],
)
def test_an_older_one_that_somebody_names_stays(
    also: dict[str, Any], wishes: Wishes
) -> None:
    images = [listed(1, **also), listed(2), listed(3)]
    assert actions(images, state(*images), wishes) == {}


@pytest.mark.parametrize(
    'nobodys',
    [
        {'visibility': 'private'},
        {'visibility': 'community'},
        {'visibility': 'shared'},
        {'hidden': True},
        {'status': 'deactivated'},
        {'status': 'queued'},
        {'also': {'os_version': None}},
        {'also': {'os_version': ''}},
        {'also': {'os_version': ['24.04']}},
    ],
)
def test_an_image_that_does_not_count_neither_comes_nor_pushes_another_one_out(
    nobodys: dict[str, Any],
) -> None:
    """A tenant's upload with these properties changes nothing."""
    ours = [listed(n) for n in (1, 2)]
    theirs = [listed(n, **nobodys) for n in (7, 8, 9)]
    assert actions([*ours, *theirs], state(*ours, *theirs)) == {}
    assert actions([*ours, *theirs], state()) == {'image-1': FILL, 'image-2': FILL}


def test_images_of_the_operators_projects_count() -> None:
    images = [listed(n, visibility='private', owner='ours') for n in (1, 2, 3)]
    assert actions(images, state(*images)) == {'image-1': GOES}


def test_a_family_of_some_pools_says_nothing_of_others() -> None:
    images = [listed(n) for n in (1, 2, 3)]
    wishes = Wishes(families=(Family(FAMILY.properties, 2, frozenset({'gold'})),))
    assert actions(images, state(*images), wishes) == {'image-1': GOES}
    assert actions(images, state(*images, pool='silver'), wishes) == {}


@given(
    st.lists(st.tuples(st.integers(1, 28), st.booleans(), st.booleans()), max_size=9),
    st.integers(1, 3),
)
def test_whatever_there_is_the_newest_that_count_are_wanted_and_stay(
    drawn: list[tuple[int, bool, bool]], newest: int
) -> None:
    images = [
        listed(n, visibility='public' if counts else 'private')
        for n, counts in {n: counts for n, counts, _ in drawn}.items()
    ]
    cached = {n for n, _, is_cached in drawn if is_cached}
    pool = state(*(each for each in images if int(each.image.id[6:]) in cached))
    wishes = Wishes(families=(Family(FAMILY.properties, newest),))
    counting = sorted(
        (each for each in images if each.visibility == 'public'),
        key=lambda each: each.created_at,
        reverse=True,
    )
    wanted = {each.image.id for each in counting[:newest]}
    settled = with_families(wishes, images)
    assert wanted == {
        each.image.id for each in images if wants(frozenset({'gold'}), each, settled)
    }
    found = actions(images, pool, wishes)
    assert {key for key, (do, _) in found.items() if do is Do.FILL} == wanted - set(
        pool.held
    )
    gone = {key for key, (do, _) in found.items() if do is not Do.FILL}
    assert gone == {each.image.id for each in counting[newest:]} & set(pool.held)


@pytest.mark.parametrize(
    ('line', 'family'),
    [
        ('os_distro, os_version | 2', FAMILY),
        ('os_distro|1', Family(('os_distro',), 1)),
        (
            'a , a, b | 03 | gold, silver',
            Family(('a', 'b'), 3, frozenset(['gold', 'silver'])),
        ),
    ],
)
def test_a_line_is_a_family(line: str, family: Family) -> None:
    assert parse_family(line) == family


@pytest.mark.parametrize(
    'line',
    [
        '',
        'os_distro',
        '| 2',
        ', | 2',
        'os_distro | 0',
        'os_distro | -1',
        'os_distro | two',
        'os_distro | ²',
        'os_distro | 2 |',
        'os_distro | 2 | gold | silver',
        'name | 2',
    ],
)
def test_a_line_that_says_nothing_names_the_option(line: str) -> None:
    with pytest.raises(ValueError, match=r'\[eic\] precache_families = '):
        parse_family(line)


class Glance:
    """Images, and what was asked."""

    def __init__(self, *images: ListedImage) -> None:
        self.images = images
        self.asked: list[Mapping[str, str]] = []

    def alike(self, properties: Mapping[str, str]) -> list[ListedImage]:
        self.asked.append(properties)
        return [
            each
            for each in self.images
            if properties.items() <= each.image.properties.items()
        ]


def ids(found: Any) -> set[str]:
    return {each.image.id for each in found}


def test_the_relatives_of_an_image_are_one_call() -> None:
    glance = Glance(*(listed(n) for n in (1, 2)), listed(3, '22.04'))
    found = Relatives(WISHES).of(glance, 'image-1', glance.images[0])
    assert ids(found) == {'image-1', 'image-2'}
    assert glance.asked == [{'os_distro': 'ubuntu', 'os_version': '24.04'}]


def test_a_users_upload_has_nothing_looked_for() -> None:
    glance = Glance(listed(1))
    private = listed(9, visibility='private')
    assert Relatives(WISHES).of(glance, 'image-9', private) == [private]
    assert glance.asked == []


@pytest.mark.parametrize('gone', [True, False])
def test_what_was_of_a_family_still_has_its_relatives(gone: bool) -> None:
    """Deleted, or of another family: one that was older may be newest now."""
    before, other = listed(3), listed(2)
    relatives = Relatives(WISHES)
    relatives.learn([before, other])
    glance = Glance(other)
    now = None if gone else listed(3, '26.04')
    assert ids(relatives.of(glance, 'image-3', now)) == {'image-2'} | (
        set() if gone else {'image-3'}
    )
    assert ids(relatives.of(glance, 'image-3', now)) == set() if gone else {'image-3'}
