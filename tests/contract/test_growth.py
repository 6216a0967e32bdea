"""A file of a volume grows while QEMU has it open and locked: by EIC's driver.

QEMU is the real one, as its storage daemon: it locks a file and resizes a disk as
for a guest. Of its exports one lets a disk be resized, and the other one keeps others
from it; tests/e2e has a guest that does both.
"""

import contextlib
import json
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cinder import context, exception, objects
from oslo_concurrency import processutils

from lab.guest_image import hostile
from lab.waiting import wait_until
from tests.contract.images import Image
from tests.contract.shares import GOLD, Shares
from tests.contract.stock import GIB, MIB

PROTOCOL = 'nfs'
SECONDS = 30
LUKS = b'LUKS\xba\xbe\x00\x01'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def image(world: Shares) -> Image:
    return world.glance.add(os.urandom(MIB))


def as_a_user_sends_it(volume: Any) -> Any:
    """As cinder-volume gets it from a user's request: without admin metadata."""
    user = context.RequestContext('u', 'p', roles=['member'])
    return objects.Volume.get_by_id(user, volume.id)


@pytest.fixture
def volume(world: Shares, image: Image, admin: Any) -> Any:
    """One that a server has."""
    made = world.create(image, GOLD)
    objects.VolumeAttachment(
        admin,
        volume_id=made.id,
        instance_uuid=str(uuid.uuid4()),
        attach_status='attached',
    ).create()
    return as_a_user_sends_it(made)


class Qemu:
    """A QEMU that has a raw disk."""

    def __init__(self, monitor: socket.socket) -> None:
        self._stream = monitor.makefile('rw')
        self._stream.readline()
        self.ask('qmp_capabilities')

    def ask(self, command: str, **arguments: Any) -> Any:
        self._stream.write(json.dumps({'execute': command, 'arguments': arguments}))
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        assert 'error' not in answer, answer
        return answer['return']

    def size(self) -> int:
        (node,) = (
            each
            for each in self.ask('query-named-block-nodes')
            if each['node-name'] == 'disk'
        )
        return int(node['image']['virtual-size'])


RESIZABLE = ('vhost-user-blk', 'addr.type=unix,addr.path={socket}')
LOCKED = ('nbd', 'name=disk')


@contextlib.contextmanager
def opened(path: Path, directory: Path, export: tuple[str, str]) -> Iterator[Qemu]:
    """A QEMU that has the file open for writing, and who uses it as a disk."""
    monitor, (kind, options) = directory / 'qmp', export
    blockdev = {
        'driver': 'raw',
        'node-name': 'disk',
        'file': {'driver': 'file', 'filename': str(path), 'locking': 'on'},
    }
    process = subprocess.Popen(
        [
            *('qemu-storage-daemon', '--blockdev', json.dumps(blockdev)),
            *('--chardev', f'socket,id=qmp,path={monitor},server=on,wait=off'),
            *('--monitor', 'chardev=qmp'),
            *('--nbd-server', f'addr.type=unix,addr.path={directory / "nbd"}'),
            '--export',
            f'type={kind},id=user,node-name=disk,writable=on,'
            + options.format(socket=directory / 'vhost'),
        ]
    )
    try:
        wait_until(monitor.exists, 'the storage daemon to have its socket', SECONDS)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SECONDS)
            client.connect(str(monitor))
            yield Qemu(client)
    finally:
        process.terminate()
        process.wait(SECONDS)


def file_of(world: Shares, volume: Any) -> Path:
    return world.root() / volume.name


def test_qemu_sees_the_new_size_and_nothing_else_changes(
    world: Shares, volume: Any, image: Image, tmp_path: Path
) -> None:
    file = file_of(world, volume)
    with opened(file, tmp_path, RESIZABLE) as qemu:
        assert qemu.size() == GIB
        world.driver.extend_volume(volume, 2)
        # What Nova's libvirt driver has libvirt ask for.
        qemu.ask('block_resize', **{'node-name': 'disk', 'size': 2 * GIB})
        assert qemu.size() == 2 * GIB
    volume.size = 2
    assert file.stat().st_size == 2 * GIB
    assert world.is_right(volume, image)


def test_the_stock_drivers_own_way_is_refused_by_the_lock(
    world: Shares, volume: Any, tmp_path: Path
) -> None:
    """Why the stock driver does not offer it."""
    file = file_of(world, volume)
    with (
        opened(file, tmp_path, LOCKED),
        pytest.raises(processutils.ProcessExecutionError, match='lock'),
    ):
        processutils.execute('qemu-img', 'resize', '-f', 'raw', str(file), '2G')
    assert file.stat().st_size == GIB


@pytest.mark.parametrize('recorded', ['qcow2', None])
def test_what_is_not_known_to_be_raw_is_left_alone(
    world: Shares, volume: Any, recorded: str | None
) -> None:
    with volume.obj_as_admin():
        volume.admin_metadata = {'format': recorded} if recorded else {'other': 'one'}
        volume.save()
    with pytest.raises(exception.ExtendVolumeError, match='Detach the volume first'):
        world.driver.extend_volume(volume, 2)
    assert file_of(world, volume).stat().st_size == GIB


def test_a_luks_container_is_left_alone(world: Shares, volume: Any) -> None:
    with file_of(world, volume).open('r+b') as stream:
        stream.write(LUKS)
    with pytest.raises(exception.ExtendVolumeError):
        world.driver.extend_volume(volume, 2)
    assert file_of(world, volume).stat().st_size == GIB


def test_nothing_is_cut_off_of_a_file_that_is_longer(
    world: Shares, volume: Any
) -> None:
    file = file_of(world, volume)
    os.truncate(file, 3 * GIB)
    with contextlib.suppress(exception.VolumeBackendAPIException):
        world.driver.extend_volume(volume, 2)
    assert file.stat().st_size == 3 * GIB


@pytest.mark.parametrize('attached', [True, False])
def test_a_size_that_a_guest_wrote_is_not_believed(
    world: Shares, volume: Any, admin: Any, attached: bool
) -> None:
    """Else Cinder would say 2 GiB, and the file would have 1."""
    file = file_of(world, volume)
    with file.open('r+b') as stream:
        stream.write(hostile.qcow2_header(2, backing=b''))
    if not attached:
        for each in objects.Volume.get_by_id(admin, volume.id).volume_attachment:
            each.destroy()
        volume = as_a_user_sends_it(volume)
    world.driver.extend_volume(volume, 2)
    assert file.stat().st_size == 2 * GIB


def test_pools_say_so_where_the_option_is_set(world: Shares, cinder_conf: Any) -> None:
    for offered in (False, True):
        cinder_conf.set_override('extend_attached_files', offered, 'eic')
        (pool,) = (
            each
            for each in world.driver.get_volume_stats(refresh=True)['pools']
            if each['pool_name'] == GOLD
        )
        assert pool['online_extend_support'] is offered
    cinder_conf.clear_override('extend_attached_files', 'eic')
