"""The weigher on Cinder's own host states."""

import types
from typing import Any

import pytest
from cinder.scheduler.weights import capacity

from eic_plugins.scheduler.weigher import EICImageLocalityWeigher

FACTS = {
    'cluster': 'a',
    'flexvol': 'f',
    'junction_path': '/images',
    'servers': ['10.0.0.1'],
    'cached': [],
}
HINT = {'eic': {'copies': [{'server': '10.0.0.1', 'path': '/images/i'}]}}


def state(total: Any = 100, free: Any = 50, **facts: Any) -> Any:
    return types.SimpleNamespace(
        capabilities={'eic': {**FACTS, **facts}} if facts is not None else {},
        total_capacity_gb=total,
        free_capacity_gb=free,
    )


def weigh(states: Any, hints: Any = HINT, image_id: Any = 'i') -> Any:
    weigher = EICImageLocalityWeigher()
    objects = [types.SimpleNamespace(obj=each) for each in states]
    return weigher.weigh_objects(
        objects, {'request_spec': {'image_id': image_id}, 'scheduler_hints': hints}
    )


def test_the_pool_next_to_the_image_is_preferred() -> None:
    near, far = state(), state(junction_path='/gold')
    assert weigh([near, far]) == [0.75, 0.5]


def test_a_pool_that_is_nearly_full_is_not_preferred() -> None:
    assert weigh([state(free=14), state(free=15)]) == [0.0, 0.75]


@pytest.mark.parametrize('free', ['infinite', 'unknown', None])
def test_a_capacity_that_is_no_number_is_no_obstacle(free: str | None) -> None:
    assert weigh([state(free=free)]) == [0.75]


@pytest.mark.parametrize(
    'hints',
    [None, {}, {'eic': None}, {'eic': 'forged'}, ['eic'], 'eic', 5, [{'eic': {}}]],
)
def test_without_a_hint_no_pool_is_preferred(hints: Any) -> None:
    assert weigh([state(), state()], hints=hints) == [0.0, 0.0]


def test_a_backend_that_is_not_ours_weighs_nothing() -> None:
    other = types.SimpleNamespace(
        capabilities={}, total_capacity_gb=1, free_capacity_gb=1
    )
    assert weigh([other], image_id=None) == [0.0]


def test_one_step_nearer_outweighs_any_difference_in_capacity() -> None:
    weigher = EICImageLocalityWeigher()
    step = 0.25
    assert (weigher.minval, weigher.maxval) == (0.0, 1.0)
    assert weigher.weight_multiplier() * step > capacity.CONF.capacity_weight_multiplier
