"""How many requests are served in a second."""

import time
from collections.abc import Callable


class Rate:
    """A bucket that fills with time; what it holds at most is a second's share.

    :param per_second: requests
    """

    def __init__(
        self, per_second: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._most = max(per_second, 1.0)
        self._monotonic = monotonic
        self._left = self._most
        self._last = monotonic()

    def allows(self) -> bool:
        """Whether one more request is within the rate; it counts if it is."""
        now = self._monotonic()
        self._left = min(self._left + (now - self._last) * self._per_second, self._most)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
