"""How much memory and CPU the lab's services have, and how much more than before."""

import contextlib
import dataclasses
from collections.abc import Mapping

import psutil

from lab import proc
from lab.context import Lab


@dataclasses.dataclass(frozen=True)
class Process:
    """One process at one moment."""

    service: str
    rss: int
    """Bytes in memory."""
    cpu: float
    """Seconds, with those of ended children that it waited for."""


Usage = Mapping[int, Process]
"""By pid."""


def now(lab: Lab) -> Usage:
    """Every process of every service."""
    found = {}
    for name, record in lab.processes.records().items():
        for process in proc.family(record.pid):
            with contextlib.suppress(psutil.Error):
                found[process.pid] = _of(name, process)
    return found


def _of(service: str, process: psutil.Process) -> Process:
    with process.oneshot():
        rss = process.memory_info().rss
        return Process(service, rss, proc.cpu_seconds(process))


def cpu(before: Usage, after: Usage) -> dict[str, float]:
    """CPU seconds between two moments by service, of processes that lasted.

    Those that ended are in their parent's account.
    """
    used: dict[str, float] = {}
    for pid, process in after.items():
        earlier = before[pid].cpu if pid in before else 0.0
        used[process.service] = used.get(process.service, 0.0) + process.cpu - earlier
    return used


def rss(usage: Usage, service: str) -> int:
    """Bytes of the service's processes."""
    return sum(process.rss for process in usage.values() if process.service == service)


def lasting(*moments: Usage) -> list[Usage]:
    """The same moments, with the processes alone that were there in all of them.

    A helper that has just begun is not growth.
    """
    pids = set(moments[0]).intersection(*moments[1:])
    return [{pid: moment[pid] for pid in pids} for moment in moments]
