"""One lock of tooz, asked of its backend in bounded time: taken, looked at, given back.

What tooz promises of a lock differs by its driver, and so does what is wrong with it:

- etcd: a wait with a timeout ends in ``tenacity.RetryError``. Each try grants a lease.
  ``is_still_owner`` is not implemented, and a heartbeat does not tell that the lease
  is lost. A lock whose release failed is kept alive for as long as the process lives.
- Redis: redis-py tries again by itself, and tooz does so fifteen times around that. A
  server that is down is told of after a minute, one that stands still after minutes.

So a lock is never waited for inside tooz: it is tried, and a question has a deadline.
Files are the exception: their waits end as they should, and nothing can stand still.

Read in tooz 6.3 to 9.1; ``tests/contract/test_locks.py`` has each of these come up.
"""

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from cinder import coordination
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.engine.pool_cache import LocksUnavailableError

CONF = cfg.CONF
LOG = logging.getLogger(__name__)
FILES = 'file://'
ANSWER_SECONDS = 5.0
"""How long a backend may take to answer one question."""
_ETCD = 'tooz.drivers.etcd3gw'

Answer = TypeVar('Answer')


class Lease(Protocol):
    """A lock that this process was given, for as long as the backend says so."""

    def renew(self) -> bool:
        """True if it still is this process's, from now on for a whole lease.

        :raises LocksUnavailableError: the backend does not say
        """

    def give_back(self) -> bool:
        """Release it; False if it was lost before, or ends with its lease.

        :raises LocksUnavailableError: the backend does not say; the lock then ends
            with its lease
        """


def take(name: str, seconds: float) -> Lease | None:
    """The lock, or None if somebody else has it.

    :param seconds: how long a backend of files may be waited for
    :raises LocksUnavailableError: the backend does not say who has it
    """
    if (CONF.coordination.backend_url or '').startswith(FILES):
        return _take_file(name, seconds)
    return _take_remote(name, ANSWER_SECONDS)


def _take_file(name: str, seconds: float) -> Lease | None:
    lock = _asked(lambda: coordination.COORDINATOR.get_lock(name))
    taken = _asked(lambda: lock.acquire(blocking=seconds or False))
    return _FileLease(lock) if taken else None


def _take_remote(name: str, seconds: float) -> Lease | None:
    # One lock for one try: what comes of a try that was given up is its own.
    lock = _asked(lambda: coordination.COORDINATOR.get_lock(name))
    if _in_time(lambda: _is_taken(lock), seconds):
        return None
    taken = _in_time(
        lambda: lock.acquire(blocking=False),
        seconds,
        lambda late: lock.release() if late else None,
    )
    return _RemoteLease(lock) if taken else None


class _FileLease:
    """A lock of a file: the operating system has it, until the process ends."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def renew(self) -> bool:
        """It cannot be lost."""
        return bool(_asked(self._lock.is_still_owner))

    def give_back(self) -> bool:
        """Let the next one have it."""
        return bool(_asked(self._lock.release))


class _RemoteLease:
    """A lock that a service has written down for a while."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def renew(self) -> bool:
        """A heartbeat first: so there is a whole lease from what is seen then."""
        return _in_time(self._renewed, ANSWER_SECONDS)

    def give_back(self) -> bool:
        """Whatever comes of it: no heartbeat keeps the lock from now on."""
        try:
            return bool(_in_time(self._lock.release, ANSWER_SECONDS))
        finally:
            _end_heartbeats(self._lock)

    def _renewed(self) -> bool:
        heartbeat = getattr(self._lock, 'heartbeat', None)
        if heartbeat is not None:
            try:
                heartbeat()
            except Exception as err:
                # Redis refuses it to who has lost the lock.
                LOG.debug('No heartbeat for %s: %s', self._lock.name, err)
        return _is_ours(self._lock)


def _is_ours(lock: Any) -> bool:
    """What the backend itself says of it; where it says nothing, what tooz believes."""
    if type(lock).__module__ == _ETCD:
        return _value_in_etcd(lock) == lock._uuid
    try:
        return bool(lock.is_still_owner())
    except NotImplementedError:
        return bool(getattr(lock, 'acquired', True))


def _is_taken(lock: Any) -> bool:
    """True if a try would be in vain: on etcd, it costs a lease to find that out."""
    return type(lock).__module__ == _ETCD and _value_in_etcd(lock) is not None


def _value_in_etcd(lock: Any) -> str | None:
    """Who has the lock, as tooz has written it there, in base64."""
    client = lock._coord.client
    found = client.post(client.get_url('/kv/range'), json={'key': lock._key_b64})
    kept = found.get('kvs') or ()
    return str(kept[0].get('value', '')) if kept else None


def _end_heartbeats(lock: Any) -> None:
    """Have its lease end where tooz would renew it for ever (etcd)."""
    kept = getattr(getattr(lock, '_coord', None), '_acquired_locks', None)
    if isinstance(kept, set):
        kept.discard(lock)


def _asked(question: Callable[[], Answer]) -> Answer:
    """The backend's answer.

    :raises LocksUnavailableError: there is none
    """
    try:
        return question()
    except Exception as err:
        # Each driver, and what it is built on, raises what it likes.
        said = str(err) or type(err).__name__
        raise LocksUnavailableError(f'no answer of the locks: {said}') from err


def _in_time(
    question: Callable[[], Answer],
    seconds: float,
    late: Callable[[Answer], object] = lambda _answer: None,
) -> Answer:
    """The backend's answer, if it comes in time.

    :param late: what is done with one that comes too late
    :raises LocksUnavailableError: there is none
    """
    return _Question(question, late).answer(seconds)


class _Question:
    """A question to the backend, in a thread of its own (eventlet's, where it is)."""

    def __init__(
        self, question: Callable[[], Any], late: Callable[[Any], object]
    ) -> None:
        self._question = question
        self._late = late
        self._answered = threading.Event()
        self._mutex = threading.Lock()
        self._given_up = False
        self._answer: Any = None
        self._error: LocksUnavailableError | None = None

    def answer(self, seconds: float) -> Any:
        """Wait for it.

        :raises LocksUnavailableError: there is none
        """
        threading.Thread(target=self._ask, daemon=True, name='eic-lock').start()
        self._answered.wait(seconds)
        with self._mutex:
            self._given_up = not self._answered.is_set()
        if self._given_up:
            raise LocksUnavailableError(f'no answer of the locks in {seconds:g} s')
        if self._error is not None:
            raise self._error
        return self._answer

    def _ask(self) -> None:
        try:
            self._answer = _asked(self._question)
        except LocksUnavailableError as err:
            self._error = err
        with self._mutex:
            self._answered.set()
            given_up = self._given_up
        if given_up and self._error is None:
            self._undo()

    def _undo(self) -> None:
        try:
            self._late(self._answer)
        except Exception as err:
            LOG.warning('A lock that came too late ends with its lease: %s', err)
