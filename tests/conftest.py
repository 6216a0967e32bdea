"""What any suite may ask for."""

import logging
import signal
import types
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_concurrency import processutils


@pytest.fixture(scope='session', autouse=True)
def processes_start_without_a_copy_of_this_one() -> Iterator[None]:
    """What oslo has run between fork and exec, Popen does by itself: SIGPIPE as by
    default. Without it, Popen needs no fork, which is slow in a process as large as a
    test's: 78 ms and not 4, many times for each volume.
    """
    found = processutils.subprocess

    def popen(*args: Any, preexec_fn: Any = None, **kwargs: Any) -> Any:
        oslos = getattr(preexec_fn, 'func', None) is processutils._subprocess_setup
        if oslos and preexec_fn.args == (None,):
            preexec_fn = None
        return found.Popen(*args, preexec_fn=preexec_fn, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        quick = types.SimpleNamespace(**{**vars(found), 'Popen': popen})
        patch.setattr(processutils, 'subprocess', quick)
        yield


@pytest.fixture(scope='session', autouse=True)
def programs_hear_ctrl_c() -> None:
    """A shell has what it starts in the background ignore it, and so would the
    programs that tests start.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def root_logger() -> Iterator[None]:
    """As it was: cliff sets it up for a program, which pytest is not."""
    logger = logging.getLogger()
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
