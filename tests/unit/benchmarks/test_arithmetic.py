"""What is computed from what was measured."""

import pytest

from benchmarks import arithmetic, fills, image_size
from benchmarks.model import Answer, Table, Target, missed_counts, shown


@pytest.mark.parametrize(
    ('counts', 'share'),
    [([5, 5, 5], 1.0), ([30, 0, 0], 3.0), ([30, 20, 10], 1.5), ([0, 0], 0.0)],
)
def test_the_share_of_the_fullest_is_against_an_even_one(
    counts: list[int], share: float
) -> None:
    assert arithmetic.fullest(counts) == share


def test_the_median_is_not_the_mean() -> None:
    assert arithmetic.median([1, 2, 90]) == 2
    assert arithmetic.median([1, 2]) == 1.5


def test_nothing_measured_has_no_median() -> None:
    with pytest.raises(ValueError, match='nothing'):
        arithmetic.median([])


def test_a_ratio_is_to_the_base() -> None:
    assert arithmetic.ratio(3, 2) == 1.5


@pytest.mark.parametrize('base', [0, -1])
def test_there_is_no_ratio_to_nothing(base: float) -> None:
    with pytest.raises(ValueError, match='no ratio'):
        arithmetic.ratio(1, base)


def test_cpu_per_volume_is_without_what_an_idle_process_uses() -> None:
    assert arithmetic.per_volume(used=5.0, idle_rate=0.1, seconds=10, volumes=4) == 1.0


def test_cpu_per_volume_is_never_negative() -> None:
    assert arithmetic.per_volume(0.5, 0.1, 10, 1) == 0


def test_cpu_of_no_volumes_is_an_error() -> None:
    with pytest.raises(ValueError, match='volume'):
        arithmetic.per_volume(1, 0, 1, 0)


def test_twenty_over_three_places_are_seven_seven_and_six() -> None:
    found = arithmetic.spread(20, ['a', 'b', 'c'])
    assert [found.count(place) for place in 'abc'] == [7, 7, 6]


@pytest.mark.parametrize(('measured', 'met'), [(1, True), (2, True), (2.1, False)])
def test_a_target_is_a_limit_that_may_be_reached(measured: float, met: bool) -> None:
    assert Target('x', measured, 2, is_count=True).met is met


def test_only_missed_counts_are_an_error() -> None:
    answers = {
        'a': Answer(
            '?',
            (
                Target('kept', 1, 1, is_count=True),
                Target('missed', 3, 1, is_count=True),
                Target('slow', 9, 1, is_count=False),
            ),
            (),
            None,
        ).to_json()
    }
    assert missed_counts(answers) == ['a: missed is 3 instead of at most 1']


def test_numbers_are_shown_without_needless_digits() -> None:
    assert [shown(value) for value in (2, 2.0, 1.154)] == ['2', '2', '1.15']


@pytest.mark.parametrize(
    ('places', 'begun', 'by_pool', 'in_all'),
    [
        # clones of Glance's own file here, one copy of it there
        ({'a': set(), 'b': set()}, {'b': 1}, {'a': 0, 'b': 1}, 1),
        # the same image copied twice into a pool: blocks are shared, counts are not
        ({'a': set(), 'b': set()}, {'b': 2}, {'a': 0, 'b': 2}, 2),
        # downloaded in one pool, copied to the other
        ({'a': {7}, 'b': {7}}, {'b': 1}, {'a': 1, 'b': 1}, 2),
        # downloaded in each
        ({'a': {7}, 'b': {8}}, {}, {'a': 1, 'b': 1}, 2),
        # downloaded for each volume
        ({'a': {1, 2, 3}, 'b': {4}}, {}, {'a': 3, 'b': 1}, 4),
        # downloaded here although it was copied here, too
        ({'a': {7}, 'b': {7, 8}}, {'b': 1}, {'a': 1, 'b': 2}, 3),
    ],
)
def test_copies_are_what_hosts_wrote_and_what_ontap_copied(
    places: dict[str, set[int]],
    begun: dict[str, int],
    by_pool: dict[str, int],
    in_all: int,
) -> None:
    assert arithmetic.copies_by_pool(places, begun) == by_pool
    assert arithmetic.copies_in_all(places, begun) == in_all


def times(driver: str, gib: int, *hits: float) -> image_size.Times:
    return image_size.Times(driver, gib, 1.0, None, hits, hits)


def test_growth_is_of_the_largest_image_to_the_smallest_of_one_driver() -> None:
    measured = [
        times('eic', 1, 1, 2, 3),
        times('eic', 8, 9, 9, 9),
        times('eic', 64, 3, 3, 9),
        times('stock', 1, 1),
        times('stock', 64, 60),
    ]
    assert image_size.growth(measured, 'eic', 'hits') == 1.5
    assert image_size.growth(measured, 'stock', 'hits') == 60


def row(
    driver: str, copies: dict[str, int], downloads: int, different: int = 0
) -> fills.Row:
    return {
        'driver': driver,
        'image': 'there',
        'copies': copies,
        'copies_in_all': sum(copies.values()),
        'downloads': downloads,
        'different': different,
    }


def test_the_pool_with_most_copies_counts_and_stock_is_asked_nothing() -> None:
    found = fills.targets(
        [row('eic', {'a': 0, 'b': 2}, 1, 3), row('stock', {'a': 7, 'b': 7}, 20)]
    )
    assert [(target.measured, target.met) for target in found] == [
        (2, False),
        (2, True),
        (1, True),
        (3, False),
    ]


def test_an_answer_is_json_all_through() -> None:
    answer = Answer(
        '?',
        (Target('x', 1, 2, is_count=True),),
        (Table('t', ('a',), (('1',),)),),
        [1],
        ('note',),
    ).to_json()
    assert answer['targets'][0]['met'] is True
    assert answer['tables'][0]['rows'] == (('1',),)
    assert answer['notes'] == ['note']
