"""Servers that are real guests, and what is left of one where it ran."""

import os
import subprocess
from typing import Any

import psutil
import pytest

from lab import boot_sector, files, guests, namespace, proc
from lab.boots import Side, root_volume
from lab.context import Lab
from lab.guests import GuestHost
from lab.processes import enter
from tests.e2e.deadline import wait_for
from tests.e2e.user import LabUser

HELLO = 'this is a guest of the lab'
IMAGE = boot_sector.printing(f'{HELLO}\r\n')
"""It halts behind its greeting, and hears nothing of a shutdown."""
IMPATIENT = {'os_shutdown_timeout': '1'}
_SECONDS = 300
needs_time = pytest.mark.skipif(
    not os.environ.get('EIC_GUEST_TABLE'), reason='takes minutes: EIC_GUEST_TABLE=1'
)


def needs_guests(lab: Lab) -> None:
    """Skip where `make lab` has said why it has no guests.

    With EIC_LAB_VIRT=qemu, as CI has it, `make lab` fails there instead.
    """
    reason = files.read_json(lab.paths.lab_json)['guests_left_out']
    if reason:
        pytest.skip(f'The lab has no guests: {reason}')


def block_device(image_id: str, volume_type: str) -> list[dict[str, Any]]:
    """A root volume of a type, with the image."""
    return [{**root_volume(image_id), 'volume_type': volume_type}]


class Guest:
    """A server on a host with guests, as its user has it."""

    def __init__(self, side: Side, server: dict[str, Any]) -> None:
        self._side = side
        self.server = server
        self.id: str = server['id']

    def show(self) -> dict[str, Any]:
        return self._side.show(self.id)

    def image_of_root(self) -> str:
        """The image that Cinder says is in the root volume."""
        (volume,) = self._side.volumes(self.id)
        shown = self._side.cinder('GET', f'/volumes/{volume}')['volume']
        return str(shown['volume_image_metadata']['image_id'])

    def act(self, **action: Any) -> Any:
        return self._side.nova('POST', f'/servers/{self.id}/action', action)

    def console(self) -> str:
        return str(self.act(**{'os-getConsoleOutput': {}})['output'])

    def wait_for_greeting(self) -> None:
        """libvirt empties the console's file each time it starts the guest."""
        wait_for(
            lambda: HELLO in self.console(),
            f'{self.id} to boot from its volume',
            seconds=_SECONDS,
        )

    def wait_for_status(self, status: str) -> None:
        def reached() -> bool:
            shown = self.show()
            assert shown['status'] != 'ERROR' or status == 'ERROR', shown
            return shown['status'] == status and not shown['OS-EXT-STS:task_state']

        wait_for(reached, f'{self.id} to be {status}', seconds=_SECONDS)


def inside(lab: Lab, host: GuestHost, *argv: str) -> str:
    """What a program prints in a machine."""
    done = subprocess.run(
        [*enter(lab.holder(host.machine), own_name=True), *argv],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def left(lab: Lab, host: GuestHost) -> dict[str, list[str]]:
    """What there is of guests on a host: all of it empty when they are deleted."""
    base = str(guests.directory_of(lab, host) / 'nova/mnt')
    mounted = proc.mount_points(lab.holder(host.machine))
    return {
        'domains': inside(lab, host, 'virsh', 'list', '--all', '--name').split(),
        'processes': qemu_of(lab, host),
        'mounts': sorted(path for path in mounted if path.startswith(base)),
        'devices': sorted(map(str, (guests.devices(lab) / host.name).glob('*/*'))),
    }


def qemu_of(lab: Lab, host: GuestHost) -> list[str]:
    """The ids of the QEMU processes in a machine."""
    machine = {proc.mount_namespace(lab.holder(host.machine))}
    return [
        str(pid)
        for pid in namespace.inhabitants(machine)
        if proc.name(pid).startswith('qemu-system')
    ]


def qemu_of_lab(state: str) -> list[int]:
    """QEMU processes whose console is a file of that lab, whatever else is left."""
    return [
        process.pid
        for process in psutil.process_iter(['name', 'cmdline'])
        if (process.info['name'] or '').startswith('qemu-system')
        and any(f'{state}/' in word for word in process.info['cmdline'] or ())
    ]


def ask_to_extend(cloud: LabUser, volume_id: str, gib: int) -> None:
    """As `openstack volume set --size` does, of a volume that is in use."""
    cloud.api.request(
        'POST',
        'cinder-api',
        f'/v3/{cloud.api.project_id}/volumes/{volume_id}/action',
        {'os-extend': {'new_size': gib}},
        headers={'OpenStack-API-Version': 'volume 3.71'},
    )


def extend(cloud: LabUser, volume_id: str, gib: int) -> None:
    """The same, until Cinder says that it is done."""
    ask_to_extend(cloud, volume_id, gib)
    wait_for(
        lambda: cloud.show(volume_id)['size'] == gib, f'{volume_id} to be extended'
    )


def service_of(cloud: LabUser, host: GuestHost) -> str:
    """The path of a host's nova-compute in Nova's API."""
    (found,) = cloud.admin.nova('GET', f'/os-services?host={host.name}')['services']
    return f'/os-services/{found["id"]}'
