"""Cached images: an image's raw, inspected bytes, once in a pool.

A cached image is made under a temporary name, inspected, and published by its
record last: a crash leaves none or a good one. One volume makes it while the
others that need it wait for the lock (tooz, across hosts). Who has lost the lock
meanwhile publishes nothing, unless it gets it back. Where and how a
pool keeps them is its :class:`~eic_plugins.storage.interface.PoolStorage`'s business.
"""

import contextlib
import dataclasses
import secrets
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from oslo_log import log as logging

from eic_plugins.model import CachedImage, Image, Pool, StoredObject
from eic_plugins.ontap.session import OntapForbiddenError
from eic_plugins.storage.eviction import Usage
from eic_plugins.storage.interface import Filled, PoolStorage, Record, View
from eic_plugins.storage.names import FILL_PREFIX

LOG = logging.getLogger(__name__)

_IDLE_SECONDS = 60


class NotLockedError(Exception):
    """A lock is not held, or nobody can tell."""


class LockTimeoutError(NotLockedError):
    """A lock was not to be had within its deadline: somebody else has it."""


class LocksUnavailableError(NotLockedError):
    """What keeps the locks does not answer."""


class LockLostError(NotLockedError):
    """A lock ended while it was thought to be held, and somebody else has it."""


class Held(Protocol):
    """A lock that is held, as far as is known."""

    def confirm(self) -> bool:
        """Make sure that the lock is held from now on, before anything is published.

        :returns: False if it was lost and is held again: somebody else may have had
            it meanwhile
        :raises LockLostError: somebody else has it
        :raises LocksUnavailableError: nobody can tell
        """


class Locks(Protocol):
    """Locks by name that hold across threads, processes and hosts."""

    def held(self, name: str, *, wait: bool) -> AbstractContextManager[Held]:
        """Hold a lock.

        :param wait: False to give up at once if somebody else has it
        :raises LockTimeoutError: somebody else has it
        :raises LocksUnavailableError: nobody can tell
        """


def is_verified(image: Image, signature: str) -> bool:
    """True if what was verified is the signature that the image has today."""
    return bool(signature) and signature == image.signature


class PublishForbiddenError(Exception):
    """The role does not allow the call that gives a finished fill its name."""


class NoRoomError(Exception):
    """The pool has no room for one cached image more."""


@dataclasses.dataclass(frozen=True)
class Want:
    """A cached image that is to be made.

    ``needed`` are the bytes that it takes in the pool at most, 0 if it shares
    those of a file there; ``size`` those of its raw disk; ``evicts`` if others
    may go for it.
    """

    image_id: str
    needed: int
    size: int
    evicts: bool = True


class RoomKeeper(Protocol):
    """Sees to it that pools have room for what is filled in."""

    def taken(self, cache: 'PoolCache', want: Want) -> AbstractContextManager[None]:
        """Have room for a fill as long as it goes on.

        :raises NoRoomError: there is none
        """


class EndlessRoom:
    """Room without a limit."""

    def taken(self, cache: 'PoolCache', want: Want) -> AbstractContextManager[None]:
        """Whatever is wanted."""
        return contextlib.nullcontext()


class Fill(Protocol):
    """How one cached image is made."""

    @property
    def verifies(self) -> bool:
        """True if the image's signature is to be verified."""

    @property
    def want(self) -> Want | None:
        """The room that it takes, None if that is no question."""

    def make(self, target: StoredObject) -> Filled:
        """Make ``target``.

        :raises Exception: the caller removes what there is of ``target``
        """

    def verify(self, path: Path) -> None:
        """Verify the image's signature; asked if :meth:`make` has not done it.

        :param path: what was made, on this host
        :raises Exception: it is not the signature of these bytes
        """


class CachedImages:
    """The cached images of one pool, for who looks at them only."""

    def __init__(self, view: View) -> None:
        self.view = view

    @property
    def pool(self) -> Pool:
        """The pool that these are in."""
        return self.view.pool

    def find(self, image: Image, verified: bool = False) -> CachedImage | None:
        """The cached image of exactly these bytes.

        :param verified: True to find it only if the signature was verified
            that the image has today
        """
        cached = self.recall(image, verified)
        if cached is None and self.view.remembers:
            self.view.refresh(image.id)
            cached = self.recall(image, verified)
        return cached

    def recall(self, image: Image, verified: bool = False) -> CachedImage | None:
        """As :meth:`find`, after a look that was made a moment ago, maybe at another
        pool of the backend.
        """
        record = self.view.recall(image.id)
        if record is None or record.identity != image.identity:
            return None
        if verified and not is_verified(image, record.signature):
            return None
        return self._cached(image, record)

    def _cached(self, image: Image, record: Record) -> CachedImage:
        stored = dataclasses.replace(
            self.pool.stored(image.cached_name), uuid=record.uuid
        )
        return CachedImage(
            stored, record.identity, record.virtual_size, record.signature
        )


