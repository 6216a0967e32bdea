"""What pools should hold against what they hold: every choice has a reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.precache_rules import (
    Action,
    Cause,
    Do,
    Held,
    PoolState,
    Wishes,
    compare,
    has_room,
    parse_image,
)
from eic_plugins.storage.eviction import Space, Usage
from tests.unit.factories import GIB, IMAGE_ID, SIGNATURE, image

NOW = 1_000_000.0
IDENTITY = image().identity
OTHER_ID = '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22'
GOLD = '127.0.11.1:/tenants/gold'
SILVER = '127.0.11.1:/silver'


def names(pool: Any) -> Any:
    return frozenset({pool, 'section', 'backend', f'host@section#{pool}'})


def pool(name: Any = GOLD, **held: Any) -> Any:
    return PoolState(name, names(name), held.get('held', {}))


def listed(
    asks: Any = 'all',
    visibility: Any = 'public',
    owner: Any = 'o',
    hidden: Any = False,
    name: Any = 'n',
    **fields: Any,
) -> Any:
    properties = {**fields.pop('properties', {}), 'eic_precache': asks}
    return ListedImage(
        image(properties=properties, **fields), name, owner, visibility, hidden
    )


def held(
    identity: Any = IDENTITY,
    used_ago: Any = 3600,
    signature: Any = '',
    image_id: Any = IMAGE_ID,
) -> Any:
    return Held(Usage(image_id, NOW - used_ago, 10), identity, signature)


def actions(glance: Any, pools: Any = None, gone: Any = (), **wishes: Any) -> Any:
    return list(
        compare(glance, frozenset(gone), pools or [pool()], Wishes(**wishes), NOW)
    )


def filled(*arguments: Any, **wishes: Any) -> Any:
    return [(a.pool, a.cause) for a in actions(*arguments, **wishes) if a.do is Do.FILL]


def test_an_image_that_asks_for_all_pools_is_filled_into_each() -> None:
    assert filled([listed('all')], [pool(GOLD), pool(SILVER)]) == [
        (GOLD, Cause.NOT_CACHED),
        (SILVER, Cause.NOT_CACHED),
    ]


@pytest.mark.parametrize(
    'asks', [GOLD, f'host@section#{GOLD}', f'elsewhere, {GOLD} ,', f'{GOLD},{GOLD}']
)
def test_a_pool_is_named_as_the_scheduler_shows_it(asks: str) -> None:
    assert filled([listed(asks)], [pool(GOLD), pool(SILVER)]) == [
        (GOLD, Cause.NOT_CACHED)
    ]


@pytest.mark.parametrize('asks', ['section', 'backend'])
def test_a_backend_stands_for_its_pools(asks: str) -> None:
    assert [
        where for where, _ in filled([listed(asks)], [pool(GOLD), pool(SILVER)])
    ] == [GOLD, SILVER]


@pytest.mark.parametrize('asks', ['', ' , ', 'elsewhere', 'ALL', None, 7, []])
def test_who_names_none_of_these_pools_gets_none(asks: Any) -> None:
    assert filled([listed(asks)]) == []


@pytest.mark.parametrize('visibility', ['private', 'shared', 'community', ''])
def test_a_users_own_image_fills_no_pool_of_the_operator(visibility: str) -> None:
    assert filled([listed('all', visibility)]) == []
    assert (
        filled([listed('all', visibility, owner='p')], projects=frozenset({'q'})) == []
    )


def test_the_images_of_a_project_that_the_operator_trusts_may_ask() -> None:
    assert filled([listed('all', 'private', owner='p')], projects=frozenset({'p'})) == [
        (GOLD, Cause.NOT_CACHED)
    ]


def test_an_image_without_an_owner_is_nobodys() -> None:
    assert filled([listed('all', 'private', owner='')]) == []


def test_the_configuration_names_an_image_by_id_whosever_it_is() -> None:
    assert filled([listed('', 'private')], images={IMAGE_ID: frozenset({'all'})}) == [
        (GOLD, Cause.NOT_CACHED)
    ]


def test_a_name_in_the_configuration_is_not_anybodys() -> None:
    images = {'ubuntu': frozenset({GOLD})}
    assert filled([listed('', 'private', name='ubuntu')], images=images) == []
    assert filled([listed('', 'public', name='ubuntu')], images=images) == [
        (GOLD, Cause.NOT_CACHED)
    ]


@pytest.mark.parametrize(
    'fields',
    [
        {'status': 'queued'},
        {'status': 'deactivated'},
        {'status': 'importing'},
        {'properties': {'cinder_encryption_key_id': 'k'}},
    ],
)
def test_what_no_volume_can_be_cloned_from_is_not_filled_in(
    fields: dict[str, Any],
) -> None:
    assert filled([listed('all', **fields)]) == []


def test_a_hidden_image_is_filled_in_only_if_the_operator_names_it() -> None:
    assert (
        filled([listed('all', hidden=True, name='x')], images={'x': frozenset({'all'})})
        == []
    )
    assert (
        filled([listed('all', hidden=True)], images={IMAGE_ID: frozenset({'all'})})
        != []
    )


def test_what_is_cached_already_is_left_alone() -> None:
    assert actions([listed()], [pool(held={IMAGE_ID: held()})]) == []


@pytest.mark.parametrize(
    ('there', 'why'),
    [
        (held(identity=None), Cause.NOT_CACHED),
        (held(identity='of before'), Cause.IMAGE_CHANGED),
    ],
)
def test_what_has_not_the_images_bytes_is_filled_in_again(
    there: Held, why: Cause
) -> None:
    assert filled([listed()], [pool(held={IMAGE_ID: there})]) == [(GOLD, why)]


@pytest.mark.parametrize(
    ('signature', 'asked', 'expected'),
    [
        ('', True, [(GOLD, Cause.SIGNATURE_NOT_VERIFIED)]),
        ('of before', True, [(GOLD, Cause.SIGNATURE_NOT_VERIFIED)]),
        ('', False, []),
        ('of before', False, []),
        (image(properties=SIGNATURE).signature, True, []),
    ],
)
def test_a_signed_image_is_wanted_verified(
    signature: str, asked: bool, expected: list[Any]
) -> None:
    signed = listed(properties=SIGNATURE)
    assert (
        filled(
            [signed],
            [pool(held={IMAGE_ID: held(signature=signature)})],
            verify_signatures=asked,
        )
        == expected
    )


def test_the_cached_images_of_a_deleted_image_are_removed_precached_or_not() -> None:
    for identity in (IDENTITY, 'of before', None):
        there = held(identity)
        assert actions([], [pool(held={IMAGE_ID: there})], [IMAGE_ID]) == [
            Action(Do.REMOVE, Cause.IMAGE_DELETED, GOLD, IMAGE_ID, there.usage)
        ]


def test_what_is_in_use_is_not_removed() -> None:
    there = held(used_ago=30)
    assert actions([], [pool(held={IMAGE_ID: there})], [IMAGE_ID]) == []


def test_what_glance_was_not_asked_about_stays() -> None:
    assert actions([], [pool(held={IMAGE_ID: held()})]) == []


def test_what_is_named_no_more_stays_for_the_cleaner() -> None:
    assert actions([listed('')], [pool(held={IMAGE_ID: held()})]) == []


def test_a_deactivated_images_cached_images_stay() -> None:
    assert (
        actions(
            [listed(status='deactivated')], [pool(held={IMAGE_ID: held('of before')})]
        )
        == []
    )


def test_a_fill_never_sets_off_the_cleaner() -> None:
    one = image(size=10 * GIB)
    assert has_room(one, Space(100 * GIB, 31 * GIB), 20)
    assert not has_room(one, Space(100 * GIB, 30 * GIB), 20)


def test_a_compressed_image_needs_the_room_of_its_disk() -> None:
    small = image(size=1, disk_format='qcow2', virtual_size=10 * GIB)
    assert not has_room(small, Space(100 * GIB, 30 * GIB), 20)


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('ubuntu 24.04', ('ubuntu 24.04', {'all'})),
        (f' {IMAGE_ID} | {GOLD} , silver ', (IMAGE_ID, {GOLD, 'silver'})),
        ('a | b | gold', ('a | b', {'gold'})),
    ],
)
def test_a_line_of_the_configuration_is_an_image_and_maybe_pools(
    line: str, expected: tuple[Any, ...]
) -> None:
    assert parse_image(line) == expected


@pytest.mark.parametrize('line', ['', ' ', '| gold', 'ubuntu |', 'ubuntu | ,'])
def test_a_line_that_names_nothing_says_how_it_is_written(line: str) -> None:
    with pytest.raises(ValueError, match=r'precache_images = .*id or the name'):
        parse_image(line)


ids = st.sampled_from([IMAGE_ID, OTHER_ID])
images = st.lists(
    st.builds(
        listed,
        st.sampled_from(['', 'all', GOLD, 'section', 'nowhere']),
        st.sampled_from(['public', 'private', 'community']),
        status=st.sampled_from(['active', 'deactivated', 'saving']),
        id=ids,
    ),
    unique_by=lambda each: each.image.id,
)
holdings = st.dictionaries(
    ids,
    st.builds(held, st.sampled_from(['abc123', 'of before', None]), st.floats(0, 9999)),
)


@given(images=images, gold=holdings, silver=holdings, gone=st.sets(ids))
def test_nothing_is_removed_but_what_is_gone_and_filled_but_what_is_there(
    images: Any, gold: Any, silver: Any, gone: Any
) -> None:
    pools = [pool(GOLD, held=gold), pool(SILVER, held=silver)]
    found = actions(images, pools, gone)
    by_id = {each.image.id: each for each in images}
    assert len({(a.pool, a.image_id) for a in found}) == len(found)
    for action in found:
        if action.do is Do.REMOVE:
            assert action.image_id in gone
            assert action.usage.last_used <= NOW - 120
        else:
            asked = by_id[action.image_id]
            assert action.image_id not in gone
            assert (asked.visibility, asked.image.status) == ('public', 'active')


@given(images=images, gold=holdings)
def test_once_it_is_done_there_is_nothing_left_to_do(images: Any, gold: Any) -> None:
    todo = actions(images, [pool(held=gold)])
    done = {**gold, **{a.image_id: held() for a in todo if a.do is Do.FILL}}
    assert actions(images, [pool(held=done)]) == []
