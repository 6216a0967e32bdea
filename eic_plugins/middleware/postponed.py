"""Deletes a volume that a service asked to delete while it was being made.

Nova gives up waiting for a new volume after ``block_device_allocate_retries``
looks, and asks Cinder to delete it. Cinder refuses to delete what it is still
making, and Nova does not ask again. So the volume is made all the same: nobody
knows of it, and it counts against its user's quota. Here such a request is
remembered, in Cinder's database, and the volume is deleted by Cinder's own code once
it is made, unless it was used meanwhile (:mod:`deletion_rules`).

A worker that remembers deletions looks every few seconds, in one thread; a worker
that remembers none has no such thread. What other workers remembered before they
ended, a worker finds with its first request and once in ten minutes after that.
"""

import dataclasses
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from oslo_log import log as logging

from eic_plugins.middleware.deletion_rules import Next, VolumeState, decide
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds between two looks at volumes whose deletions are remembered."""
RECALL = 600.0
"""Seconds between two looks for deletions that other workers remembered."""

_ASKING_SECONDS = 60.0


class DeletionRefusedError(Exception):
    """Cinder does not delete the volume, in its own words."""


@dataclasses.dataclass(frozen=True)
class Asker:
    """Who asked for a deletion: Cinder's context of the request.

    Its token is valid until then (seconds since the epoch). It is kept in memory
    alone.
    """

    context: Any
    until: float = 0.0

    def may_ask(self) -> bool:
        """True if the token is good for a while."""
        return SYSTEM.time() < self.until - _ASKING_SECONDS


@dataclasses.dataclass(frozen=True)
class Pending:
    """A deletion that one worker looks after.

    ``mark`` is the volume's when the deletion was asked for; ``asker`` is known to
    the worker alone that was asked.
    """

    mark: str
    asker: Asker | None = None


class CinderVolumes(Protocol):
    """Cinder's volumes and the deletions noted there; each method may raise."""

    def states(self, volume_ids: Collection[str]) -> Mapping[str, VolumeState]:
        """These volumes; none of one that is gone."""

    def note_deletion(self, volume_id: str, mark: str) -> None:
        """Have a deletion remembered."""

    def noted_deletions(self) -> Mapping[str, str]:
        """All that are remembered: the volumes' marks by id."""

    def forget_deletion(self, volume_id: str) -> None:
        """Remember it no more."""

    def delete(self, volume_id: str, asker: Asker | None) -> None:
        """Delete the volume, or raise :class:`DeletionRefusedError`."""


def uncounted(_result: str) -> None:
    """Nobody wants to know."""


def in_thread(work: Callable[[], None]) -> None:
    """Run ``work`` in a thread that ends with the process."""
    threading.Thread(target=work, daemon=True, name='eic-postponed').start()


class PostponedDeletions:
    """The postponed deletions that one API worker looks after.

    No method raises an error.

    :param start: runs a callable in the background
    :param count: is told what becomes of a deletion
    """

    def __init__(
        self,
        volumes: CinderVolumes,
        clock: Clock = SYSTEM,
        start: Callable[[Callable[[], None]], None] = in_thread,
        count: Callable[[str], None] = uncounted,
    ) -> None:
        self._volumes = volumes
        self._clock = clock
        self._start = start
        self._count = count
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self._recall_at = clock.monotonic()
        self._looking = False

    def in_the_making(self, volume_id: str) -> str | None:
        """The mark of a volume that is being made; None of any other one."""
        try:
            volume = self._volumes.states([volume_id]).get(volume_id)
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
            self._volumes.note_deletion(volume_id, mark)
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
        self._count('postponed')
        with self._lock:
            self._pending[volume_id] = Pending(mark, asker)
        self._wake()

    def recall(self) -> None:
        """Look once in a while for what other workers remembered.

        Called with each request.
        """
        if self._clock.monotonic() >= self._recall_at:
            self._wake()

    def look(self) -> bool:
        """Do what can be done now.

        :returns: whether deletions are left to wait for
        """
        try:
            self._recall_if_due()
            # A copy: one that is added meanwhile has no state yet, as if it were gone.
            pending_now = dict(self._pending)
            states = self._volumes.states(list(pending_now))
            for volume_id, pending in pending_now.items():
                self._handle(
                    volume_id, pending, decide(states.get(volume_id), pending.mark)
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
            self._clock.sleep(PAUSE)

    def _may_end(self) -> bool:
        with self._lock:
            self._looking = bool(self._pending)
            return not self._looking

    def _recall_if_due(self) -> None:
        now = self._clock.monotonic()
        if now < self._recall_at:
            return
        # Soon, if the database does not answer.
        self._recall_at = now + PAUSE
        noted = self._volumes.noted_deletions()
        self._recall_at = now + RECALL
        with self._lock:
            self._pending = {
                **{key: Pending(mark) for key, mark in noted.items()},
                **self._pending,
            }

    def _handle(self, volume_id: str, pending: Pending, what: Next) -> None:
        if what is Next.WAIT:
            return
        if what is Next.DELETE:
            self._delete(volume_id, pending.asker)
        else:
            LOG.info(
                'Volume %s is gone, or somebody has done something with it since a '
                'service asked to delete it: that request is forgotten.',
                volume_id,
            )
            self._count('forgotten')
        self._volumes.forget_deletion(volume_id)
        with self._lock:
            self._pending.pop(volume_id, None)

    def _delete(self, volume_id: str, asker: Asker | None) -> None:
        try:
            self._volumes.delete(volume_id, asker)
        except DeletionRefusedError as err:
            LOG.info(
                'Volume %(volume)s stays, though a service asked to delete '
                'it while it was being made: %(err)s',
                {'volume': volume_id, 'err': err},
            )
            self._count('refused')
        else:
            self._count('deleted')
            LOG.info(
                'Volume %s is deleted, as a service asked while it was being made.',
                volume_id,
            )
