"""Waits that end: each has a deadline and says what it waited for."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab.errors import CancelledError, LabError

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_TAIL_LINES = 25
_TAIL_BYTES = 16384


def wait_until(
    check: Callable[[], bool],
    what: str,
    seconds: float,
    cancel: threading.Event | None = None,
    log: Path | None = None,
) -> None:
    """Return when ``check`` says yes; fail when ``seconds`` are over.

    A check that wants to give up at once raises :class:`LabError`.
    """
    cancel = cancel or threading.Event()
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while not check():
        if time.monotonic() > deadline:
            raise LabError(f'Waited {seconds:.0f} s for {what}.{tail(log)}')
        if cancel.wait(pause):
            raise CancelledError(f'Stopped waiting for {what}.')
        pause = min(pause * 1.3, _LONGEST_PAUSE)


def tail(log: Path | None) -> str:
    """The end of a log, ready to stand behind an error message."""
    if log is None or not log.exists():
        return ''
    with log.open('rb') as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = stream.read().decode(errors='replace').splitlines()
    shown = '\n'.join(f'    {line}' for line in lines[-_TAIL_LINES:])
    return f' The end of {log}:\n{shown}'
