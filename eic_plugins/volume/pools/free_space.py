"""What the pools have free: by their statistics, less what fills took since.

Cinder reads a pool's capacity once a minute. ONTAP is asked again only by who
finds that too little, or too old.
"""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import Protocol

from eic_plugins.engine.pool_cache import Want
from eic_plugins.model import FlexVol, Pool
from eic_plugins.storage.eviction import Space
from eic_plugins.support.clock import SYSTEM, Clock

_FRESH_SECONDS = 120.0


@dataclasses.dataclass
class _Known:
    """A pool's capacity when it was read, and what fills took since."""

    space: Space
    read: float
    taken: int = 0


class Capacities(Protocol):
    """Whoever knows how full pools are."""

    def capacity(self, flexvol: FlexVol) -> tuple[int, int]:
        """Bytes in all, and bytes that are free.

        :raises OntapError: ONTAP did not say
        """


class FreeSpace:
    """The capacity of a backend's pools, by their names.

    :param capacities: asks ONTAP for it
    """

    def __init__(
        self,
        capacities: Capacities,
        clock: Clock = SYSTEM,
    ) -> None:
        self._capacities = capacities
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, list[Want]] = {}

    def note(self, pool: str, space: Space) -> None:
        """What the statistics say of a pool, just read."""
        with self._lock:
            self._known[pool] = _Known(space, self._clock.time())

    def read(self, pool: Pool) -> Space:
        """What ONTAP says now.

        :raises OntapError: nothing
        """
        space = Space(*self._capacities.capacity(pool.flexvol))
        self.note(pool.name, space)
        return space

    def last_known(self, pool: str) -> Space | None:
        """Without a call; None if that was too long ago."""
        with self._lock:
            known = self._known.get(pool)
        if known is None or self._clock.time() - known.read > _FRESH_SECONDS:
            return None
        return known.space.left_by(known.taken)

    def under_way(self, pool: str) -> list[Want]:
        """The fills that have not ended yet."""
        with self._lock:
            return list(self._under_way.get(pool, ()))

    @contextlib.contextmanager
    def taken(self, pool: str, want: Want) -> Iterator[None]:
        """A fill is under way as long as the context lasts, and has taken what it
        needs if that ends well.
        """
        with self._lock:
            self._under_way.setdefault(pool, []).append(want)
        try:
            yield
            with self._lock:
                if pool in self._known:
                    self._known[pool].taken += want.needed
        finally:
            with self._lock:
                self._under_way[pool].remove(want)
