"""A FlexGroup as a pool is cloned in where the stock driver clones in one.

The simulator has no FlexGroups: what ONTAP would do is not seen here. Seen is
that EIC asks the released driver's own questions, and what it does then.
"""

import os
from typing import Any

import pytest

from tests.contract.images import Image
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def image(world: Shares) -> Image:
    return world.glance.add(os.urandom(2 * MIB))


def flexgroup(
    world: Shares,
    monkeypatch: pytest.MonkeyPatch,
    clones: bool,
) -> None:
    """As the stock driver knows it from its list of volumes and the release."""
    ssc = world.driver.ssc_library
    monkeypatch.setattr(ssc, 'is_flexgroup', lambda _name: True)
    monkeypatch.setattr(
        world.driver.zapi_client.features, 'FLEXGROUP_CLONE_FILE', clones
    )


def test_where_the_stock_driver_clones_in_a_flexgroup_so_does_eic(
    world: Shares,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flexgroup(world, monkeypatch, True)
    assert world.is_right(world.create(image), image)
    assert world.create(image).metadata['eic_route'] == 'cached'


def test_where_it_does_not_the_request_is_left_with_no_call(
    world: Shares,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flexgroup(world, monkeypatch, False)
    world.cache_of(GOLD)
    since = world.last_call()
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    assert volume.metadata['eic_refused'] == 'all=flexgroup'
    changed: list[Any] = [
        call
        for call in world.simulator.calls(since)['calls']
        if call['method'] != 'GET'
    ]
    assert changed == []
