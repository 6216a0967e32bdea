"""Checks the machine before anything is started, and says what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
from oslo_utils import units

from lab.context import Lab
from lab.errors import LabError
from lab.net import taken_ports

_LEAST_DISK = 15 * units.Gi
_LEAST_MEMORY = 5 * units.Gi


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
        f'{lab.paths.state} has {free / units.Gi:.1f} GiB free, the lab needs '
        f'{_LEAST_DISK // units.Gi}: make room, or set EIC_LAB_DIR to a '
        'directory on another disk.'
    )


def _memory(lab: Lab) -> str:
    free = available_memory()
    if free >= _LEAST_MEMORY or lab.processes.records():
        return ''
    return (
        f'{free / units.Gi:.1f} GiB of memory are available, the lab needs '
        f'{_LEAST_MEMORY // units.Gi}.'
    )


def available_memory() -> int:
    """What programs can have without swapping, in bytes."""
    return psutil.virtual_memory().available


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
