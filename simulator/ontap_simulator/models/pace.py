"""How fast a copy is."""

from ontap_simulator.disk import reflink
from ontap_simulator.models.clock import Clock
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.settings import Settings

_TICK = 0.02


class Pace:
    """How many bytes may move by now."""

    def __init__(self, settings: Settings, clock: Clock, most: int) -> None:
        self._settings = settings
        self._clock = clock
        self._most = most
        self._last = clock.monotonic()
        self._allowed = 0.0

    def step(self, job: Job, left: int, last: bool) -> int:
        """Wait a moment, then say how many bytes to move.

        :param last: the bytes end where the file ends, not on a block
        """
        rate = self._rate()
        if not rate:
            job.check_cancelled()
            return left
        job.cancelled.wait(_TICK)
        job.check_cancelled()
        now = self._clock.monotonic()
        self._allowed += rate * (now - self._last)
        self._last = now
        if self._allowed >= left and last:
            step = left
        else:
            allowed = min(int(self._allowed), left)
            step = allowed - allowed % reflink.BLOCK
        self._allowed -= step
        return step

    def _rate(self) -> int:
        rates = [r for r in (self._settings.copy_throughput, self._most) if r]
        return min(rates, default=0)
