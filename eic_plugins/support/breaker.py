"""Leaves a remote alone for a while after failures in a row."""

import collections
import threading

from oslo_log import log as logging

from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)
_OWNERS = 1024


class CircuitBreaker:
    """Says whether a remote may be asked.

    :param remote: its name for the log
    :param effect: what the operator sees while it is left alone
    :param failures: in a row, after which it is left alone
    :param reset: for how many seconds
    """

    def __init__(
        self,
        remote: str,
        effect: str,
        failures: int,
        reset: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._remote = remote
        self._effect = effect
        self._limit = failures
        self._reset = reset
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._asked_again = float('-inf')

    def allows(self) -> bool:
        """False while the remote is left alone."""
        return self._clock.monotonic() >= self._asked_again

    def succeeded(self) -> None:
        """The remote answered."""
        with self._lock:
            if self._failures >= self._limit:
                LOG.info('%s answers again.', self._remote)
            self._failures = 0

    def failed(self) -> None:
        """The remote did not answer as it should."""
        with self._lock:
            self._failures += 1
            if self._failures < self._limit:
                return
            self._asked_again = self._clock.monotonic() + self._reset
            LOG.warning(
                '%(remote)s failed %(failures)d times in a row: for '
                '%(seconds).0f s %(effect)s',
                {
                    'remote': self._remote,
                    'failures': self._failures,
                    'seconds': self._reset,
                    'effect': self._effect,
                },
            )


class CircuitBreakers:
    """A breaker for each owner of what a remote is asked about.

    A remote may fail, or be slow, because of what one owner asks: about an image with
    odd properties, or with very many. A failure does not say whose fault it is. So
    nobody's questions are kept back because of somebody else's. A remote that is down
    fails for each owner a few times.

    :param remote: its name for the log, as the other parameters are those of
        :class:`CircuitBreaker`
    """

    def __init__(
        self,
        remote: str,
        effect: str,
        failures: int,
        reset: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._remote = remote
        self._how = effect, failures, reset, clock
        self._lock = threading.Lock()
        self._breakers: collections.OrderedDict[str, CircuitBreaker] = (
            collections.OrderedDict()
        )

    def of(self, owner: str) -> CircuitBreaker:
        """The breaker for what ``owner`` (a project's id) asks about."""
        with self._lock:
            if owner not in self._breakers:
                self._breakers[owner] = CircuitBreaker(
                    f'{self._remote}, asked for project {owner or "unknown"},',
                    *self._how,
                )
            self._breakers.move_to_end(owner)
            while len(self._breakers) > _OWNERS:
                self._breakers.popitem(last=False)
            return self._breakers[owner]
