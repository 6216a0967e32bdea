"""How many calls a volume of a LUN or a namespace costs, by their names.

``make test`` prints the names where a count is another one.
"""

import os
import time
from typing import Any

import pytest

from eic_plugins.support.clock import SYSTEM
from tests.contract.block import NEEDS_ROOT, ONE, RESOURCES, TWO, BlockWorld
from tests.contract.images import Glance, Image
from tests.contract.simulator import WAIT
from tests.contract.stock import GIB, MIB

LONG_AGO = 3600.0

pytestmark = NEEDS_ROOT
PROTOCOLS = sorted(RESOURCES)


@pytest.fixture
def image(glance: Glance) -> Image:
    return glance.add(os.urandom(2 * MIB))


class Counted:
    """The calls of one volume, without the UUIDs in them."""

    def __init__(self, world: BlockWorld) -> None:
        self._world = world

    def of(self, image: Image, pool: str = ONE, size: int = 1) -> list[str]:
        before = self._world.simulator.calls()['last']
        volume = self._world.new_volume(pool, size)
        assert self._world.clone_image(volume, image)
        calls = self._world.simulator.calls(before, 'stock')['calls']
        assert self._world.is_right(volume, image)
        return [self._name(call) for call in calls]

    def _name(self, call: dict[str, Any]) -> str:
        collection = f'/api/{RESOURCES[self._world.protocol]}'
        path = call['path'].replace(collection, 'devices')
        return f'{call["method"]} {path.partition("/")[0]}'


@pytest.fixture
def counted(world: BlockWorld) -> Counted:
    return Counted(world)


def test_a_hit_is_one_call_where_the_volume_has_the_images_size(
    world: BlockWorld, counted: Counted, image: Image
) -> None:
    world.make(image)
    whole = world.devices(ONE)[image.cached]
    world.simulator.session.patch(
        f'{world.simulator.origin}/api/{RESOURCES[world.protocol]}/{whole["uuid"]}',
        params=WAIT,
        json={'space': {'size': GIB}},
        timeout=60,
    ).raise_for_status()
    world.start_anew()
    world.make(image)
    assert counted.of(image) == ['POST devices']


def test_a_hit_is_two_calls_where_the_volume_is_larger(
    world: BlockWorld, counted: Counted, image: Image
) -> None:
    world.make(image)
    assert counted.of(image, size=3) == ['POST devices', 'PATCH devices']


def test_a_hit_long_after_the_last_one_has_no_call_for_its_time(
    world: BlockWorld,
    counted: Counted,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is written in the background."""
    world.make(image)
    monkeypatch.setattr(SYSTEM, 'time', lambda: time.time() + LONG_AGO)
    assert counted.of(image) == ['POST devices', 'PATCH devices']


def test_the_first_hit_of_a_process_is_a_look_more(
    world: BlockWorld, counted: Counted, image: Image
) -> None:
    world.make(image)
    world.start_anew()
    world.cache_of(ONE)
    assert counted.of(image) == ['GET devices', 'POST devices', 'PATCH devices']
    assert counted.of(image) == ['POST devices', 'PATCH devices']


def test_the_first_lun_of_a_further_pool(
    world: BlockWorld,
    counted: Counted,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look at all pools, one more under the lock, the source's use; the
    copy and its end; the name and the record; the volume and its size.
    """
    if world.protocol == 'nvme':
        pytest.skip('ONTAP copies no namespaces')
    world.make(image)
    monkeypatch.setattr(SYSTEM, 'time', lambda: time.time() + LONG_AGO)
    world.cache_of(TWO)
    # As the volume manager does it once a minute: how full the pools are.
    world.driver.get_volume_stats(refresh=True)
    calls = counted.of(image, TWO)
    copied = calls.index('POST devices') + 1
    before, behind = calls[:copied], calls[copied:]
    # A copy is looked at until it has ended, and a busy machine takes its time.
    looks = behind.index('PATCH devices')
    assert before == ['GET devices', 'GET devices', 'PATCH devices', 'POST devices']
    assert behind[:looks] == ['GET devices'] * max(looks, 1)
    assert behind[looks:] == ['PATCH devices', 'POST devices', 'PATCH devices']
