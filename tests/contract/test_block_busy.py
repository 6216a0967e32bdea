"""ONTAP says "Device busy" to clones in a burst: stock asks again, so does EIC."""

import pytest

from eic_plugins.support.clock import SYSTEM
from tests.contract.block import NEEDS_ROOT, ONE, RESOURCES, BlockWorld
from tests.contract.images import Image
from tests.contract.release import since
from tests.contract.stock import BACKEND

pytestmark = [NEEDS_ROOT, since(27, 'the stock driver does not ask again')]
PROTOCOLS = sorted(RESOURCES)


@pytest.fixture
def waits(world: BlockWorld, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """With the backend's options, the seconds between clones, not slept."""
    from oslo_config import cfg  # noqa: PLC0415

    for name, value in (('timeout', 6), ('interval', 2)):
        cfg.CONF.set_override(f'netapp_lun_clone_busy_{name}', value, BACKEND)
    world.start_anew()
    found: list[float] = []
    monkeypatch.setattr(SYSTEM, 'sleep', found.append)
    return found


def test_a_clone_that_is_busy_is_asked_for_again_as_stock_does(
    world: BlockWorld, image: Image, waits: list[float]
) -> None:
    world.make(image)
    world.simulator.fault('device_busy', count=3)
    volume, route = world.make(image)
    assert (route, waits) == ('cached', [2, 2, 2])
    assert world.glance.downloads == [image.id]
    assert world.is_right(volume, image)


def test_what_is_busy_for_longer_is_cinders_and_leaves_nothing(
    world: BlockWorld, image: Image, waits: list[float]
) -> None:
    world.make(image)
    world.simulator.fault('device_busy', count=None)
    volume = world.new_volume()
    assert not world.clone(volume, image)
    assert volume.metadata['eic_refused'] == 'cached=clone_failed'
    assert waits == [2, 2, 2]
    assert volume.name not in world.names(ONE)
    assert image.cached in world.names(ONE)
