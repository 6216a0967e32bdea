"""A host that has lost the mount of a share: a cached image is made and found on the
share, never in the directory that the mount has hidden.

Nobody asks ONTAP there whether what the host wrote is on the FlexVol.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eic_plugins.model import Reason
from tests.contract.images import Image, qcow2_of
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def point(world: Shares) -> Iterator[Path]:
    """Where the share is mounted."""
    found = Path(world.driver._get_mount_point_for_share(GOLD))
    yield found
    world.driver._ensure_share_mounted(GOLD)


def lose(point: Path) -> None:
    """As a restart of the NFS client, or an operator's umount, leaves it."""
    subprocess.run(['umount', '--lazy', str(point)], check=True, timeout=60)


def hidden(point: Path) -> list[Path]:
    """What is in the directory below the mount."""
    lose(point)
    return list(point.iterdir())


@pytest.fixture
def image(world: Shares) -> Image:
    return world.glance.add(os.urandom(MIB))


@pytest.fixture
def qcow2(world: Shares, tmp_path: Path) -> Image:
    content = os.urandom(MIB)
    sent = qcow2_of(content, tmp_path)
    return world.glance.add(content, sent, 'qcow2')


@pytest.mark.parametrize('name', ['image', 'qcow2'])
def test_a_first_volume_is_made_on_the_share(
    world: Shares, point: Path, name: str, request: pytest.FixtureRequest
) -> None:
    image: Image = request.getfixturevalue(name)
    lose(point)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert image.cached in world.files(GOLD)
    assert hidden(point) == []


def test_a_hit_stays_one(world: Shares, point: Path, image: Image) -> None:
    world.cache(image, GOLD)
    lose(point)
    volume = world.create(image)
    assert volume.metadata['eic_route'] == 'cached'
    assert world.is_right(volume, image)
    assert hidden(point) == []


def test_a_share_that_cannot_be_mounted_is_left_to_cinder_with_a_reason(
    world: Shares, point: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cinder's own error then says the same."""
    lose(point)
    monkeypatch.setenv('PATH', '/nonexistent')
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    assert Reason.NOT_MOUNTED in volume.metadata['eic_refused']
    monkeypatch.undo()
    assert list(point.iterdir()) == []


def test_a_mount_that_is_lost_behind_the_clone_is_the_reason(
    world: Shares, point: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clone is on the FlexVol, and this host cannot look at it."""
    world.cache(image, GOLD)
    files = world.cache_of(GOLD).storage._files
    clone = files.clone

    def clone_and_lose(*arguments: object) -> None:
        clone(*arguments)
        lose(point)
        monkeypatch.setenv('PATH', '/nonexistent')

    monkeypatch.setattr(files, 'clone', clone_and_lose)
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    assert f'cached={Reason.NOT_MOUNTED}' in volume.metadata['eic_refused']
    monkeypatch.undo()
    assert volume.name not in world.files(GOLD)
    assert list(point.iterdir()) == []
