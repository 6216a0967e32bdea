"""A libvirtd for each host with guests: in its machine, on a UNIX socket alone.

QEMU runs as root, without cgroups, namespaces and security drivers of libvirt's: the
machine is one of processes. Consoles are files, there is no virtlogd.
"""

import socket
import uuid
from pathlib import Path

from lab import files, guest_machine
from lab.context import Lab
from lab.guests import GuestHost
from lab.service import Service

_NAMES = uuid.UUID('5c5d2a9c-9d7c-4c57-8d2a-2f3a6f1d5b10')
_SOCKET = 'libvirt/libvirt-sock'
_SECONDS = 90


def start(lab: Lab, host: GuestHost) -> None:
    """Have it running and accepting connections."""
    etc = guest_machine.private(lab, host, 'etc')
    configs = {
        etc / 'libvirtd.conf': daemon_config(lab, host),
        etc / 'qemu.conf': qemu_config(),
    }
    for path, text in configs.items():
        files.write_private(path, text)
    service = Service(
        host.libvirtd,
        ('/usr/sbin/libvirtd', '--pid-file', '/run/libvirt/libvirtd.pid'),
        configs=tuple(configs),
        in_namespace=True,
        holder=host.machine,
    )
    lab.ensure(service, lambda: _accepts(lab, host), _SECONDS)


def daemon_config(lab: Lab, host: GuestHost) -> str:
    """Its libvirtd.conf."""
    # The machines share their firmware's UUID, and libvirt migrates to no host with
    # its own.
    host_uuid = uuid.uuid5(_NAMES, f'{lab.processes.lab_id} {host.name}')
    return _config(
        {
            'auth_unix_ro': 'none',
            'auth_unix_rw': 'none',
            'host_uuid': str(host_uuid),
            'log_outputs': '3:stderr',
        }
    )


def qemu_config() -> str:
    """Its qemu.conf."""
    return _config(
        {
            'user': 'root',
            'group': 'root',
            # Volumes belong to whom Cinder gave them.
            'dynamic_ownership': 0,
            'remember_owner': 0,
            'namespaces': [],
            'cgroup_controllers': [],
            'security_driver': 'none',
            'stdio_handler': 'file',
        }
    )


def socket_file(lab: Lab, host: GuestHost) -> Path:
    """Its socket, for whoever is in the machine or in another one."""
    return guest_machine.private(lab, host, 'run') / 'libvirt-sock'


def _accepts(lab: Lab, host: GuestHost) -> bool:
    record = lab.processes.record(host.libvirtd)
    # Shorter than the path of the state directory may be for a socket.
    path = f'/proc/{record.pid if record else 0}/root/run/{_SOCKET}'
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def _config(options: dict[str, str | int | list[str]]) -> str:
    return ''.join(f'{name} = {_value(value)}\n' for name, value in options.items())


def _value(value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return f'[{", ".join(map(_value, value))}]'
    return f'"{value}"' if isinstance(value, str) else str(value)
