"""The drawing of the first volume on iSCSI shows what ONTAP is asked."""

import os
import re
from pathlib import Path

import pytest

from tests.contract.block import NEEDS_ROOT, ONE, BlockWorld
from tests.contract.images import Glance
from tests.contract.stock import MIB

MANUAL = Path(__file__).parents[2] / 'docs/architecture.md'
DRAWING = re.compile(r'^```mermaid\n(.*?)^```$', re.DOTALL | re.MULTILINE)
CALL = re.compile(r'D->>O: ([A-Z]+) (/storage/luns(?:/UUID)?)')
UUID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')

pytestmark = NEEDS_ROOT


@pytest.fixture(scope='module')
def protocol() -> str:
    return 'iscsi'


def _drawn() -> list[tuple[str, str]]:
    (drawing,) = DRAWING.findall(MANUAL.read_text())
    return CALL.findall(drawing)


def _ready(world: BlockWorld) -> None:
    """As it is a minute after the start: the pools are known, and how full."""
    world.driver.get_volume_stats(refresh=True)


def test_the_first_volume_makes_the_calls_of_the_drawing(
    world: BlockWorld, glance: Glance
) -> None:
    image = glance.add(os.urandom(2 * MIB))
    _ready(world)
    before = world.simulator.calls()['last']
    volume = world.new_volume(ONE, 1)
    assert world.clone_image(volume, image)
    assert world.is_right(volume, image)
    calls = world.simulator.calls(before)['calls']
    ours = [call for call in calls if call['client'].startswith('netapp-ontap')]
    assert [
        (call['method'], UUID.sub('UUID', call['path'].removeprefix('/api')))
        for call in ours
    ] == _drawn()
