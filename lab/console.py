"""Shows what goes on: a line for each step that is done, with its seconds.

On a terminal the last line says what is under way. Elsewhere there is a line about
that every half minute.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

from lab.errors import CancelledError

_QUIET_SECONDS = 30.0
_REFRESH_SECONDS = 0.5
_CLEAR_LINE = '\r\x1b[K'


class Console:
    """Prints progress; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._under_way: dict[str, float] = {}
        self._live = sys.stdout.isatty()
        self._last_line = time.monotonic()

    def line(self, text: str) -> None:
        """Print a line above the live one."""
        with self._lock:
            self._write(f'{_CLEAR_LINE if self._live else ""}{text}\n')
            self._last_line = time.monotonic()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, and say how it ended."""
        began = time.monotonic()
        with self._lock:
            self._under_way[name] = began
        verdict = 'FAILED'
        try:
            yield
            verdict = 'ok'
        except CancelledError:
            verdict = 'ended'
            raise
        finally:
            with self._lock:
                self._under_way.pop(name, None)
            seconds = time.monotonic() - began
            self.line(f'  {verdict:<6} {name:<46} {seconds:6.1f} s')

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Keep the live line fresh while the body runs."""
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()
            if self._live:
                self._write(_CLEAR_LINE)

    def _tick(self, done: threading.Event) -> None:
        while not done.wait(_REFRESH_SECONDS):
            with self._lock:
                self._show_under_way()

    def _show_under_way(self) -> None:
        now = time.monotonic()
        names = ', '.join(
            f'{name} ({now - began:.0f} s)' for name, began in self._under_way.items()
        )
        if self._live:
            self._write(f'{_CLEAR_LINE}  ...    {names}'[:110])
        elif names and now - self._last_line > _QUIET_SECONDS:
            self.line(f'  ...    {names}')

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
