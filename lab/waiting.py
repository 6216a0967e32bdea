"""Waits that end: each has a deadline and says what it waited for."""

import operator
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar, cast

import tenacity

from lab.errors import CancelledError, LabError

_FIRST_PAUSE = 0.05
_GROWTH = 1.3
_LONGEST_PAUSE = 0.5
_TAIL_LINES = 25
_TAIL_BYTES = 16384

Found = TypeVar('Found')


def wait_until(
    check: Callable[[], Found | None],
    what: str | Callable[[], str],
    seconds: float,
    *,
    cancel: threading.Event | None = None,
    log: Path | None = None,
    every: float | None = None,
) -> Found:
    """Ask until the answer is true, and return that answer.

    :param check: raises :class:`LabError` if it is no use to wait on
    :param what: stands behind "Waited 5 s for"
    :param seconds: after which the wait fails
    :param cancel: ends the wait as soon as it is set
    :param log: whose end explains why it took too long
    :param every: seconds between two questions; without it they grow
    :raises LabError: the answer was not true in time
    :raises CancelledError: ``cancel`` was set
    """
    stopped = cancel or threading.Event()

    def pause(length: float) -> None:
        if stopped.wait(length):
            raise CancelledError(f'Stopped waiting for {_text(what)}.')

    def give_up(_: tenacity.RetryCallState) -> NoReturn:
        raise LabError(f'Waited {seconds:.0f} s for {_text(what)}.{tail(log)}')

    ask = tenacity.Retrying(
        retry=tenacity.retry_if_result(operator.not_),
        stop=tenacity.stop_after_delay(seconds),
        wait=_growing if every is None else tenacity.wait_fixed(every),
        sleep=pause,
        retry_error_callback=give_up,
    )
    answer = ask(check)
    # Not None: that would have been asked again.
    return cast(Found, answer)


_growing = tenacity.wait_exponential(_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH)


def came_true(check: Callable[[], object], seconds: float) -> bool:
    """Whether the answer is true before so many seconds are over."""
    try:
        wait_until(check, 'it', seconds)
    except LabError:
        return False
    return True


def _text(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()


def tail(log: Path | None) -> str:
    """The end of a log, ready to stand behind an error message."""
    if log is None or not log.exists():
        return ''
    with log.open('rb') as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = stream.read().decode(errors='replace').splitlines()
    shown = '\n'.join(f'    {line}' for line in lines[-_TAIL_LINES:])
    return f' The end of {log}:\n{shown}'
