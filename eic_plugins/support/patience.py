"""What failed a short while ago is left alone for a while, ever longer.

Kept in memory: after a restart everything is tried at once.
"""

from collections.abc import Hashable

from eic_plugins.support.clock import Clock

_LONGEST_PAUSE = 86400.0  # seconds


class Failures:
    """Which failed a short while ago.

    :param pause: seconds after the first failure; twice as long after each
        further one, a day at most
    """

    def __init__(self, pause: float, clock: Clock) -> None:
        self._pause = pause
        self._clock = clock
        self._seen: dict[Hashable, tuple[float, float]] = {}

    def note(self, key: Hashable, failed: bool) -> None:
        """It was tried."""
        if not failed:
            self._seen.pop(key, None)
            return
        pause = min(2 * self._seen.get(key, (0.0, self._pause / 2))[1], _LONGEST_PAUSE)
        self._seen[key] = (self._clock.time() + pause, pause)

    def too_recent(self, key: Hashable) -> bool:
        """True if it failed and its pause is not over."""
        return self._clock.time() < self._seen.get(key, (0.0, 0.0))[0]
