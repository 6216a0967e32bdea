"""A held answer occupies a worker no longer, and no more, than allowed."""

import json
import types

import pytest

from eic_plugins.middleware import hold
from eic_plugins.middleware.hold import Hold
from eic_plugins.middleware.subrequest import Answer


class Clock:
    """Time passes when somebody sleeps."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


class Cinder:
    """Shows a volume in one status after the other, the last one for ever."""

    def __init__(self, *statuses):
        self.statuses, self.asked = list(statuses), []

    def get(self, path, _version):
        self.asked.append(path)
        status = (self.statuses.pop(0) if len(self.statuses) > 1
                  else self.statuses[0])
        if isinstance(status, int):
            return Answer(f'{status} x', [], b'{}')
        status, _, unfinished = (status or '').partition(' ')
        volume = {'status': status, 'service_uuid': None if unfinished else 's'}
        return Answer('200 OK', [], json.dumps({'volume': volume}).encode())


@pytest.fixture
def clock(monkeypatch):
    passing = Clock()
    monkeypatch.setattr(hold.time, 'sleep', passing.sleep)
    return passing


def holding(clock, whose='service', budget=2.0, limit=1):
    return Hold(whose, budget, limit, lambda: ['service'], clock)


@pytest.mark.parametrize(('statuses', 'outcome'), [
    (['creating', 'downloading', 'available'], 'available'),
    (['creating', 'error'], 'error'),
    (['creating', 'error_deleting'], 'unknown'),
    (['creating', 404], 'unknown'), ([500], 'unknown'), ([None], 'unknown'),
    (['creating'], 'budget'),
    (['available without service'], 'budget'),
    (['creating', 'available without service', 'available'], 'available'),
])
def test_how_a_hold_ends(statuses, outcome, clock):
    cinder = Cinder(*statuses)
    assert holding(clock).until_usable(cinder, '/v3/volumes/x', True) == outcome
    assert set(cinder.asked) == {'/v3/volumes/x'}


def test_looks_grow_further_apart_and_end_with_the_budget(clock):
    cinder = Cinder('creating')
    holding(clock).until_usable(cinder, 'x', True)
    assert clock.now == pytest.approx(2.0)
    assert clock.pauses[:-1] == sorted(clock.pauses[:-1])
    assert 8 < len(cinder.asked) < 16


@pytest.mark.parametrize('took', [0.01, 0.1, 0.3])
def test_looks_take_a_fifth_of_the_time_at_most(took, clock):
    class Slow(Cinder):
        def get(self, path, version):
            clock.now += took
            return super().get(path, version)
    cinder = Slow('creating')
    holding(clock, budget=20.0).until_usable(cinder, 'x', True)
    assert len(cinder.asked) * took <= clock.now / 5 + 2 * took  # the first, the last


def test_beyond_the_limit_nothing_is_held(clock):
    full = holding(clock)

    class Second(Cinder):
        def get(self, path, version):
            self.outcome = full.until_usable(Cinder('available'), path, True)
            return super().get(path, version)
    first = Second('available')
    assert full.until_usable(first, 'x', True) == 'available'
    assert first.outcome == 'limit'
    assert full.until_usable(Cinder('available'), 'x', True) == 'available'


@pytest.mark.parametrize('error', [OSError, GeneratorExit, SystemExit])
def test_a_place_is_free_again_however_a_hold_ends(error, clock):
    class Broken(Cinder):
        def get(self, path, version):
            raise error
    held = holding(clock)
    try:
        assert held.until_usable(Broken('x'), 'x', True) == 'unknown'
    except BaseException as err:
        assert type(err) is error
    assert held.until_usable(Cinder('available'), 'x', True) == 'available'


def test_a_limit_of_nothing_holds_nothing(clock):
    cinder = Cinder('available')
    assert holding(clock, limit=0).until_usable(cinder, 'x', True) == 'limit'
    assert cinder.asked == []


@pytest.mark.parametrize(('whose', 'budget', 'roles', 'wanted'), [
    ('service', 2.0, ['service'], True), ('service', 2.0, ['member'], False),
    ('service', 2.0, None, False), ('all', 2.0, None, True),
    ('none', 2.0, ['service'], False), ('all', 0, ['service'], False),
])
def test_whose_answers_are_held(whose, budget, roles, wanted, clock):
    context = types.SimpleNamespace(service_roles=roles)
    held = holding(clock, whose, budget)
    assert held.wanted({'cinder.context': context}) is wanted
    assert held.wanted({}) is (whose == 'all' and budget > 0)
