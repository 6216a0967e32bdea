"""A look-up costs a request no more than its budget, whatever Glance does."""

import threading

import pytest

from eic_plugins.breaker import CircuitBreaker
from eic_plugins.middleware.lookup import ImageLookup, LookupLimits
from eic_plugins.model import ImageCopy

COPIES = (ImageCopy('127.0.11.1', '/images/a'),)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Glance:
    """Answers, fails, or hangs until released."""

    def __init__(self):
        self.asked = []
        self.error = None
        self.release = threading.Event()
        self.release.set()

    def __call__(self, image_id):
        self.asked.append(image_id)
        assert self.release.wait(20), 'the test did not release Glance'
        if self.error:
            raise self.error
        return COPIES


@pytest.fixture
def glance():
    remote = Glance()
    yield remote
    remote.release.set()


@pytest.fixture
def clock():
    return Clock()


def lookup_of(glance, clock, workers=2, failures=2):
    return ImageLookup(glance, LookupLimits(workers, ttl=60.0),
                       CircuitBreaker('Glance', 'x', failures, 15.0, clock), clock)


def test_an_answer_is_remembered_for_a_while(glance, clock):
    lookup = lookup_of(glance, clock)
    assert lookup.copies('a', 5) == COPIES
    assert lookup.copies('a', 5) == COPIES
    assert glance.asked == ['a']
    clock.now += 61
    assert lookup.copies('a', 5) == COPIES
    assert glance.asked == ['a', 'a']


def test_a_slow_answer_is_not_waited_for_but_kept(glance, clock):
    lookup = lookup_of(glance, clock)
    glance.release.clear()
    assert lookup.copies('a', 0.01) is None
    future = lookup._under_way['a']
    glance.release.set()
    future.result(20)
    assert lookup.copies('a', 0.01) == COPIES
    assert glance.asked == ['a']


def test_requests_for_one_image_share_one_look_up(glance, clock):
    lookup = lookup_of(glance, clock)
    glance.release.clear()
    lookup.copies('a', 0.01)
    lookup.copies('a', 0.01)
    assert glance.asked == ['a']


def test_a_full_house_lets_the_request_go_on_at_once(glance, clock):
    lookup = lookup_of(glance, clock, workers=1)
    glance.release.clear()
    lookup.copies('a', 0.01)
    assert lookup.copies('b', 20) is None
    assert glance.asked == ['a']


def test_after_failures_in_a_row_glance_is_left_alone_for_a_while(glance, clock):
    lookup = lookup_of(glance, clock, failures=2)
    glance.error = OSError('connection refused')
    for image in 'abc':
        assert lookup.copies(image, 5) is None
    assert glance.asked == ['a', 'b']
    clock.now += 16
    glance.error = None
    assert lookup.copies('d', 5) == COPIES


def test_one_success_forgets_the_failures(glance, clock):
    lookup = lookup_of(glance, clock, failures=2)
    for image, error in (('a', OSError()), ('b', None), ('c', OSError()), ('d', None)):
        glance.error = error
        lookup.copies(image, 5)
    assert glance.asked == ['a', 'b', 'c', 'd']


def test_a_failure_is_not_remembered_as_an_answer(glance, clock):
    lookup = lookup_of(glance, clock)
    glance.error = OSError()
    lookup.copies('a', 5)
    glance.error = None
    assert lookup.copies('a', 5) == COPIES
