"""``eic.routes``: the ways to a cached image, one small file each.

A route answers two questions. ``offer`` (pure): could the cached image be made
this way here, or why not? ``fill``: make it, under the temporary name given.
To add one, declare it under ``eic.routes``; CONTRIBUTING.md has an example.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Protocol

from eic_plugins.engine.planner import Route
from eic_plugins.model import (
    Reason,
    Refusal,
    Situation,
    Source,
    StoredObject,
)
from eic_plugins.storage.interface import Filled
from eic_plugins.support import plugins

NAMESPACE = 'eic.routes'


@dataclasses.dataclass(frozen=True)
class FillLimits:
    """What one fill may take: seconds, and bytes per second (0: no cap)."""

    clone: float
    copy: float
    copy_throughput: int = 0


class Copier(Protocol):
    """What ONTAP clones and copies with: files, or LUNs, the same for a route."""

    def clone(
        self, source: StoredObject, destination: StoredObject, timeout: float
    ) -> object:
        """FlexClone inside a FlexVol; ``timeout`` in seconds."""

    def copy(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = ...,
    ) -> None:
        """Copy between FlexVols; ``throughput`` in bytes per second.

        :param keep: called now and then while the copy goes on
        """


class FillTools(Protocol):
    """What a route works with, for one fill of one image."""

    @property
    def copier(self) -> Copier:
        """What clones and copies what pools hold."""

    @property
    def limits(self) -> FillLimits:
        """What the fill may take."""

    def copier_for(self, source: Source) -> Copier:
        """What clones and copies from there into the pool."""

    def download(self, target: StoredObject) -> Filled:
        """Fetch the image from Glance into a file or a device."""

    def prove(self, target: StoredObject) -> None:
        """Cut a file to the image's size, and check that it is the image.

        :raises NotTheImageError: it has not the image's checksum
        """

    def cut(self, target: StoredObject) -> None:
        """Cut a file to the image's size.

        :raises NotTheImageError: it is shorter, or the size is not known
        """

    def keep(self, source: Source) -> None:
        """Say that what is copied from is in use; called while a copy goes on."""


class FillRoute(Route):
    """A route that has something to do: all but ``cached``.

    ``shares_bytes`` if what it makes shares the bytes of a file in the pool;
    ``inside_cluster`` if no host reads or writes the image's bytes for it.
    """

    shares_bytes = False
    inside_cluster = False

    @abc.abstractmethod
    def fill(
        self, tools: FillTools, source: Source | None, target: StoredObject
    ) -> Filled:
        """Make ``target`` out of ``source``.

        :raises Exception: the caller removes what there is of ``target``
        """


class CopyRoute(FillRoute):
    """A route that has ONTAP make the cached image: of a file, or of a LUN."""

    def fill(
        self, tools: FillTools, source: Source | None, target: StoredObject
    ) -> Filled:
        """Have ONTAP make it."""
        if source is None:
            raise ValueError(f'route {self.name} has no source')
        self.make(tools, source, target)
        if source.stored.more_follows:
            tools.cut(target)
        if source.stored.to_prove:
            # Nobody else can write to this one any more.
            tools.prove(target)
        if source.cached is None:
            return Filled()
        return Filled(
            source.cached.virtual_size, source.cached.signature, inspected=True
        )

    @abc.abstractmethod
    def make(self, tools: FillTools, source: Source, target: StoredObject) -> None:
        """Make ``target`` out of ``source`` on ONTAP."""


def load() -> list[Route]:
    """All installed routes, cheapest first."""
    return sorted(plugins.load(NAMESPACE).values(), key=lambda route: route.cost)


def raw_copies(
    route: Route,
    situation: Situation,
) -> tuple[Source, ...] | Refusal:
    """The image files that are a raw disk as they stand."""
    if not situation.image.raw_format:
        return route.refuse(Reason.FORMAT_NOT_RAW)
    if not situation.image.plainly_raw:
        return route.refuse(Reason.CONTAINER_NOT_BARE)
    if not situation.copies:
        return no_copy(route, situation)
    return tuple(Source(copy) for copy in situation.copies)


def no_copy(route: Route, situation: Situation) -> Refusal:
    """Why there is no image file: the first location's reason, if any."""
    if situation.unusable:
        first = situation.unusable[0]
        return route.refuse(first.reason, first.detail)
    return route.refuse(Reason.NO_LOCATION)
