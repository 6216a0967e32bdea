"""A held answer occupies a worker no longer, and no more, than allowed."""

import threading
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from eic_plugins.middleware.hold import Hold
from eic_plugins.middleware.status_watch import Statuses
from tests.unit.fake_clock import FakeClock

SECONDS = 20


class Database:
    """Shows all volumes in one status after the other, the last one for ever."""

    def __init__(self, *statuses: str | None) -> None:
        self.statuses = list(statuses)
        self.asked: list[list[str]] = []

    def __call__(self, volume_ids: Collection[str]) -> Mapping[str, str]:
        self.asked.append(sorted(volume_ids))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return dict.fromkeys(volume_ids, status) if status else {}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def holding(
    clock: FakeClock,
    statuses: Statuses,
    whose: str = 'service',
    budget: float = 2.0,
    limit: int = 1,
) -> Hold:
    return Hold(whose, budget, limit, lambda: ['service'], statuses, clock)


@pytest.mark.parametrize(
    ('statuses', 'outcome'),
    [
        (['creating', 'downloading', 'available'], 'available'),
        (['creating', 'error'], 'error'),
        (['creating', 'error_deleting'], 'unknown'),
        (['creating', None], 'unknown'),
        (['creating'], 'budget'),
    ],
)
def test_how_a_hold_ends(
    statuses: list[str | None], outcome: str, clock: FakeClock
) -> None:
    database = Database(*statuses)
    assert holding(clock, database).until_usable('x', True) == outcome
    assert database.asked == [['x']] * len(database.asked)


def test_looks_end_with_the_budget(clock: FakeClock) -> None:
    database = Database('creating')
    holding(clock, database).until_usable('x', True)
    assert clock.now == pytest.approx(2.0)
    assert 30 < len(database.asked) < 45


@pytest.mark.parametrize('took', [0.01, 0.05])
def test_looks_take_a_tenth_of_the_time_at_most(took: float, clock: FakeClock) -> None:
    class Slow(Database):
        def __call__(self, volume_ids: Collection[str]) -> Any:
            clock.now += took
            return super().__call__(volume_ids)

    database = Slow('creating')
    holding(clock, database, budget=20.0).until_usable('x', True)
    assert len(database.asked) * took <= clock.now / 10 + 2 * took  # first, last


def test_a_slow_database_does_not_make_the_next_hold_late(clock: FakeClock) -> None:
    class Slow(Database):
        def __call__(self, volume_ids: Collection[str]) -> Any:
            clock.now += 1.0
            return super().__call__(volume_ids)

    held = holding(clock, Slow('creating', 'available'), budget=20.0)
    for _ in range(2):
        held.until_usable('x', True)
    assert max(clock.pauses) == 0.5
    assert clock.pauses[0] == clock.pauses[-1] == 0.05


class Burst:
    """Volumes whose answers are held by a thread each."""

    def __init__(
        self, statuses: Statuses, names: Sequence[str], budget: float = SECONDS
    ) -> None:
        self.held = Hold('all', budget, len(names), list, statuses)
        self.outcomes: dict[str, str] = {}
        self.threads = {
            name: threading.Thread(target=self._hold, args=[name]) for name in names
        }

    def _hold(self, name: str) -> None:
        self.outcomes[name] = str(self.held.until_usable(name, True))

    def start(self) -> Any:
        for thread in self.threads.values():
            thread.start()
        return self

    def end(self) -> Any:
        for thread in self.threads.values():
            thread.join(SECONDS)
        return self.outcomes


def test_one_look_serves_all_held_answers() -> None:
    names = [f'volume-{number}' for number in range(8)]
    asked = []

    def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
        asked.append(set(volume_ids))
        whole = asked[-1] == set(names)
        return dict.fromkeys(volume_ids, 'available' if whole else 'creating')

    assert Burst(statuses, names).start().end() == dict.fromkeys(names, 'available')
    assert sum(look == set(names) for look in asked) == 1


def test_an_answer_is_sent_when_its_own_volume_is_there() -> None:
    first_sent = threading.Event()

    def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
        rest = 'available' if first_sent.is_set() else 'creating'
        return {name: 'available' if name == 'first' else rest for name in volume_ids}

    burst = Burst(statuses, ['second', 'first', 'third']).start()
    burst.threads['first'].join(SECONDS)
    assert burst.outcomes == {'first': 'available'}
    first_sent.set()
    assert burst.end() == dict.fromkeys(['first', 'second', 'third'], 'available')


def test_who_looked_for_all_and_failed_leaves_it_to_the_next() -> None:
    failures = [OSError('the database went away')]

    def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
        if failures:
            raise failures.pop()
        return dict.fromkeys(volume_ids, 'available')

    outcomes = Burst(statuses, ['a', 'b', 'c']).start().end()
    assert sorted(outcomes.values()) == ['available', 'available', 'unknown']


def test_beyond_the_limit_nothing_is_held(clock: FakeClock) -> None:
    second = []

    def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
        second.append(full.until_usable('y', True))
        return dict.fromkeys(volume_ids, 'available')

    full = holding(clock, statuses)
    assert full.until_usable('x', True) == 'available'
    assert full.until_usable('x', True) == 'available'
    assert second == ['limit', 'limit']


@pytest.mark.parametrize('error', [OSError, GeneratorExit, SystemExit])
def test_a_place_is_free_again_however_a_hold_ends(
    error: type[BaseException], clock: FakeClock
) -> None:
    failures = [error]

    def statuses(volume_ids: Collection[str]) -> Mapping[str, str]:
        if failures:
            raise failures.pop()
        return dict.fromkeys(volume_ids, 'available')

    held = holding(clock, statuses)
    try:
        assert held.until_usable('x', True) == 'unknown'
    except BaseException as err:
        assert type(err) is error
    assert held.until_usable('x', True) == 'available'


def test_a_limit_of_nothing_holds_nothing(clock: FakeClock) -> None:
    database = Database('available')
    assert holding(clock, database, limit=0).until_usable('x', True) == 'limit'
    assert database.asked == []


@pytest.mark.parametrize(
    ('whose', 'budget', 'roles', 'wanted'),
    [
        ('service', 2.0, ['service'], True),
        ('service', 2.0, ['member'], False),
        ('service', 2.0, None, False),
        ('all', 2.0, None, True),
        ('none', 2.0, ['service'], False),
        ('all', 0, ['service'], False),
    ],
)
def test_whose_answers_are_held(
    whose: str, budget: float, roles: list[str] | None, wanted: bool, clock: FakeClock
) -> None:
    context = types.SimpleNamespace(service_roles=roles)
    held = holding(clock, Database('creating'), whose, budget)
    assert held.wanted({'cinder.context': context}) is wanted
    assert held.wanted({}) is (whose == 'all' and budget > 0)
