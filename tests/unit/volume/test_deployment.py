"""Which pools there are comes from the scheduler, at most once a minute."""

import logging
from typing import Any

import pytest

from eic_plugins.model import KnownPool
from eic_plugins.scheduler import reported_images
from eic_plugins.volume.pools import deployment
from eic_plugins.volume.pools.deployment import Deployment
from tests.unit.fake_clock import FakeClock

OWN = KnownPool('host@own#gold', 'cluster-a', 'svm_gold', 'uuid-gold')
FACTS = {
    'cluster': 'cluster-a',
    'svm': 'svm_silver',
    'flexvol': 'uuid-silver',
    'junction_path': '/silver',
    'servers': ['127.0.82.1'],
    'cached': ['an-image'],
}
OTHER = KnownPool(
    'host@other#silver',
    'cluster-a',
    'svm_silver',
    'uuid-silver',
    frozenset({'an-image'}),
)


def reported(name: Any = 'host@other#silver', eic: Any = FACTS) -> Any:
    return {'name': name, 'capabilities': {'free_capacity_gb': 1, 'eic': eic}}


def test_of_a_pool_with_many_images_each_may_be_asked_for() -> None:
    ids = [f'image-{number}' for number in range(500)]
    many = {
        **FACTS,
        **reported_images.ids_field(ids),
        **reported_images.filter_field(ids),
    }
    _own, pool = made(Scheduler(reported(eic=many)), FakeClock()).pools()
    assert len(pool.cached) == 64
    assert all(pool.may_have(each) for each in ids)
    assert not pool.may_have('another')


class Scheduler:
    def __init__(self, *pools: Any) -> None:
        self.pools = list(pools)
        self.asked = 0
        self.silent = False

    def __call__(self) -> Any:
        self.asked += 1
        if self.silent:
            raise TimeoutError('no answer')
        return self.pools


def made(scheduler: Any, clock: Any) -> Any:
    return Deployment(lambda: [OWN], scheduler, clock)


def test_all_backends_pools_are_known_with_their_place() -> None:
    found = made(Scheduler(reported()), FakeClock())
    assert found.pools() == (OWN, OTHER)
    assert found.flexvols() == {'uuid-gold', 'uuid-silver'}


def test_an_own_pool_is_as_the_backend_knows_it() -> None:
    stale = reported('host@own#gold', {**FACTS, 'flexvol': 'before'})
    assert made(Scheduler(stale), FakeClock(0.0)).pools() == (OWN,)


@pytest.mark.parametrize(
    'eic',
    [
        None,
        {},
        [],
        'text',
        {**FACTS, 'flexvol': ''},
        {**FACTS, 'svm': None},
        {key: FACTS[key] for key in ('cluster', 'flexvol')},
    ],
)
def test_a_pool_without_its_place_is_none_of_ours(eic: Any) -> None:
    assert made(Scheduler(reported(eic=eic)), FakeClock()).flexvols() == {'uuid-gold'}


def test_the_scheduler_is_asked_once_a_minute() -> None:
    clock, scheduler = FakeClock(), Scheduler(reported())
    found = made(scheduler, clock)
    for clock.now in (0.0, 30.0, 60.0, 61.0, 100.0):
        found.pools()
    assert scheduler.asked == 2


def test_of_a_thousand_pools_it_is_asked_once_in_ten_minutes() -> None:
    clock = FakeClock()
    scheduler = Scheduler(*(reported(f'host@other#{n}') for n in range(1000)))
    found = made(scheduler, clock)
    for clock.now in (0.0, 61.0, 600.0, 601.0, 1200.0):
        assert len(found.pools()) == 1001
    assert scheduler.asked == 2


def test_a_silent_scheduler_leaves_what_was_known_and_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, scheduler = FakeClock(), Scheduler(reported())
    found = made(scheduler, clock)
    found.pools()
    scheduler.silent = True
    with caplog.at_level(logging.WARNING):
        for clock.now in (61.0, 62.0, 122.0, 183.0):
            assert found.pools() == (OWN, OTHER)
    assert scheduler.asked == 4
    assert len(caplog.records) == 1


def test_without_any_answer_the_own_pools_are_known() -> None:
    scheduler = Scheduler()
    scheduler.silent = True
    assert made(scheduler, FakeClock(0.0)).pools() == (OWN,)


def test_neither_a_deaf_scheduler_nor_a_dead_message_bus_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By default oslo.messaging tries for ever to send a call."""
    prepared, called = [], []

    class Client:
        def prepare(self, **how: Any) -> Any:
            prepared.append(how)
            return self

        def call(self, _context: Any, method: Any, **arguments: Any) -> Any:
            called.append((method, arguments))
            return [reported()]

    class Api:
        client = Client()

    monkeypatch.setattr(deployment.rpcapi, 'SchedulerAPI', Api)
    assert Deployment(lambda: [OWN]).pools() == (OWN, OTHER)
    assert called == [('get_pools', {'filters': None})]
    (how,) = prepared
    assert 0 <= how['retry'] <= 1
    assert 0 < how['timeout'] <= 5
