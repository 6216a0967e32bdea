"""The lab's private mount namespace.

A process that only sleeps holds it. Seen in there and nowhere else:

- the simulators' storage, an XFS image (a clone is a real reflink),
- a ``mount.nfs`` that bind-mounts the simulators' exports, since it cannot be
  assumed that the kernel has NFS,
- a sudoers file with which ``sudo cinder-rootwrap`` finds this environment.

When the holder and the services in it are gone, so are the mounts and the loop
device: the kernel sees to that, also after a kill -9. It does not detach the loop
devices of files in there, which are what guests know LUNs by.

Hosts with guests have namespaces of their own inside this one.
"""

import shlex
from pathlib import Path

import psutil
from oslo_utils import units

from lab import block_devices, commands, files, proc
from lab.context import HOLDER, Lab
from lab.errors import LabError
from lab.paths import venv_bin
from lab.service import Service
from lab.topology import CLUSTERS
from lab.waiting import wait_until

_IMAGE_BYTES = 40 * units.Gi
_SUDOERS = Path('/etc/sudoers')
_MOUNT_NFS = Path('/sbin/mount.nfs')
_RELEASE_SECONDS = 20


def start(lab: Lab) -> None:
    """Have the namespace, with all of its mounts."""
    if not lab.processes.alive(HOLDER):
        _leave_old(lab)
    _make_image(lab)
    _write_overlays(lab)
    lab.ensure(
        Service(
            HOLDER,
            ('unshare', '--mount', '--propagation', 'private', 'sleep', 'infinity'),
            stop_seconds=1,
        ),
        lambda: _is_private(lab),
        seconds=10,
    )
    mounted = proc.mount_points(lab.holder())
    if str(lab.paths.storage) not in mounted:
        files.private_dir(lab.paths.storage)
        _mount(lab, '-o', 'loop', str(_image(lab)), str(lab.paths.storage))
    for source, target in _overlays(lab).items():
        if str(target.resolve()) not in mounted:
            _mount(lab, '--bind', str(source), str(target.resolve()))


def release(lab: Lab, namespaces: set[str]) -> None:
    """End whoever is left in the namespaces, and see the mounts go."""
    lab.processes.kill(inhabitants(namespaces))
    lab.processes.stop(HOLDER)
    block_devices.disconnect_all(_image(lab))
    wait_released(lab)


def _leave_old(lab: Lab) -> None:
    """Empty a namespace whose holder was killed.

    Its file system must not be mounted a second time while services of the
    old namespace still write to it; they are started again in the new one.
    """
    old = known(lab)
    for name, record in lab.processes.records().items():
        if record.in_namespace:
            lab.processes.stop(name)
    release(lab, old)


def mount_share(lab: Lab, share: str, directory: Path) -> None:
    """Mount an NFS share in the namespace, as a host's fstab would."""
    files.private_dir(directory)
    if str(directory) not in proc.mount_points(lab.holder()):
        _mount(lab, '-t', 'nfs', share, str(directory))


def inhabitants(namespaces: set[str]) -> list[int]:
    """Every process that lives in one of the mount namespaces."""
    here = proc.mount_namespace('self')
    return [
        pid
        for pid in psutil.pids()
        if (name := proc.mount_namespace(pid)) and name != here and name in namespaces
    ]


def known(lab: Lab) -> set[str]:
    """The mount namespaces that the lab's records speak of, and those inside them."""
    records = lab.processes.records().values()
    names = {r.mount_namespace for r in records if r.mount_namespace}
    holder = lab.processes.record(HOLDER)
    if holder and holder.alive():
        names.add(proc.mount_namespace(holder.pid))
    return names | _with_storage(lab)


def _with_storage(lab: Lab) -> set[str]:
    """Those in which the lab's file system is mounted.

    A guest has no record, and what libvirt starts has another environment.
    """
    found: dict[str, bool] = {}
    for pid in psutil.pids():
        name = proc.mount_namespace(pid)
        if name and name not in found:
            found[name] = str(lab.paths.storage) in proc.mount_points(pid)
    return {name for name, has_it in found.items() if has_it}


def wait_released(lab: Lab) -> None:
    """Wait until the kernel has detached the loop device."""
    image = _image(lab)
    if image.exists():
        wait_until(
            lambda: not _loop_devices(image),
            f'the loop device of {image} to be detached (is something else using it?)',
            _RELEASE_SECONDS,
        )


def _image(lab: Lab) -> Path:
    return lab.paths / 'storage.xfs'


def _loop_devices(image: Path) -> str:
    return commands.output_of(['losetup', '--associated', str(image)])


def _make_image(lab: Lab) -> None:
    image = _image(lab)
    if image.exists():
        return
    # Renamed when it is done, so that half a file system is never used.
    unfinished = image.with_suffix('.new')
    with unfinished.open('wb') as stream:
        unfinished.chmod(0o600)
        stream.truncate(_IMAGE_BYTES)
    lab.run('storage', ['mkfs.xfs', '-q', '-f', '-m', 'reflink=1', str(unfinished)])
    unfinished.rename(image)


def _is_private(lab: Lab) -> bool:
    # unshare becomes sleep only when the namespace is there and private.
    return proc.name(lab.holder()) == 'sleep'


def _overlays(lab: Lab) -> dict[Path, Path]:
    return {
        lab.paths / 'overlay/mount.nfs': _MOUNT_NFS,
        lab.paths / 'overlay/sudoers': _SUDOERS,
    }


def _write_overlays(lab: Lab) -> None:
    for target in (_MOUNT_NFS, _SUDOERS):
        if not target.exists():
            raise LabError(
                f'{target} is missing: install the packages nfs-common and sudo.'
            )
    files.write_in_place(lab.paths / 'overlay/mount.nfs', mount_helper(lab), 0o755)
    files.write_in_place(lab.paths / 'overlay/sudoers', sudoers(), 0o440)


def mount_helper(lab: Lab) -> str:
    """The script that stands in for mount.nfs."""
    exports = []
    for cluster in CLUSTERS:
        path = lab.paths.data_dir(cluster.name) / 'exports.json'
        exports += ['--exports', str(path)]
    argv = shlex.join([venv_bin('eic-ontap-simulator-mount'), *exports])
    return f'#!/bin/sh\nexec {argv} "$@"\n'


def sudoers() -> str:
    """Lets root call sudo, as cinder-volume does, and find cinder-rootwrap."""
    path = f'{Path(venv_bin(""))}:/usr/sbin:/usr/bin:/sbin:/bin'
    return (
        'Defaults env_reset, !syslog, !use_pty\n'
        f'Defaults secure_path="{path}"\n'
        'root ALL=(ALL:ALL) NOPASSWD: ALL\n'
    )


def _mount(lab: Lab, *arguments: str) -> None:
    lab.run_inside('storage', ['mount', *arguments])
