"""Decides on the route for one demand, by what there is around it.

An attempt decides so, and acts on it. ``eic plan`` decides so, and acts on nothing.
"""

import dataclasses
from collections.abc import Container, Hashable, Iterator, Mapping

from oslo_utils import units

from eic_plugins.engine.denials import CLONING, GROWING, Publishing
from eic_plugins.engine.planner import Route, choose
from eic_plugins.engine.surroundings import Surroundings
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import CINDER_DOWNLOAD, Offer, Plan, Refusal, Situation, Source


class Permitted(Route):
    """A route that offers nothing of what the role was seen to forbid it."""

    def __init__(self, route: Route, box: Toolbox) -> None:
        self._route = route
        self._box = box
        self.name, self.cost = route.name, route.cost

    def offer(self, situation: Situation) -> Offer | Refusal:
        """The route's offer, if it must make do with the rest."""
        denied = {
            source: why for source in _sources(situation) if (why := self._why(source))
        }
        if not denied:
            return self._route.offer(situation)
        answer = self._route.offer(_without(denied, situation))
        return answer if isinstance(answer, Offer) else next(iter(denied.values()))

    def _why(self, source: Source) -> Refusal | None:
        return self._box.denials.find(self._box.fetching(self._route, source))


def _sources(situation: Situation) -> Iterator[Source]:
    for each in situation.cached_elsewhere:
        yield Source(each.stored, each)
    for file in (*situation.copies, situation.stock_file):
        if file is not None:
            yield Source(file)


def _without(denied: Container[Source], situation: Situation) -> Situation:
    """What is left of the situation, without these sources."""
    stock_file = situation.stock_file
    return dataclasses.replace(
        situation,
        copies=tuple(each for each in situation.copies if Source(each) not in denied),
        cached_elsewhere=tuple(
            each
            for each in situation.cached_elsewhere
            if Source(each.stored, each) not in denied
        ),
        stock_file=stock_file
        if stock_file and Source(stock_file) not in denied
        else None,
    )


def _takes(situation: Situation) -> Iterator[Hashable]:
    """What is done by whatever route."""
    cached, size = situation.cached, situation.volume_size
    if cached is None:
        yield Publishing(situation.pool.flexvol.uuid)
    if size is not None:
        yield CLONING
        virtual_size = cached.virtual_size if cached else situation.image.raw_size
        if virtual_size < size * units.Gi:
            yield GROWING


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
        box = self.surroundings.box
        routes = [Permitted(route, box) for route in self.routes.values()]
        situation = self.surroundings.look(search)
        plan = choose(routes, situation)
        useless = None if plan.left_to_cinder else self._useless(situation)
        return Plan(CINDER_DOWNLOAD, None, (useless,)) if useless else plan

    def _useless(self, situation: Situation) -> Refusal | None:
        """Why no route helps: the role was seen to forbid what comes after it."""
        found = map(self.surroundings.box.denials.find, _takes(situation))
        return next(filter(None, found), None)

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
