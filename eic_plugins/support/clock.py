"""Time, as everything here is told it: so that a test can make it pass."""

import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The clock of this host."""

    # Each looks its function up when it is called: eventlet may replace them.

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds; other greenthreads go on."""
        time.sleep(seconds)


SYSTEM = SystemClock()
