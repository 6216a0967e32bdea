"""What becomes of a volume from an image on NFS: by EIC's driver, as Cinder calls it.

The stock driver does nearly all of it; here it is seen that EIC's overrides are
ones of the release that is installed.
"""

import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from cinder import exception, objects
from oslo_concurrency import processutils

from lab.guest_image import hostile
from tests.contract.images import Image
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import GIB, MIB, head, new_snapshot

PROTOCOL = 'nfs'
CONNECTOR = {'host': 'compute', 'ip': '127.0.0.1', 'initiator': 'iqn.contract:one'}
GLANCE, CINDER = 64062, 64061
"""Debian's numbers of both users."""
QCOW2 = b'QFI\xfb\x00\x00\x00\x03' + b'\x00' * 96

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def image(world: Shares) -> Image:
    return world.glance.add(os.urandom(MIB))


@pytest.fixture
def volume(world: Shares, image: Image) -> Any:
    return world.create(image, GOLD)


def file_of(world: Shares, volume: Any) -> Path:
    return world.root() / volume.name


def a_clone(world: Shares, volume: Any, gib: int = 1) -> Any:
    other = world.new_volume(GOLD, size=gib)
    other.update(world.driver.create_cloned_volume(other, volume) or {})
    return other


def a_snapshot(world: Shares, volume: Any) -> Any:
    snapshot = new_snapshot(world.admin, volume)
    world.driver.create_snapshot(snapshot)
    return snapshot


def of_snapshot(world: Shares, snapshot: Any, gib: int = 1) -> Any:
    other = world.new_volume(GOLD, size=gib)
    other.update(world.driver.create_volume_from_snapshot(other, snapshot) or {})
    return other


def a_volume_of_its_snapshot(world: Shares, volume: Any, gib: int = 1) -> Any:
    return of_snapshot(world, a_snapshot(world, volume), gib)


def test_it_is_connected_as_what_it_is(world: Shares, volume: Any) -> None:
    data = world.driver.initialize_connection(volume, CONNECTOR)['data']
    assert (data['export'], data['name'], data['format']) == (GOLD, volume.name, 'raw')


def test_a_header_that_a_guest_wrote_is_not_believed(
    world: Shares, volume: Any
) -> None:
    with file_of(world, volume).open('r+b') as stream:
        stream.write(QCOW2)
    data = world.driver.initialize_connection(volume, CONNECTOR)['data']
    assert data['format'] == 'raw'


def test_it_grows(world: Shares, volume: Any, image: Image) -> None:
    world.driver.extend_volume(volume, 2)
    volume.size = 2
    assert file_of(world, volume).stat().st_size == 2 * GIB
    assert world.is_right(volume, image)


def test_a_snapshot_of_it_becomes_a_volume(
    world: Shares, volume: Any, image: Image, admin: Any
) -> None:
    snapshot = a_snapshot(world, volume)
    assert world.is_right(of_snapshot(world, snapshot), image)
    world.driver.delete_snapshot(snapshot)
    assert not (world.root() / snapshot.name).exists()


def test_it_goes_back_to_a_snapshot(
    world: Shares, volume: Any, image: Image, admin: Any
) -> None:
    snapshot = a_snapshot(world, volume)
    with file_of(world, volume).open('r+b') as stream:
        stream.write(b'written later')
    world.driver.revert_to_snapshot(admin, volume, snapshot)
    assert world.is_right(volume, image)


def test_a_clone_of_it_is_a_volume_of_its_own(
    world: Shares, volume: Any, image: Image
) -> None:
    other = a_clone(world, volume)
    with file_of(world, volume).open('r+b') as stream:
        stream.write(uuid.uuid4().bytes)
    assert world.is_right(other, image)
    assert head(file_of(world, volume), 16) != head(file_of(world, other), 16)


@pytest.mark.parametrize('gib', [1, 2])
@pytest.mark.parametrize('make', [a_clone, a_volume_of_its_snapshot])
def test_a_header_that_a_guest_wrote_is_not_believed_of_what_is_made_of_its_volume(
    world: Shares, volume: Any, admin: Any, make: Any, gib: int
) -> None:
    with file_of(world, volume).open('r+b') as stream:
        stream.write(hostile.qcow2_header(2, backing=b''))
    other = make(world, volume, gib)
    assert file_of(world, other).stat().st_size == gib * GIB
    other.save()
    found = objects.Volume.get_by_id(admin, other.id)
    data = world.driver.initialize_connection(found, CONNECTOR)['data']
    assert data['format'] == 'raw'


@pytest.fixture
def shared_group(world: Shares, volume: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """cinder-volume is not root, and the volume is a clone of Glance's own file."""
    os.chown(file_of(world, volume), GLANCE, GLANCE)
    execute = world.driver._execute

    def unprivileged(*command: str, **options: Any) -> Any:
        if command[0] == 'chmod' and Path(command[-1]).stat().st_uid != CINDER:
            raise processutils.ProcessExecutionError(
                stderr='chmod: Operation not permitted', exit_code=1
            )
        return execute(*command, **options)

    monkeypatch.setattr(world.driver, '_execute', unprivileged)
    monkeypatch.setattr(os, 'geteuid', lambda: CINDER)


@pytest.mark.usefixtures('shared_group')
def test_a_clone_of_what_is_glances_own_needs_no_chmod(
    world: Shares, volume: Any, image: Image
) -> None:
    other = a_clone(world, volume)
    assert world.is_right(other, image)
    found = file_of(world, other).stat()
    assert (found.st_uid, found.st_mode & 0o777) == (GLANCE, 0o660)


@pytest.mark.usefixtures('shared_group')
def test_neither_does_a_volume_of_a_snapshot_of_it(
    world: Shares, volume: Any, image: Image, admin: Any
) -> None:
    assert world.is_right(a_volume_of_its_snapshot(world, volume), image)


@pytest.mark.usefixtures('shared_group')
def test_where_the_group_may_not_write_the_stock_driver_says_so(
    world: Shares, volume: Any
) -> None:
    file_of(world, volume).chmod(0o640)
    other = world.new_volume(GOLD)
    with pytest.raises(exception.VolumeBackendAPIException):
        world.driver.create_cloned_volume(other, volume)


def test_another_image_takes_its_place(
    world: Shares, volume: Any, image: Image
) -> None:
    other = world.glance.add(os.urandom(len(image.raw)))
    volume.status = 'downloading'
    world.copy_image(volume, other)
    assert world.is_right(volume, other)


def test_its_deletion_leaves_the_cached_image_alone(
    world: Shares, volume: Any, image: Image
) -> None:
    world.driver.delete_volume(volume)
    assert not file_of(world, volume).exists()
    again = world.create(image, GOLD)
    assert again.metadata['eic_route'] == 'cached'