class PoolCache(CachedImages):
    """The cached images of one pool, for who uses, makes and removes them."""

    def __init__(
        self, storage: PoolStorage, locks: Locks, room: RoomKeeper | None = None
    ) -> None:
        super().__init__(storage)
        self.storage = storage
        self._locks = locks
        self._room = room or EndlessRoom()

    def ensure(
        self,
        image: Image,
        fill: Fill,
        wait: bool = True,
    ) -> tuple[CachedImage, bool]:
        """The cached image, made by ``fill`` unless somebody else makes it.

        :param wait: False to give up at once if somebody else makes it
        :returns: the cached image, and whether this call made it
        :raises NoRoomError: there is no room for it
        :raises Exception: whatever the fill, the inspection or the lock
            raises; nothing of the attempt is left behind
        """
        try:
            return self._ensure(image, fill, wait)
        except LockLostError as err:
            if not wait:
                raise
            LOG.warning(
                'What was made of image %(image)s in pool %(pool)s is dropped: '
                '%(err)s. Waiting for what that one makes.',
                {'image': image.id, 'pool': self.pool.name, 'err': err},
            )
        return self._ensure(image, fill, wait)

    def _ensure(self, image: Image, fill: Fill, wait: bool) -> tuple[CachedImage, bool]:
        with self.locked(image.id, wait) as held:
            cached = self._look(image, fill)
            if cached is not None:
                return cached, False
            with self._room_for(fill):
                return self._make(image, fill, held)

    def _look(self, image: Image, fill: Fill) -> CachedImage | None:
        """The cached image that another host may have made."""
        self.storage.refresh(image.id)
        return self.recall(image, fill.verifies)

    def touch(self, image: Image) -> bool:
        """Say that the cached image is in use now: no eviction takes it.

        :returns: False if it is not there any more
        """
        return self.storage.touch(image.id)

    def keep(self, image: Image) -> None:
        """Say that the cached image is still in use, which takes a while."""
        self.storage.keep(image.id)

    def forget(self, image: Image) -> None:
        """Withdraw the record: the bytes turned out not to be there."""
        try:
            self.storage.withdraw(image.id)
        except OSError as err:
            LOG.warning(
                'The record of image %(image)s in %(pool)s cannot be removed: %(err)s',
                {'image': image.id, 'err': err, 'pool': self.pool.name},
            )

    def evict(self, usage: Usage) -> bool:
        """Remove a cached image, unless it is being made or was just used.

        :returns: whether it was removed
        :raises LockTimeoutError: it is being made
        :raises LocksUnavailableError: nobody can tell whether it is being made
        """
        with self.locked(usage.image_id, wait=False):
            if not self.storage.withdraw_unused(usage):
                return False
            self.storage.remove_image(usage.image_id)
        LOG.info(
            'Removed cached image %(image)s from pool %(pool)s.',
            {'image': usage.image_id, 'pool': self.pool.name},
        )
        return True

    def sweep(self, now: float) -> None:
        """Remove what is left of fills that were cut off, of any image.

        That includes what a cluster made after a silence, when nobody waited for it
        any more. A fill that is under way is left alone. It is known by its lock,
        and, on hosts that do not share the lock, by the time of its last write.
        """
        for leftover in self.storage.leftovers():
            if now - leftover.idle_since < _IDLE_SECONDS:
                continue
            with (
                contextlib.suppress(NotLockedError),
                self.locked(leftover.image_id, wait=False),
            ):
                LOG.info(
                    'Removing %(name)s from pool %(pool)s, left over by a '
                    'fill that was cut off.',
                    {'name': leftover.name, 'pool': self.pool.name},
                )
                self.storage.remove(leftover.name)

    def locked(self, image_id: str, wait: bool) -> AbstractContextManager[Held]:
        """The lock of an image in this pool."""
        return self._locks.held(f'eic-{image_id}-{self.pool.flexvol.uuid}', wait=wait)

    def cluster_locked(self, image_id: str) -> AbstractContextManager[Held]:
        """The lock of an image in the pool's cluster: what may be done once for
        a cluster is done under it.
        """
        return self._locks.held(
            f'eic-download-{image_id}-{self.pool.flexvol.cluster}', wait=True
        )

    def _room_for(self, fill: Fill) -> AbstractContextManager[None]:
        want = fill.want
        return (
            contextlib.nullcontext() if want is None else self._room.taken(self, want)
        )

    def _make(self, image: Image, fill: Fill, held: Held) -> tuple[CachedImage, bool]:
        name = f'{FILL_PREFIX}{image.id}-{secrets.token_hex(4)}'
        try:
            record = self._fill(name, image, fill)
            made_by_another = None if held.confirm() else self._look(image, fill)
            if made_by_another is not None:
                self.storage.remove(name)
                return made_by_another, False
            record = self._publish(self.pool.stored(name), image, record)
        except BaseException:
            self.storage.remove(name)
            raise
        LOG.info(
            'Cached image %(image)s is in pool %(pool)s, %(size)d bytes.',
            {
                'image': image.id,
                'pool': self.pool.name,
                'size': record.virtual_size,
            },
        )
        return self._cached(image, record), True

    def _fill(self, name: str, image: Image, fill: Fill) -> Record:
        """Make it, and look at it; what there is to say of it."""
        filled = fill.make(self.pool.stored(name))
        size = self.storage.examine(
            name,
            filled.virtual_size or image.raw_size,
            fill.verify if self._unverified(image, fill, filled) else None,
            filled.inspected,
        )
        return Record(
            image.identity,
            size,
            image.signature if fill.verifies else filled.signature,
        )

    @staticmethod
    def _unverified(image: Image, fill: Fill, filled: Filled) -> bool:
        return fill.verifies and not is_verified(image, filled.signature)

    def _publish(self, target: StoredObject, image: Image, record: Record) -> Record:
        try:
            return self.storage.publish(target, image, record)
        except OntapForbiddenError as err:
            raise PublishForbiddenError(str(err)) from err
