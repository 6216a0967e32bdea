"""Tells the schedulers at once that a pool has an image, not within a minute.

Cinder's volume manager collects and publishes the statistics of its driver every
``backend_stats_polling_interval`` seconds, and whenever a scheduler asks it to,
over RPC (``publish_service_capabilities``). A driver has no other way to its
manager: it asks its own service the same. That costs a collection of statistics,
so it is done once in two seconds at most.
"""

import threading
from collections.abc import Callable

from oslo_log import log as logging

from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 2.0


class StatsPublisher:
    """Has news published soon.

    :param publish: does it, or raises
    :param later: calls a function in a thread after some seconds
    """

    def __init__(
        self,
        publish: Callable[[], None],
        clock: Clock = SYSTEM,
        later: Callable[[float, Callable[[], None]], None] | None = None,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._later = later or _in_a_thread
        self._lock = threading.Lock()
        self._told = float('-inf')
        self._waiting = False

    def publish_soon(self) -> None:
        """There is something to tell; returns at once and never raises."""
        with self._lock:
            if self._waiting:
                return
            self._waiting = True
            pause = max(self._told + _PAUSE_SECONDS - self._clock.monotonic(), 0.0)
        self._later(pause, self._tell)

    def _tell(self) -> None:
        with self._lock:
            # What comes from now on is not in it any more.
            self._waiting = False
            self._told = self._clock.monotonic()
        try:
            self._publish()
        except Exception as err:
            LOG.debug(
                'The schedulers learn of it with the next statistics: '
                '%(error)s: %(err)s',
                {'error': type(err).__name__, 'err': err},
            )


def _in_a_thread(pause: float, what: Callable[[], None]) -> None:
    timer = threading.Timer(pause, what)
    timer.daemon = True
    timer.start()
