"""Looks before it leaps: what is wrong with this machine, and what to do."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from lab.context import Lab
from lab.errors import LabError
from lab.net import taken_ports

_GIB = 1 << 30
_LEAST_DISK = 15 * _GIB
_LEAST_MEMORY = 5 * _GIB
_MEMINFO = Path('/proc/meminfo')


def check_user() -> None:
    """The lab mounts things and runs services as root."""
    if os.geteuid() != 0:
        raise LabError(
            'The lab needs root (it mounts file systems in a '
            'namespace of its own): run it with sudo.'
        )


def check_python() -> None:
    """The services must be in the environment that this runs in."""
    if not (Path(sys.prefix) / 'bin' / 'keystone-manage').exists():
        raise LabError(
            f'OpenStack is not installed in {sys.prefix}: run '
            '`make lab`, which makes a .venv that has it.'
        )


def check_machine(lab: Lab) -> None:
    """Everything about this machine that would make the lab fail later."""
    problems = [problem for check in _CHECKS if (problem := check(lab))]
    if problems:
        raise LabError('\n  '.join(['This machine is not ready:', *problems]))


def _disk(lab: Lab) -> str:
    free = shutil.disk_usage(lab.paths.state).free
    if free >= _LEAST_DISK or lab.processes.records():
        return ''
    return (
        f'{lab.paths.state} has {free / _GIB:.1f} GiB free, the lab needs '
        f'{_LEAST_DISK // _GIB}: make room, or set EIC_LAB_DIR to a '
        'directory on another disk.'
    )


def _memory(lab: Lab) -> str:
    free = available_memory(_MEMINFO.read_text())
    if free >= _LEAST_MEMORY or lab.processes.records():
        return ''
    return (
        f'{free / _GIB:.1f} GiB of memory are available, the lab needs '
        f'{_LEAST_MEMORY // _GIB}.'
    )


def available_memory(meminfo: str) -> int:
    """MemAvailable of /proc/meminfo, in bytes."""
    for line in meminfo.splitlines():
        if line.startswith('MemAvailable:'):
            return int(line.split()[1]) * 1024
    return 0


def _ports(lab: Lab) -> str:
    taken = taken_ports(lab.ports.all(), lab.processes)
    if not taken:
        return ''
    return (
        f'Ports of the lab are taken: {"; ".join(taken)}. Stop that, or '
        'move the lab with EIC_LAB_PORT_BASE (now '
        f'{lab.ports.base}).'
    )


def _loop_devices(lab: Lab) -> str:
    if Path('/dev/loop-control').exists():
        return ''
    return (
        'There are no loop devices (/dev/loop-control): load the kernel '
        'module `loop`, or run on a machine that has them.'
    )


_CHECKS: tuple[Callable[[Lab], str], ...] = (_disk, _memory, _loop_devices, _ports)
