"""``eic.routes``: the ways to a cached image, one small file each.

A route answers two questions. ``offer`` (pure): could the cached image be made
this way here, or why not? ``fill``: make it, under the temporary name given.
To add one, declare it under ``eic.routes``.
"""

import abc
import dataclasses

from eic_plugins import plugins
from eic_plugins.model import Reason, Refusal, Situation, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.planner import Route

NAMESPACE = 'eic.routes'


@dataclasses.dataclass(frozen=True)
class FillLimits:
    """What one fill may take: seconds, and bytes per second (0: no cap)."""

    clone: float
    copy: float
    copy_throughput: int = 0


class FillRoute(Route):
    """A route that has something to do: all but ``cached``."""

    @abc.abstractmethod
    def fill(self, files: Files, source: StoredFile, target: StoredFile,
             limits: FillLimits) -> None:
        """Make ``target`` out of ``source``.

        :raises OntapError: the caller removes what there is of ``target``
        """


def load() -> list[Route]:
    """All installed routes, cheapest first."""
    return sorted(plugins.load(NAMESPACE).values(),
                  key=lambda route: route.cost)


def raw_copies(route: Route, situation: Situation,
               ) -> tuple[StoredFile, ...] | Refusal:
    """The image files that are a raw disk as they stand."""
    if situation.image.disk_format != 'raw':
        return route.refuse(Reason.FORMAT_NOT_RAW)
    if not situation.copies:
        return no_copy(route, situation)
    return situation.copies


def no_copy(route: Route, situation: Situation) -> Refusal:
    """Why there is no image file: the first location's reason, if any."""
    if situation.unusable:
        first = situation.unusable[0]
        return route.refuse(first.reason, first.detail)
    return route.refuse(Reason.NO_LOCATION)
