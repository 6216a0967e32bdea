"""Locks that hold across threads, processes and hosts: Cinder's coordination.

``[coordination] backend_url`` decides how far they reach: with ``file://`` one
host, with etcd, Redis and the like all of them. A process that dies loses its
locks, with etcd and Redis when their lease ends. So does one that stands still for
that long, and it does not notice: who is about to publish asks first
(:meth:`Held.confirm`).

With ``file://`` each lock is a file, which its release leaves there. Those that
are a day old and nobody's are removed at each cleaning; what is locked again gets
a new one.
"""

import contextlib
import glob
from collections.abc import Iterator
from pathlib import Path

from cinder import coordination
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.engine.pool_cache import (
    LockLostError,
    LocksUnavailableError,
    LockTimeoutError,
)
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.volume import lease

CONF = cfg.CONF
LOG = logging.getLogger(__name__)
_OURS = 'eic-'
"""So begin the names of all locks of this bundle."""
_IDLE_SECONDS = 86400
_OUTAGE_SECONDS = 15.0
"""How long who waits for a lock bears with a backend that does not answer: as long
as one takes to be started again."""
_PAUSES = (0.05, 1.0)
_PAUSE_SHARE = 0.1
"""The next look at a lock comes after a tenth of what it was waited for, within
these bounds, in seconds."""
_FAILURES, _RESET_SECONDS = 3, 30.0


class Locks:
    """Locks by name.

    :param timeout: seconds that one may be waited for
    """

    def __init__(self, timeout: float, clock: Clock = SYSTEM) -> None:
        self._timeout = float(timeout)
        self._clock = clock
        self._breaker = CircuitBreaker(
            'The backend of [coordination]',
            'nothing is locked, and what is not cached is downloaded by Cinder.',
            _FAILURES,
            _RESET_SECONDS,
            clock,
        )

    @contextlib.contextmanager
    def held(self, name: str, *, wait: bool) -> Iterator['Held']:
        """Hold the lock.

        :param wait: False to give up at once if somebody else has it
        :raises LockTimeoutError: somebody else has it
        :raises LocksUnavailableError: the backend does not say who has it
        """
        held = Held(name, self._take(name, wait), self._clock)
        try:
            yield held
        finally:
            held.end()

    def _take(self, name: str, wait: bool) -> lease.Lease:
        if not self._breaker.allows():
            raise LocksUnavailableError('the locks did not answer a moment ago')
        try:
            taken = self._wait(name) if wait else lease.take(name, 0)
        except LocksUnavailableError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        if taken is None:
            seconds = self._timeout if wait else 0
            raise LockTimeoutError(f'lock {name} not acquired in {seconds} s')
        return taken

    def _wait(self, name: str) -> lease.Lease | None:
        watch = _Watch(self._clock, self._timeout)
        outage = _Outage(self._clock, min(_OUTAGE_SECONDS, self._timeout))
        while True:
            with outage.borne():
                taken = lease.take(name, watch.left)
                if taken is not None or not watch.left:
                    return taken
            self._clock.sleep(watch.pause)


class _Watch:
    """A wait with a deadline, in seconds."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._begun = clock.monotonic()

    @property
    def _passed(self) -> float:
        return self._clock.monotonic() - self._begun

    @property
    def left(self) -> float:
        return max(0.0, self._timeout - self._passed)

    @property
    def pause(self) -> float:
        """Until the next look; the last one is at the deadline."""
        shortest, longest = _PAUSES
        return min(max(shortest, self._passed * _PAUSE_SHARE), longest, self.left)


class _Outage:
    """Bears with a backend that does not answer, for so many seconds in a row."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._begun: float | None = None

    @contextlib.contextmanager
    def borne(self) -> Iterator[None]:
        """One try.

        :raises LocksUnavailableError: it was none for too long
        """
        started = self._clock.monotonic()
        try:
            yield
        except LocksUnavailableError:
            self._begun = started if self._begun is None else self._begun
            if self._clock.monotonic() - self._begun >= self._seconds:
                raise
        else:
            self._begun = None


class Held:
    """A lock that is held, as far as is known."""

    def __init__(self, name: str, taken: lease.Lease, clock: Clock) -> None:
        self._name = name
        self._lease: lease.Lease | None = taken
        self._clock = clock

    def confirm(self) -> bool:
        """Ask the backend whether the lock is still held, and hold it again if it
        was lost and nobody else has it.

        :returns: False if somebody else may have had it meanwhile
        :raises LockLostError: somebody else has it
        :raises LocksUnavailableError: the backend does not say
        """
        outage = _Outage(self._clock, _OUTAGE_SECONDS)
        while True:
            with outage.borne():
                return self._confirmed()
            self._clock.sleep(_PAUSES[1])

    def end(self) -> None:
        """Let the next one have it; never raises."""
        if self._lease is None:
            return
        try:
            if not self._lease.give_back():
                # Redis also answers so to a release that tooz has tried twice.
                self._warn('was lost before it was released, or ends with its lease')
        except LocksUnavailableError as err:
            self._warn(f'was not released, and ends with its lease ({err})')

    def _confirmed(self) -> bool:
        if self._lease is not None and self._lease.renew():
            return True
        self._regain()
        return False

    def _regain(self) -> None:
        self.end()
        self._lease = None
        self._lease = lease.take(self._name, 0)
        if self._lease is None:
            raise LockLostError(f'lock {self._name} was lost, and is held by another')
        self._warn('was lost, and is held again')

    def _warn(self, what: str) -> None:
        LOG.warning(
            'Lock %(name)s %(what)s: the backend of [coordination] was not reached in '
            'time, or has forgotten it.',
            {'name': self._name, 'what': what},
        )


def remove_idle_files() -> None:
    """Remove the files of old locks of ours that nobody has; never raises."""
    try:
        for path in _old_files():
            _remove_idle(path.name.removeprefix(coordination.COORDINATOR.prefix))
    except Exception as err:
        LOG.warning('Files of old locks stay for now: %s', err)


def _old_files() -> Iterator[Path]:
    """A file keeps the time at which the lock was first taken."""
    url = CONF.coordination.backend_url or ''
    if not url.startswith(lease.FILES):
        return
    directory = Path(url.removeprefix(lease.FILES))
    prefix = coordination.COORDINATOR.prefix + _OURS
    for path in list(directory.glob(glob.escape(prefix) + '*')):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < SYSTEM.time() - _IDLE_SECONDS:
                yield path


def _remove_idle(name: str) -> None:
    # Who opened the file before it goes and locks it after that, locks nothing
    # that the next one sees: a fill more in a moment's race, never a wrong one.
    with contextlib.suppress(LockTimeoutError), Locks(0).held(name, wait=False):
        coordination.COORDINATOR.remove_lock(glob.escape(name))


def check_reach(cluster_name: str | None) -> None:
    """Say in the log where the locks do not reach as far as Cinder does."""
    url = CONF.coordination.backend_url or ''
    if not url.startswith(lease.FILES):
        return
    LOG.info(
        '[coordination] backend_url is %s: right as long as no other '
        'host runs cinder-volume on the same shares.',
        url,
    )
    if cluster_name:
        LOG.error(
            '[coordination] backend_url is %s, which locks on this '
            'host alone, but cinder-volume runs active-active in '
            'cluster %s: volumes on several hosts will make the '
            'same cached image and disturb each other. Set it to '
            'etcd, Redis or another shared backend of tooz.',
            url,
            cluster_name,
        )
