"""What psutil does not say of a process, and what the lab asks of all of them.

psutil's ``create_time()`` moves with the machine's clock, so a record of the lab
has the kernel's ticks since the boot instead. Mount namespaces, and what is
mounted in another one, psutil does not know.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_PROC = Path('/proc')
_ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def process(pid: int) -> psutil.Process | None:
    """The process, or None if there is none."""
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def running(pid: int) -> bool:
    """Whether it runs: a zombie that nobody has reaped yet does not."""
    try:
        return psutil.Process(pid).status() not in _ENDED
    except psutil.NoSuchProcess:
        return False


def name(pid: int) -> str:
    """The name of a process, '' if it is gone."""
    try:
        return psutil.Process(pid).name()
    except psutil.NoSuchProcess:
        return ''


def lineage(pid: int) -> list[int]:
    """A process, its parent, and so on."""
    try:
        seen = psutil.Process(pid)
        return [seen.pid, *(parent.pid for parent in seen.parents())]
    except psutil.NoSuchProcess:
        return [pid]


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    try:
        return psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return {}


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process and of its ended children.

    :raises psutil.Error: it is gone
    """
    spent = process.cpu_times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def group(pid: int) -> int | None:
    """The process group of a process, None if it is gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def in_group(number: int) -> list[int]:
    """The running processes of a group."""
    return [pid for pid in psutil.pids() if group(pid) == number and running(pid)]


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since the boot; None if it is gone."""
    try:
        stat = (_PROC / str(pid) / 'stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before may hold blanks and brackets.
    return int(stat.rpartition(')')[2].split()[19])


def boot_id() -> str:
    """Names this boot: start times count from it."""
    return (_PROC / 'sys/kernel/random/boot_id').read_text().strip()


def mount_namespace(pid: int | str) -> str:
    """The identity of a process's mount namespace, '' if it is gone."""
    try:
        return str((_PROC / str(pid) / 'ns/mnt').readlink())
    except OSError:
        return ''


def mount_points(pid: int) -> set[str]:
    """What is mounted where a process lives."""
    try:
        text = (_PROC / str(pid) / 'mounts').read_text()
    except OSError:
        return set()
    return {_unescape(line.split()[1]) for line in text.splitlines()}


def _unescape(path: str) -> str:
    for code, character in (('040', ' '), ('011', '\t'), ('012', '\n')):
        path = path.replace(f'\\{code}', character)
    return path.replace('\\134', '\\')


def family(pid: int) -> Iterator[psutil.Process]:
    """A process and its descendants, without those that end meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        yield parent
        yield from parent.children(recursive=True)
