"""A trace of osprofiler, with Cinder's own way of wrapping a driver."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from osprofiler import profiler

from tests.contract.shares import GOLD, Shares
from tests.contract.stock import MIB
from tests.traces import Told, collected

PROTOCOL = 'nfs'
pytestmark = pytest.mark.usefixtures('nfs')
CALL = ('method', 'path', 'host')


@pytest.fixture
def told(world: Shares, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What a trace is told, with the driver as ``[profiler] enabled`` has it."""
    # The volume manager does so with the instance.
    monkeypatch.setattr(world, 'driver', profiler.trace_cls('driver')(world.driver))
    with collected() as sent:
        profiler.init('key')
        yield sent


def spans(told: Told, name: str) -> list[dict[str, Any]]:
    """What is told at both ends of each, in the order of their beginnings."""
    ends = {each['trace_id']: each for each in told if each['name'] == f'{name}-stop'}
    return [
        {**each['info']['eic'], **ends[each['trace_id']]['info']['eic']}
        for each in told
        if each['name'] == f'{name}-start'
    ]


def requests(calls: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    return [(call['method'], call['path'], call['status']) for call in calls]


def test_a_trace_shows_the_route_and_each_call_of_ontap(
    world: Shares, told: Told
) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.create(image, GOLD)
    told.clear()
    before = world.last_call()
    world.create(image, GOLD)
    (of_image,) = spans(told, 'eic-image')
    assert of_image == {'image': image.id, 'pool': GOLD, 'route': 'cached'}
    called = requests(world.simulator.calls(before)['calls'])
    assert called
    assert requests(spans(told, 'eic-ontap')) == called


def test_what_fails_is_told_by_its_kind_alone(world: Shares, told: Told) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.create(image, GOLD)
    told.clear()
    world.simulator.control(
        'POST', '/faults', json={'kind': 'drop_connection', 'when': 'before'}
    )
    # It is looked for then, and is there.
    assert world.clone_image(world.new_volume(GOLD), image)
    world.simulator.control('DELETE', '/faults')
    calls = spans(told, 'eic-ontap')
    assert {call['error'] for call in calls if 'error' in call} == {
        'OntapUnreachableError'
    }
    assert all(call.keys() <= {*CALL, 'status', 'error'} for call in calls)
