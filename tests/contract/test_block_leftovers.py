"""A LUN that a killed fill left mapped is not deleted under a host's device.

ONTAP gives its number to the next LUN, and a device that the host has still
would then be that one's: another tenant's volume.
"""

from typing import Any

import pytest

from eic_plugins.storage.block import BlockStorage
from tests.contract.block import NEEDS_ROOT, ONE, BlockWorld
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
PROTOCOLS = ['fc', 'iscsi']
NAME = 'eic-fill-7b8c5a52-9e0f-4b44-8a63-0d5f5f7f2c11-0badcafe'
OTHER = {
    'initiator': 'iqn.1994-05.com.example:other',
    'host': 'other',
    'wwpns': ['21000024ff40aaaa'],
}


class Killed:
    """A fill that was killed when its LUN was attached to a host."""

    def __init__(self, world: BlockWorld) -> None:
        self.world = world
        self.storage: BlockStorage = world.cache_of(ONE).storage
        self.file = self.storage.pool.stored(NAME)
        self.device = world.eic.cluster.backing.copier.create(self.file, MIB)

    def mapped_to(self, host: dict[str, Any]) -> None:
        driver = self.world.driver
        super(type(driver).__mro__[1], driver).initialize_connection(
            driver.eic.cluster.backing.attachment.volume_of(self.file, self.device),
            {'host': 'h', **host},
        )
        driver.eic.stock.forget_device(NAME)

    def maps(self) -> int:
        answer = self.world.simulator.session.get(
            f'{self.world.simulator.origin}/api/protocols/san/lun-maps', timeout=30
        )
        return int(answer.json()['num_records'])


@pytest.fixture
def killed(world: BlockWorld) -> Killed:
    return Killed(world)


def test_the_sweep_of_the_host_that_has_it_disconnects_it_first(
    world: BlockWorld,
    killed: Killed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.contract.fabric import HOST  # noqa: PLC0415 - imports Cinder

    killed.mapped_to(HOST)
    steps = record_steps(world, killed, monkeypatch)
    world.sweep()
    assert steps == ['disconnect, 1 mapped']
    assert (killed.maps(), world.names(ONE)) == (0, [])


def test_the_sweep_of_another_host_leaves_it(
    world: BlockWorld,
    killed: Killed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed.mapped_to(OTHER)
    steps = record_steps(world, killed, monkeypatch)
    world.sweep()
    assert steps == []
    assert (killed.maps(), world.names(ONE)) == (1, [NAME])


def test_what_nobody_has_is_deleted_at_once(
    world: BlockWorld,
    killed: Killed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = record_steps(world, killed, monkeypatch)
    world.sweep()
    assert steps == []
    assert world.names(ONE) == []


def record_steps(
    world: BlockWorld, killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What os-brick is asked, and what is mapped at that moment."""
    from os_brick.initiator.connectors import local  # noqa: PLC0415

    steps: list[str] = []
    monkeypatch.setattr(
        local.LocalConnector,
        'disconnect_volume',
        lambda *_args, **_kwargs: steps.append(f'disconnect, {killed.maps()} mapped'),
    )
    return steps
