"""A look-up costs a request no more than its budget, whatever Glance does."""

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from eic_plugins.middleware.copies import CopyLookup
from eic_plugins.middleware.lookup import LookupLimits, NotUnderstoodError
from eic_plugins.middleware.remotes import Remote
from eic_plugins.model import ImageCopy
from tests.unit.fake_clock import FakeClock

COPIES = (ImageCopy('127.0.11.1', '/images/a'),)


class Glance:
    """Answers, fails, or hangs until released."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.release = threading.Event()
        self.release.set()

    def __call__(self, image_id: str) -> Any:
        self.asked.append(image_id)
        assert self.release.wait(20), 'the test did not release Glance'
        if self.error:
            raise self.error
        return COPIES


@pytest.fixture
def glance() -> Iterator[Glance]:
    remote = Glance()
    yield remote
    remote.release.set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(100.0)


def lookup_of(
    glance: Glance, clock: FakeClock, workers: int = 2, failures: int = 2
) -> CopyLookup:
    return CopyLookup(
        glance,
        LookupLimits(workers, ttl=60.0),
        Remote('Glance', 'x', failures, 15.0, clock),
        clock,
    )


def test_an_answer_is_remembered_for_a_while(glance: Glance, clock: FakeClock) -> None:
    lookup = lookup_of(glance, clock)
    assert lookup.copies('a', 5, 'p') == COPIES
    assert lookup.copies('a', 5, 'p') == COPIES
    assert glance.asked == ['a']
    clock.now += 61
    assert lookup.copies('a', 5, 'p') == COPIES
    assert glance.asked == ['a', 'a']


def test_a_slow_answer_is_not_waited_for_but_kept(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock)
    glance.release.clear()
    assert lookup.copies('a', 0.01, 'p') is None
    assert lookup.under_way == {'a'}
    glance.release.set()
    assert lookup.copies('a', 20, 'p') == COPIES
    assert lookup.copies('a', 0.01, 'p') == COPIES
    assert glance.asked == ['a']


def test_requests_for_one_image_share_one_look_up(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock)
    glance.release.clear()
    lookup.copies('a', 0.01, 'p')
    lookup.copies('a', 0.01, 'p')
    assert glance.asked == ['a']


def test_a_full_house_lets_the_request_go_on_at_once(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock, workers=1)
    glance.release.clear()
    lookup.copies('a', 0.01, 'p')
    assert lookup.copies('b', 20, 'p') is None
    assert glance.asked == ['a']


def test_after_failures_in_a_row_glance_is_left_alone_for_a_while(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock, failures=2)
    glance.error = OSError('connection refused')
    for image in 'abc':
        assert lookup.copies(image, 5, 'p') is None
    assert glance.asked == ['a', 'b']
    clock.now += 16
    glance.error = None
    assert lookup.copies('d', 5, 'p') == COPIES


def test_one_success_forgets_the_failures(glance: Glance, clock: FakeClock) -> None:
    lookup = lookup_of(glance, clock, failures=2)
    for image, error in (('a', OSError()), ('b', None), ('c', OSError()), ('d', None)):
        glance.error = error
        lookup.copies(image, 5, 'p')
    assert glance.asked == ['a', 'b', 'c', 'd']


def test_a_failure_is_not_remembered_as_an_answer(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock)
    glance.error = OSError()
    lookup.copies('a', 5, 'p')
    glance.error = None
    assert lookup.copies('a', 5, 'p') == COPIES


def started(lookup: CopyLookup, project: str, images: Iterable[object]) -> int:
    """How many look-ups a project gets under way of those it asks for."""
    for image in images:
        assert lookup.copies(f'{project}-{image}', 0.001, project) is None
    return sum(name.startswith(f'{project}-') for name in lookup.under_way)


@pytest.mark.parametrize(
    ('workers', 'greedy', 'others'),
    [(2, 1, [1]), (3, 1, [1, 1]), (4, 2, [1, 1]), (8, 4, [3, 1])],
)
def test_slow_images_of_one_project_leave_threads_to_others(
    glance: Glance, clock: FakeClock, workers: int, greedy: int, others: list[int]
) -> None:
    lookup = lookup_of(glance, clock, workers=workers)
    glance.release.clear()
    assert started(lookup, 'greedy', range(50)) == greedy
    assert [
        started(lookup, f'other{number}', range(50)) for number in range(len(others))
    ] == others


def test_a_place_is_free_again_for_whoever_had_it(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock, workers=2)
    for number in range(9):
        glance.error = OSError() if number % 3 else None
        glance.asked.clear()
        lookup.copies(str(number), 5, f'p{number}')
        assert glance.asked == [str(number)]


def test_failures_for_one_project_keep_nobody_else_from_asking(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock, failures=2)
    glance.error = OSError('an image of theirs makes Glance fail')
    for image in 'abcdef':
        assert lookup.copies(image, 5, 'theirs') is None
    assert glance.asked == ['a', 'b']
    glance.error = None
    assert lookup.copies('g', 5, 'ours') == COPIES


def test_what_is_not_understood_is_no_failure(glance: Glance, clock: FakeClock) -> None:
    lookup = lookup_of(glance, clock, failures=2)
    glance.error = NotUnderstoodError('a property is odd')
    for image in 'abcdef':
        assert lookup.copies(image, 5, 'p') is None
    assert glance.asked == list('abcdef')


def test_a_thousand_images_of_one_project_make_nobody_elses_be_forgotten(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock)
    for number in range(100):
        lookup.copies(f'ours-{number}', 5, 'ours')
    for number in range(3000):
        lookup.copies(f'theirs-{number}', 5, 'theirs')
    glance.asked.clear()
    for number in range(100):
        lookup.copies(f'ours-{number}', 5, 'ours')
    assert glance.asked == []


def test_what_is_remembered_has_an_end_whoever_asks(
    glance: Glance, clock: FakeClock
) -> None:
    lookup = lookup_of(glance, clock)
    for number in range(3000):
        lookup.copies(str(number), 5, f'project-{number % 50}')
    glance.asked.clear()
    lookup.copies('2999', 5, 'project-49')
    lookup.copies('0', 5, 'project-0')
    assert glance.asked == ['0']
