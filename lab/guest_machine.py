"""What a host with guests takes for a machine: namespaces inside the lab's own.

A process that only sleeps holds them. In there the host has its own name, its own
NFS mounts, a private directory in each place where libvirt keeps things, and
libvirt's user. Nothing of that is seen outside, and all of it ends with the machine.
"""

import shlex
import shutil
from pathlib import Path

from lab import block_devices, files, guests, namespace, proc, simulator
from lab.context import HOLDER, Lab
from lab.guests import GuestHost
from lab.ports import LOOPBACK
from lab.service import Service
from lab.topology import BLOCK_BACKENDS

LIBVIRT_DIRECTORIES = {
    'etc': '/etc/libvirt',
    'run': '/run/libvirt',
    'lib': '/var/lib/libvirt',
    'log': '/var/log/libvirt',
    'cache': '/var/cache/libvirt',
}
"""Where libvirt keeps things, by the name of the private directory."""
# The package libvirt-daemon makes no such user, but libvirtd wants it to be known.
_ACCOUNTS = {
    'passwd': 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n',
    'group': 'libvirt-qemu:x:64055:\n',
}


def start(lab: Lab, host: GuestHost) -> None:
    """Have the machine running; what was left of a dead one is ended first."""
    script = _own(lab, host) / 'machine.sh'
    files.write_private(script, machine_script(lab, host), 0o700)
    service = Service(
        host.machine,
        (
            *('unshare', '--mount', '--uts', '--propagation', 'private'),
            *('sh', '-e', str(script)),
        ),
        configs=(script,),
        in_namespace=True,
        stop_seconds=1,
    )
    if not lab.up_to_date(service):
        stop(lab, host)
        _prepare_boot(lab, host)
    # The script becomes sleep when all of it is done.
    lab.ensure(service, lambda: proc.name(_pid(lab, host)) == 'sleep', seconds=30)


def stop(lab: Lab, host: GuestHost) -> None:
    """End the machine, with its guests and whatever else runs in it."""
    for name in reversed(host.services):
        lab.processes.stop(name)
    lab.processes.kill(_orphans(lab))


def private(lab: Lab, host: GuestHost, name: str) -> Path:
    """One of the directories that libvirt has in the machine."""
    return _own(lab, host) / name


def machine_script(lab: Lab, host: GuestHost) -> str:
    """The shell script that makes the machine, from inside its namespaces."""
    lines = [f'hostname {shlex.quote(host.name)}']
    for name, target in LIBVIRT_DIRECTORIES.items():
        source = shlex.quote(str(private(lab, host, name)))
        lines += [f'mkdir -p {target}', f'mount --bind {source} {target}']
    for path in _overlays(lab, host):
        lines.append(f'mount --bind {shlex.quote(str(path))} /etc/{path.name}')
    return '\n'.join([*lines, 'exec sleep infinity', ''])


def _own(lab: Lab, host: GuestHost) -> Path:
    return guests.directory_of(lab, host)


def _pid(lab: Lab, host: GuestHost) -> int:
    record = lab.processes.record(host.machine)
    return record.pid if record else 0


def _overlays(lab: Lab, host: GuestHost) -> list[Path]:
    directory = files.private_dir(_own(lab, host) / 'overlay')
    return [directory / name for name in (*_ACCOUNTS, 'hosts')]


def _prepare_boot(lab: Lab, host: GuestHost) -> None:
    # A machine that boots has an empty /run.
    shutil.rmtree(private(lab, host, 'run'), ignore_errors=True)
    for name in LIBVIRT_DIRECTORIES:
        files.private_dir(private(lab, host, name))
    _write_overlays(lab, host)
    _connect_again(lab, host)


def _write_overlays(lab: Lab, host: GuestHost) -> None:
    added = {**_ACCOUNTS, 'hosts': hosts_lines()}
    for path in _overlays(lab, host):
        text = (Path('/etc') / path.name).read_text(encoding='utf-8')
        if path.name not in _ACCOUNTS or 'libvirt-qemu:' not in text:
            text = f'{text.rstrip()}\n{added[path.name]}'
        files.write_in_place(path, text, 0o644)


def hosts_lines() -> str:
    """What /etc/hosts has besides in each machine."""
    # A line for each: the first name of a line is who all of its names are.
    return ''.join(f'{LOOPBACK} {each.name}\n' for each in guests.ALL)


def _orphans(lab: Lab) -> list[int]:
    """What runs in machines that have ended.

    Machines start one after the other, so none of these is about to be recorded.
    """
    records = map(
        lab.processes.record, (HOLDER, *(each.machine for each in guests.ALL))
    )
    held = {proc.mount_namespace(each.pid) for each in records if each and each.alive()}
    return namespace.inhabitants(namespace.known(lab) - held)


def _connect_again(lab: Lab, host: GuestHost) -> None:
    root = f'/proc/{lab.holder()}/root'
    for backend in BLOCK_BACKENDS:
        block_devices.connect_again(
            guests.devices(lab) / host.name,
            Path(f'{root}{simulator.svm_directory(lab, backend)}'),
        )
