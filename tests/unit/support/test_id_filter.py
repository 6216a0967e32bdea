"""Ids in a filter: each is found, few others are, and the text stays small."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.support import id_filter
from eic_plugins.support.id_filter import IdFilter


def ids(first: int, count: int) -> list[str]:
    """As Glance's are: random, but the same at each run."""
    return [
        str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        for number in range(first, first + count)
    ]


def wrong(found: IdFilter, asked: int) -> int:
    """How many of so many that are not there are found by chance."""
    return sum(each in found for each in ids(10**6, asked))


@given(st.sets(st.text(), max_size=200))
def test_whatever_is_there_is_found(there: set[str]) -> None:
    found = IdFilter.of(there)
    assert all(each in found for each in there)


@pytest.mark.parametrize('count', [1, 64, 5_110, 10_000, 40_000])
def test_each_of_many_is_found_too(count: int) -> None:
    there = ids(0, count)
    found = IdFilter.of(there)
    assert all(each in found for each in there)


@pytest.mark.parametrize('count', [65, 1_000, 5_110])
def test_of_a_thousand_others_one_is_found_by_chance(count: int) -> None:
    assert id_filter.MOST_EXACT == 5_110
    # 20 are expected, with a deviation of 4.5.
    assert wrong(IdFilter.of(ids(0, count)), 20 * id_filter.WRONG) < 36


@pytest.mark.parametrize(
    ('count', 'percent'), [(10_000, 4), (20_000, 20), (40_000, 46)]
)
def test_with_more_there_are_more_by_chance_and_the_text_does_not_grow(
    count: int, percent: int
) -> None:
    found = IdFilter.of(ids(0, count))
    assert len(found.bits) == id_filter.MOST_CHARACTERS
    assert wrong(found, 2_000) < 20 * percent


@pytest.mark.parametrize(
    ('count', 'characters'),
    [(0, 4), (1, 4), (65, 160), (1_000, 2_408), (5_110, 12_288)],
)
def test_an_id_takes_two_and_a_half_characters(count: int, characters: int) -> None:
    assert len(IdFilter.of(ids(0, count)).bits) == characters


def test_it_is_plain_base64_with_the_first_bit_on_the_left() -> None:
    """What another program reads, with nothing of ours."""
    found = IdFilter.of(ids(0, 100))
    number = int.from_bytes(base64.b64decode(found.bits, validate=True))
    size = len(found.bits) * 6
    for wanted in map(id_filter.Wanted, ids(0, 100)):
        first, step = wanted.hashes
        for turn in range(found.hashes):
            assert number >> (size - 1 - (first + turn * step) % size) & 1


@pytest.mark.parametrize(
    ('bits', 'hashes'),
    [
        (None, 3),
        ('', 3),
        (b'AAAA', 3),
        (['A'], 3),
        ('AAAA', None),
        ('AAAA', '3'),
        ('AAAA', 0),
        ('AAAA', 10**9),
    ],
)
def test_what_is_no_filter_is_none(bits: object, hashes: object) -> None:
    assert id_filter.read(bits, hashes) is None


@given(st.text(min_size=1, max_size=50), st.integers(1, 10), st.text(max_size=40))
def test_no_text_breaks_who_asks(bits: str, hashes: int, asked: str) -> None:
    found = id_filter.read(bits, hashes)
    assert found is not None
    assert (asked in found) in {True, False}


def test_what_is_no_id_is_not_there() -> None:
    assert 5 not in IdFilter.of(['5'])
