"""What a command says on standard error, what it asks, and what it keeps quiet."""

import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from eic_plugins.support.clock import SYSTEM, Clock

_TALKATIVE = (
    'amqp',
    'cinder',
    'glanceclient',
    'keystoneauth',
    'netapp_ontap',
    'os_brick',
    'openstack',
    'oslo',
    'oslo_db',
    'oslo_messaging',
    'oslo_service',
    'requests',
    'sqlalchemy',
    'urllib3',
)
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_BAR = 24
"""Characters."""
_BETWEEN_LINES = 30.0
"""Seconds between two lines of progress where lines cannot be written over."""


def silence_libraries() -> None:
    """With --debug they would tell answers in whole: tokens and locations.

    Without it, they would tell of themselves what no operator asked, and write over
    the line of progress.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def talks(command: Any) -> bool:
    """Whether a command of cliff is to say how far it is: not with --quiet."""
    options = getattr(command.app, 'options', None)
    return int(getattr(options, 'verbose_level', 1)) > 0


def agreed(question: str) -> bool:
    """Whether the answer is yes."""
    sys.stderr.write(f'{question} [y/N] ')
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {'y', 'yes'}


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end a command as Ctrl-C does: it cleans up."""
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def plain(text: object) -> str:
    """Text of others, without what a terminal would obey."""
    return ''.join(char if char.isprintable() else '?' for char in str(text))


def bar(done: int, total: int) -> str:
    """How much of it is done, as a bar and in percent; no bar without a total."""
    if total <= 0:
        return ''
    share = min(done / total, 1.0)
    full = int(share * _BAR)
    return f'[{"#" * full}{"." * (_BAR - full)}] {share:4.0%}'


class Progress:
    """One line that is written over, or on no terminal a line now and then.

    :param shown: whether anything is said at all
    """

    def __init__(self, shown: bool, clock: Clock = SYSTEM) -> None:
        self._shown = shown
        self._clock = clock
        self._terminal = sys.stderr.isatty()
        self._last: float | None = None

    def say(self, text: str) -> None:
        """How far it is."""
        if not self._shown:
            return
        if self._terminal:
            sys.stderr.write(f'\r\x1b[K{plain(text)}')
        elif self._due():
            sys.stderr.write(f'{plain(text)}\n')
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown and self._terminal:
            sys.stderr.write('\r\x1b[K')
            sys.stderr.flush()

    def _due(self) -> bool:
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < _BETWEEN_LINES:
            return False
        self._last = now
        return True
