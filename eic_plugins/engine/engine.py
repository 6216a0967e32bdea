"""From a request to a cloned volume: plan, ensure, FlexClone, grow.

This is the same for every pool, and knows nothing of Cinder. The driver
(:mod:`eic_plugins.volume`) hands in the facts, and takes the outcome. There are two
outcomes. Either the volume is there, with the image's bytes and the volume's size.
Or nothing of the attempt is left, and Cinder downloads the image.
"""

from eic_plugins.engine.attempt import Attempt
from eic_plugins.engine.demand import Demand, Neighbours, NewVolume
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import Outcome


class Engine:
    """Makes cached images, and volumes of them, on the pools of one cluster."""

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox

    def create(
        self,
        volume: NewVolume,
        demand: Demand,
        cache: PoolCache,
        neighbours: Neighbours,
    ) -> Outcome:
        """The volume, or an outcome that leaves it to Cinder."""
        return Attempt(self.toolbox, demand, cache, neighbours, volume).run()

    def precache(
        self, demand: Demand, cache: PoolCache, neighbours: Neighbours
    ) -> Outcome:
        """The cached image alone, or an outcome that says why not."""
        return Attempt(self.toolbox, demand, cache, neighbours).run()

    def spread(
        self, demand: Demand, cache: PoolCache, neighbours: Neighbours
    ) -> Outcome:
        """As :meth:`precache`, but only by clones and copies of ONTAP's, and without
        waiting: if somebody else makes the cached image, this gives up.
        """
        box = self.toolbox.inside_cluster()
        return Attempt(box, demand, cache, neighbours, patient=False).run()
