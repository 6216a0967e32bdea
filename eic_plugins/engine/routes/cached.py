"""Route ``cached``: the pool has the cached image already."""

from eic_plugins.engine.planner import Route
from eic_plugins.model import Offer, Reason, Refusal, Situation, Source


class Cached(Route):
    """Nothing to fill: the volume is cloned from what is there."""

    name = 'cached'
    cost = 0

    def offer(self, situation: Situation) -> Offer | Refusal:
        """The pool's own cached image."""
        cached = situation.cached
        if cached is None:
            return self.refuse(Reason.NOT_CACHED)
        return self.accept(Source(cached.stored, cached))
