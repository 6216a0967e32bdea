"""EIC's spreading in the background, in counted time."""

import contextlib
from collections.abc import Callable, Collection, Mapping

from oslo_config import cfg

from benchmarks.counted_time import CountedTime
from benchmarks.modelled_pools import IMAGE, ModelledPools
from eic_plugins import config
from eic_plugins.model import KnownPool
from eic_plugins.precache.spread_rules import Rule
from eic_plugins.precache.spreader import Spreader

_LOOK_SECONDS = 1.0


class ModelledSpreading:
    """EIC's rule for spreading, and the copies that it has made.

    :param has_image: told of each pool that has got the image
    :param seconds: that a copy takes
    """

    def __init__(
        self,
        time: CountedTime,
        pools: ModelledPools,
        has_image: Callable[[str], None],
        seconds: float,
    ) -> None:
        options = cfg.CONF[config.GROUP]
        self._time = time
        self._pools = pools
        self._has_image = has_image
        self._seconds = seconds
        self._spreader = Spreader(
            self,
            Rule(options.spread_volumes, options.spread_window, options.spread_copies),
            time,
        )
        self._looking = False
        self._ends: list[float] = []
        """When the copies end, in their order."""

    def own(self) -> list[KnownPool]:
        """The pools as the driver knows them."""
        return self._pools.known()

    def deployed(self) -> list[KnownPool]:
        """There are no others."""
        return self.own()

    def volumes(self, _pools: Collection[str]) -> Mapping[str, int]:
        """What the database has."""
        return {IMAGE: self._pools.finished.total()}

    def spread(self, _image_id: str, pool: str) -> bool:
        """The end of a copy in the background."""
        pools = self._pools
        if pools.filled_at(pool) is None and not pools.has_image(pool):
            pools.copies[pool] += 1
            self._has_image(pool)
        return False

    def making(self) -> contextlib.AbstractContextManager[None]:
        """A volume is being made as long as the context lasts."""
        return self._spreader.making(IMAGE)

    def look_soon(self) -> None:
        """Look in a second, unless that is to be done."""
        if not self._looking:
            self._looking = True
            self._time.after(_LOOK_SECONDS, self._look)

    def filled_at(self, pool: str) -> float | None:
        """When a copy into the pool ends; None if there is none."""
        waiting = zip(self._spreader.queue, self._ends, strict=True)
        return {target: end for (_, target), end in waiting}.get(pool)

    def _look(self) -> None:
        self._looking = False
        before = self._spreader.waiting
        self._spreader.look()
        for _ in range(self._spreader.waiting - before):
            self._ends.append(self._time.now + self._seconds)
            self._time.after(self._seconds, self._copied)

    def _copied(self) -> None:
        self._ends.pop(0)
        self._spreader.fill_next()
        self.look_soon()
