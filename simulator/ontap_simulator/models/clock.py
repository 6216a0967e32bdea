"""Time, so that tests can turn it forward."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the models read the time from."""

    def time(self) -> float:
        """Seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
