"""Decides on the route for one demand, by what there is around it.

An attempt decides so, and acts on it. ``eic plan`` decides so, and acts on nothing.
"""

import dataclasses
from collections.abc import Mapping

from eic_plugins.engine.planner import Route, choose
from eic_plugins.engine.surroundings import Surroundings
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import Plan, Refusal


@dataclasses.dataclass(frozen=True)
class Decision:
    """How the route for one demand is chosen.

    ``routes`` are those that may be taken, by name.
    """

    surroundings: Surroundings
    routes: Mapping[str, Route]

    def choose(self, *, search: bool) -> Plan:
        """The plan.

        :param search: True to look afresh, and in the whole cluster
        :raises OntapError: the cluster did not answer
        """
        return choose(self.routes.values(), self.surroundings.look(search))

    def is_once_per_cluster(self, plan: Plan) -> bool:
        """True if the plan counts only after a look at the whole cluster."""
        return not plan.left_to_cinder and self.routes[plan.route].once_per_cluster

    def foresee(self) -> Plan:
        """The plan that an attempt would begin with, if it had to wait for nobody.

        :raises OntapError: the cluster did not answer
        """
        plan = self.choose(search=False)
        return self.choose(search=True) if self.is_once_per_cluster(plan) else plan


def allowed(box: Toolbox) -> tuple[dict[str, Route], list[Refusal]]:
    """The routes that may be taken, by name; and why the others may not."""
    denied = {route.name: box.denials.find(route.name) for route in box.routes}
    return (
        {route.name: route for route in box.routes if denied[route.name] is None},
        [refusal for refusal in denied.values() if refusal is not None],
    )
