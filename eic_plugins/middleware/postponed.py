"""Deletes a volume that a service asked to delete while it was being made.

Nova gives up waiting for a new volume after ``block_device_allocate_retries``
looks, and asks Cinder to delete it. Cinder refuses to delete what it is still
making, Nova does not ask again, and later the volume is there, nobody's, in its
user's quota. Here such a request is remembered, in Cinder's database, and the
volume is deleted by Cinder's own code once it is made.

It stays if anything was done with it since: if it is or was attached, is named,
described or owned otherwise, or has a state in which Cinder deletes nothing.

A worker that remembers deletions looks every few seconds, in one thread, and
starts none otherwise. What other workers remembered before they ended it finds
with its first request and once in ten minutes after that.
"""

import dataclasses
import enum
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds between two looks at volumes whose deletions are remembered."""
RECALL = 600.0
"""Seconds between two looks for deletions that other workers remembered."""

_ASKING_SECONDS = 60.0
_IN_THE_MAKING = frozenset({'creating', 'downloading'})
_MADE = frozenset({'available', 'error'})


class RefusedError(Exception):
    """Cinder does not delete the volume, in its own words."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """A volume: its status, whether anything was ever attached to it, and a
    digest of what only people change about it.
    """

    status: str
    used: bool
    mark: str


@dataclasses.dataclass(frozen=True)
class Asker:
    """Who asked: Cinder's context of the request, with a token that is valid
    until then (seconds since the epoch). It is kept in memory alone.
    """

    context: Any
    until: float = 0.0

    def may_ask(self) -> bool:
        """True if the token is good for a while."""
        return time.time() < self.until - _ASKING_SECONDS


@dataclasses.dataclass(frozen=True)
class Pending:
    """A deletion that one worker looks after: the volume's mark, and who asked,
    if that was asked of this worker.
    """

    mark: str
    asker: Asker | None = None


class Next(enum.StrEnum):
    """What becomes of a postponed deletion."""

    WAIT = 'wait'
    DELETE = 'delete'
    FORGET = 'forget'


class Deletions(Protocol):
    """Cinder, as :class:`eic_plugins.middleware.volumes.Deletions` has it."""

    def seen(self, volume_ids: Collection[str]) -> Mapping[str, Seen]:
        """These volumes; none of one that is gone."""

    def postpone(self, volume_id: str, mark: str) -> None:
        """Remember a deletion."""

    def postponed(self) -> Mapping[str, str]:
        """All that are remembered, with the volumes' marks."""

    def forget(self, volume_id: str) -> None:
        """Remember it no more."""

    def delete(self, volume_id: str, asker: Asker | None) -> None:
        """Delete the volume, or raise :class:`RefusedError`."""


def decide(volume: Seen | None, mark: str) -> Next:
    """What becomes of a deletion of a volume that had this mark: pure."""
    if volume is None or volume.used or volume.mark != mark:
        return Next.FORGET
    if volume.status in _IN_THE_MAKING:
        return Next.WAIT
    return Next.DELETE if volume.status in _MADE else Next.FORGET


def in_thread(work: Callable[[], None]) -> None:
    """Run it in a thread that ends with the process."""
    threading.Thread(target=work, daemon=True, name='eic-postponed').start()


class PostponedDeletions:
    """Those that one API worker looks after.

    No method raises.

    :param start: runs a callable in the background
    """

    def __init__(
        self,
        deletions: Deletions,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        self._deletions = deletions
        self._clock = clock
        self._sleep = sleep
        self._start = start
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self._recall_at = clock()
        self._looking = False

    def in_the_making(self, volume_id: str) -> str | None:
        """The mark of a volume that is being made; None of any other one."""
        try:
            volume = self._deletions.seen([volume_id]).get(volume_id)
        except Exception as err:
            LOG.warning(
                'Whether volume %(volume)s is being made is not known: %(err)s',
                {'volume': volume_id, 'err': err},
            )
            return None
        if volume is None or decide(volume, volume.mark) is not Next.WAIT:
            return None
        return volume.mark

    def postpone(self, volume_id: str, mark: str, asker: Asker | None = None) -> None:
        """Have it deleted when it is made."""
        try:
            self._deletions.postpone(volume_id, mark)
        except Exception as err:
            LOG.warning(
                'That volume %(volume)s is to be deleted when it is '
                'made is known to this process alone: %(err)s',
                {'volume': volume_id, 'err': err},
            )
        LOG.info(
            'Volume %s is being made. A service asked to delete it; it is '
            'deleted when it is made, unless somebody uses it.',
            volume_id,
        )
        with self._lock:
            self._pending[volume_id] = Pending(mark, asker)
        self._wake()

    def recall(self) -> None:
        """Called with each request: see once in a while what is remembered."""
        if self._clock() >= self._recall_at:
            self._wake()

    def look(self) -> bool:
        """Do what is to be done now; whether there is more to wait for."""
        try:
            self._recall_if_due()
            seen = self._deletions.seen(list(self._pending))
            for volume_id, pending in list(self._pending.items()):
                self._handle(
                    volume_id, pending, decide(seen.get(volume_id), pending.mark)
                )
        except Exception as err:
            LOG.warning(
                'Postponed deletions of volumes wait for a moment: %(error)s: %(err)s',
                {'error': type(err).__name__, 'err': err},
            )
        return bool(self._pending)

    def _wake(self) -> None:
        with self._lock:
            if self._looking:
                return
            self._looking = True
        try:
            self._start(self._watch)
        except RuntimeError as err:
            self._looking = False
            LOG.warning(
                'Postponed deletions of volumes wait for the next request: %s', err
            )

    def _watch(self) -> None:
        while self.look() or not self._may_end():
            self._sleep(PAUSE)

    def _may_end(self) -> bool:
        with self._lock:
            self._looking = bool(self._pending)
            return not self._looking

    def _recall_if_due(self) -> None:
        now = self._clock()
        if now < self._recall_at:
            return
        self._recall_at = now + RECALL
        found = self._deletions.postponed()
        with self._lock:
            self._pending = {
                **{key: Pending(mark) for key, mark in found.items()},
                **self._pending,
            }

    def _handle(self, volume_id: str, pending: Pending, what: Next) -> None:
        if what is Next.WAIT:
            return
        if what is Next.DELETE:
            self._delete(volume_id, pending.asker)
        self._deletions.forget(volume_id)
        with self._lock:
            self._pending.pop(volume_id, None)

    def _delete(self, volume_id: str, asker: Asker | None) -> None:
        try:
            self._deletions.delete(volume_id, asker)
        except RefusedError as err:
            LOG.info(
                'Volume %(volume)s stays, though a service asked to delete '
                'it while it was being made: %(err)s',
                {'volume': volume_id, 'err': err},
            )
        else:
            LOG.info(
                'Volume %s is deleted, as a service asked while it was being made.',
                volume_id,
            )
