"""Remembers answers for a while, and nobody's at everybody's cost."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

import cachetools

from eic_plugins.support.clock import SYSTEM, Clock

Key = TypeVar('Key', bound=Hashable)
Found = TypeVar('Found')
REMEMBERED = 1024
"""Answers that are remembered at once."""
OWNERS_SHARE = REMEMBERED // 4
"""Those of one owner."""


class FairMemory(Generic[Key, Found]):
    """Answers, each for ``ttl`` seconds; of too many, those unused longest go.

    One owner has a quarter of the room: who asks for a thousand images makes
    nobody else's be forgotten.
    """

    def __init__(self, ttl: float, clock: Clock = SYSTEM) -> None:
        self._lock = threading.Lock()
        self._known: cachetools.TTLCache[Key, Found] = cachetools.TTLCache(
            REMEMBERED, ttl, clock.monotonic
        )
        self._owners: dict[Key, str] = {}

    def __len__(self) -> int:
        """How many answers are remembered."""
        with self._lock:
            return len(self._known)

    def owned_by(self, owner: str) -> int:
        """How many of them are of what ``owner`` asked for."""
        with self._lock:
            return len(self._of(owner))

    def recall(self, key: Key) -> Found | None:
        """The answer, None if there is none, or no longer."""
        with self._lock:
            return self._known.get(key)

    def remember(self, key: Key, owner: str, found: Found) -> None:
        """Keep an answer, at the cost of the owner's oldest, or of one unused longest.

        :param owner: id of the project that asked
        """
        with self._lock:
            self._owners.pop(key, None)
            self._make_room(owner)
            self._known[key] = found
            self._owners[key] = owner

    def _make_room(self, owner: str) -> None:
        # What the cache forgot by itself is nobody's any more.
        self._owners = {
            each: whose for each, whose in self._owners.items() if each in self._known
        }
        theirs = self._of(owner)
        for oldest in theirs[: max(0, len(theirs) + 1 - OWNERS_SHARE)]:
            self._known.pop(oldest, None)
            del self._owners[oldest]

    def _of(self, owner: str) -> list[Key]:
        return [
            each
            for each, whose in self._owners.items()
            if whose == owner and each in self._known
        ]
