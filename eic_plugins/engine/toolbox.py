"""What an engine works with: the same for all demands of a backend."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from eic_plugins.engine.denials import Denials, Fetching
from eic_plugins.engine.planner import Route
from eic_plugins.engine.refused_images import Refusals
from eic_plugins.engine.routes import Copier, FillLimits, FillRoute
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import ImageCopy, Refusal, Source, StoredObject


class FileFinder(Protocol):
    """Knows where a server's files are on ONTAP."""

    def locate(self, copy: ImageCopy) -> StoredObject | Refusal:
        """The file of a copy, or why it is of no use to the backend's pools.

        :raises OntapError: the cluster did not answer
        """


class Peering(Protocol):
    """Knows which SVMs may copy files from each other."""

    def may_copy(self, svm: str, other: str) -> bool:
        """True if files can be copied between the two."""


@dataclasses.dataclass(frozen=True)
class Toolbox:
    """The tools of a backend.

    ``copier`` clones and copies what pools hold (files, LUNs or namespaces).
    ``image_copier`` makes it of Glance's image files, where ``copier`` cannot.
    """

    copier: Copier
    finder: FileFinder
    peering: Peering
    reader: LocationReader
    routes: Sequence[Route]
    limits: FillLimits
    image_copier: Copier | None = None
    refusals: Refusals = dataclasses.field(default_factory=Refusals)
    denials: Denials = dataclasses.field(default_factory=Denials)

    def copier_for(self, source: Source) -> Copier:
        """What clones and copies from there into the backend's pools."""
        if source.cached is None and self.image_copier is not None:
            return self.image_copier
        return self.copier

    def fetching(self, route: Route, source: Source) -> Fetching:
        """What a role has to allow, for the route to get the bytes from there."""
        of_file = self.copier_for(source) is not self.copier
        return Fetching(route.name, source.stored.flexvol.svm, of_file)

    @property
    def fill_routes(self) -> list[FillRoute]:
        """The routes that have something to fill."""
        return [route for route in self.routes if isinstance(route, FillRoute)]

    @property
    def hit(self) -> Route | None:
        """The route that has nothing to fill."""
        return next(
            (route for route in self.routes if not isinstance(route, FillRoute)), None
        )

    def inside_cluster(self) -> 'Toolbox':
        """The same tools, without the routes for which a host reads or writes."""
        fills = [route for route in self.fill_routes if not route.inside_cluster]
        return dataclasses.replace(
            self, routes=[route for route in self.routes if route not in fills]
        )
