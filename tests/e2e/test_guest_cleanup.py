"""Nothing of guests outlives the lab, whichever of its processes was killed.

On a lab of its own, since it ends it several times: ``EIC_GUEST_TABLE=1``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import commands, context, files, guests, identity, namespace
from lab.boots import Side
from lab.context import HOLDER, Lab
from lab.paths import Paths
from lab.topology import DEMO_PROJECT, DEMO_USER
from tests.e2e.guests import IMAGE, Guest, block_device, needs_time, qemu_of_lab

PORT_BASE = '31000'
EIC = guests.HOSTS[0]
_SECONDS = 600
pytestmark = needs_time


class OwnLab:
    """A lab that is started and ended as from a shell."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def command(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, '-m', 'lab', *arguments],
            check=True,
            timeout=_SECONDS,
            env={
                **os.environ,
                'EIC_LAB_DIR': str(self.state),
                'EIC_LAB_PORT_BASE': PORT_BASE,
                'EIC_LAB_VIRT': 'qemu',
            },
        )

    @property
    def lab(self) -> Lab:
        return context.load(Paths(self.state))

    def start(self) -> None:
        """Without the servers of the test before: their cores count for Nova."""
        self.command('up')
        side = self._side()
        servers = side.nova('GET', '/servers')['servers']
        side.delete([server['id'] for server in servers], ())

    def _side(self) -> Side:
        return Side(identity.Cloud(self.lab, DEMO_USER, DEMO_PROJECT), 'eic')

    def boot(self, volume_type: str) -> Guest:
        side = self._side()
        name = f'guest-{time.monotonic_ns()}'
        image = side.api.request(
            'POST',
            'glance',
            '/v2/images',
            {'name': name, 'disk_format': 'raw', 'container_format': 'bare'},
        )['id']
        side.api.upload(f'/v2/images/{image}/file', IMAGE)
        side.create(
            name,
            image,
            availability_zone=EIC.zone,
            block_device_mapping_v2=block_device(image, volume_type),
        )
        (built,) = side.watch(name, 1)
        shown = side.show(built.server_id)
        assert built.status == 'ACTIVE', shown
        guest = Guest(side, shown)
        guest.wait_for_greeting()
        return guest

    def kill(self, name: str) -> None:
        record = self.lab.processes.record(name)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)

    def left(self) -> dict[str, object]:
        """Of a lab that is down: processes, namespaces, loop devices."""
        lab = self.lab
        image = lab.paths / 'storage.xfs'
        return {
            'guests': qemu_of_lab(str(self.state)),
            'processes': lab.processes.ours(),
            'namespaces': namespace.known(lab),
            'devices': commands.output_of(['losetup', '--associated', str(image)]),
        }


NOTHING: dict[str, object] = {
    'guests': [],
    'processes': [],
    'namespaces': set(),
    'devices': '',
}


@pytest.fixture(scope='module')
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    made = OwnLab(tmp_path_factory.mktemp('lab'))
    yield made
    made.command('down', '--purge')
    assert not made.state.exists()


@pytest.mark.parametrize(
    'victims',
    [
        (EIC.libvirtd,),
        (EIC.compute,),
        (EIC.machine,),
        (HOLDER,),
        (*EIC.services, HOLDER),
    ],
    ids=['libvirtd', 'nova-compute', 'machine', 'namespace', 'all of them'],
)
def test_down_leaves_nothing_whichever_was_killed(
    own: OwnLab, victims: tuple[str, ...]
) -> None:
    own.start()
    own.boot('eic-gold')
    own.boot('eic-block-one')
    assert len(qemu_of_lab(str(own.state))) == 2
    for name in victims:
        own.kill(name)
    own.command('down')
    assert own.left() == NOTHING


def test_up_repairs_a_lab_whose_namespace_was_killed_under_its_guests(
    own: OwnLab,
) -> None:
    own.start()
    guest = own.boot('eic-block-one')
    own.kill(HOLDER)
    own.command('up')
    assert qemu_of_lab(str(own.state)) == []
    guest.act(reboot={'type': 'HARD'})
    guest.wait_for_status('ACTIVE')
    guest.wait_for_greeting()


def test_purge_leaves_nothing_of_a_killed_guest(own: OwnLab) -> None:
    own.start()
    own.boot('eic-block-one')
    (pid,) = qemu_of_lab(str(own.state))[:1]
    os.kill(pid, signal.SIGKILL)
    own.kill(EIC.libvirtd)
    assert files.read_json(own.lab.paths.lab_json)['guests']
    own.command('down', '--purge')
    assert not own.state.exists()
    assert qemu_of_lab(str(own.state)) == []
