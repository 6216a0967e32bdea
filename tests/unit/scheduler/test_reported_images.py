"""What pools report of their images: exact if they are few, bounded if they are many.

The reports and the rule of release 0.1 are written down here, as it was released.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.scheduler import locality, reported_images
from eic_plugins.support.id_filter import Wanted

PLACE = {
    'cluster': 'a',
    'svm': 'svm',
    'flexvol': 'f',
    'directory': '',
    'junction_path': '/gold',
    'servers': ['10.0.0.1'],
    'kind': 'files',
}
image_ids = st.uuids().map(str)


def report(ids: list[str]) -> dict[str, Any]:
    """What a driver reports of such images, the newest last."""
    return {
        **PLACE,
        **reported_images.ids_field(ids),
        **reported_images.filter_field(ids),
    }


def report_of_0_1(ids: list[str]) -> dict[str, Any]:
    return {**PLACE, 'cached': ids[-256:]}


def cached_says_0_1(pool: Mapping[str, Any], image_id: str) -> bool:
    """The line of the weigher of 0.1."""
    return image_id in pool.get('cached', ())


def cached(pool: Mapping[str, Any], image_id: str) -> bool:
    (weight,) = locality.weigh([pool], image_id, ())
    return weight == locality.CACHED


@given(st.lists(image_ids, unique=True, max_size=300), image_ids)
def test_no_image_that_is_there_is_overlooked(ids: list[str], other: str) -> None:
    pool = report(ids)
    assert all(cached(pool, each) for each in ids)
    if len(ids) <= reported_images.LISTED:
        assert cached(pool, other) == (other in ids)


@given(st.lists(image_ids, unique=True, max_size=64), image_ids)
def test_few_images_weigh_as_in_0_1(ids: list[str], other: str) -> None:
    assert report(ids) == report_of_0_1(ids)
    for each in (*ids, other):
        assert cached(report(ids), each) == cached_says_0_1(report_of_0_1(ids), each)


@given(st.lists(image_ids, unique=True, max_size=300), image_ids)
def test_a_report_of_0_1_is_read_as_it_was(ids: list[str], other: str) -> None:
    pool = report_of_0_1(ids)
    for each in (*ids, other):
        assert cached(pool, each) == cached_says_0_1(pool, each)


@pytest.mark.parametrize('count', [1, 64, 65, 300, 3000])
def test_a_scheduler_of_0_1_sees_the_newest_images_of_a_driver(count: int) -> None:
    ids = [f'image-{number}' for number in range(count)]
    pool = report(ids)
    assert all(cached_says_0_1(pool, each) for each in ids[-64:])
    assert not any(cached_says_0_1(pool, each) for each in ids[:-64])
    assert not cached_says_0_1(pool, 'another')


def test_what_is_in_the_filter_counts_and_not_only_what_is_listed() -> None:
    ids = [f'image-{number}' for number in range(65)]
    assert 'image-0' not in report(ids)['cached']
    assert cached(report(ids), 'image-0')


@pytest.mark.parametrize(
    'sent',
    [
        None,
        [],
        {},
        'AAAA',
        {'bits': 'AAAA'},
        {'bits': 'AAAA', 'hashes': 'many'},
        {'bits': 5, 'hashes': 5},
    ],
)
def test_a_filter_of_another_form_leaves_the_ids(sent: Any) -> None:
    pool = {**PLACE, 'cached': ['a'], 'cached_filter': sent}
    assert cached(pool, 'a')
    assert not cached(pool, 'b')
    assert reported_images.filtered(pool) is None


@pytest.mark.parametrize('sent', [None, 5, 'an-image', {'an-image': 1}])
def test_ids_of_another_form_are_none(sent: Any) -> None:
    pool = {**PLACE, 'cached': sent}
    assert not reported_images.may_have(pool, Wanted('an-image'))
    assert reported_images.listed(pool) == frozenset()
