"""From a request to a cloned volume: plan, ensure, FlexClone, grow.

This is the same for every pool, and knows nothing of Cinder. The driver
(:mod:`eic_plugins.volume`) hands in the facts, and takes the outcome. There are two
outcomes. Either the volume is there, with the image's bytes and the volume's size.
Or nothing of the attempt is left, and Cinder downloads the image.
"""

import dataclasses

from eic_plugins.engine.attempt import Attempt
from eic_plugins.engine.decision import Decision, allowed
from eic_plugins.engine.demand import Demand, Elsewhere, Neighbours, NewVolume
from eic_plugins.engine.failures import reason_of
from eic_plugins.engine.pool_cache import CachedImages, PoolCache
from eic_plugins.engine.surroundings import Surroundings
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Plan, Reason, Refusal
from eic_plugins.ontap.session import OntapError


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

    def plan(self, demand: Demand, cache: CachedImages, elsewhere: Elsewhere) -> Plan:
        """The route that :meth:`create` would take now, and every refusal that it
        would tell of. Nothing is changed.

        What is found out only by doing it is not in it: that there is no room for
        the cached image, or what is in the image's bytes.
        """
        routes, denied = allowed(self.toolbox)
        surroundings = Surroundings(self.toolbox, demand, cache, elsewhere)
        plan = Plan(CINDER_DOWNLOAD)
        if routes:
            try:
                plan = Decision(surroundings, routes).foresee()
            except OntapError as err:
                reason = reason_of(err, Reason.FILL_FAILED)
                plan = Plan(
                    CINDER_DOWNLOAD, None, (Refusal.of_everything(reason, str(err)),)
                )
        refusals = tuple(dict.fromkeys((*denied, *plan.refusals)))
        return dataclasses.replace(plan, refusals=refusals)

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
