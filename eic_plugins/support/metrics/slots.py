"""The places of a service's processes in a directory of metrics: numbers, with a lock.

A process has the lowest number that no other process of its service has, as long as it
lives: the kernel gives the lock back, however it ends. So there are no more files, and
no more series, than processes at once.
"""

import contextlib
import dataclasses
import fcntl
import os
import time
from pathlib import Path

from eic_plugins.support.metrics import files

SLOTS = 256
"""Processes of a service on a host that count."""
SIGN = '@'
"""Stands in the names of these files, and in no backend's."""

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclasses.dataclass(frozen=True)
class Slot:
    """A number, and the file of metrics that goes with it.

    :ivar lock: the descriptor of the locked file
    """

    number: int
    path: Path
    lock: int

    def give_back(self) -> None:
        """In a child that has it by a fork: the parent keeps its lock."""
        os.close(self.lock)


def claim(directory: Path, service: str) -> Slot | None:
    """A slot of one's own; None if all are taken.

    :raises OSError: the directory cannot be written to
    """
    for number in range(SLOTS):
        path = directory / f'eic-{service}{SIGN}{number}.prom'
        lock = _locked(path)
        if lock is not None:
            return Slot(number, path, lock)
    return None


def remove_dead(directory: Path, service: str, age: float) -> None:
    """Remove the files of processes that ended, and whose slot nobody has taken since.

    :param age: seconds for which nobody has written them
    """
    for path in directory.glob(f'eic-{service}{SIGN}*.prom'):
        with contextlib.suppress(OSError):
            if files.written_at(path) < time.time() - age:
                _remove_if_free(path)


def _remove_if_free(path: Path) -> None:
    lock = _locked(path)
    if lock is None:
        return
    try:
        path.unlink()
    finally:
        os.close(lock)


def _locked(path: Path) -> int | None:
    """The lock of a file of metrics, None if somebody has it.

    The lock is a file of its own: the other one is replaced whenever it is written.
    """
    try:
        lock = os.open(path.with_suffix('.lock'), _FLAGS, 0o600)
    except PermissionError:
        # Of a process that ran as another user: its number is not for us.
        if os.access(path.parent, os.W_OK | os.X_OK):
            return None
        raise
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
