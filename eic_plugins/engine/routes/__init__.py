"""``eic.routes``: the ways to a cached image, one small file each.

A route answers two questions. ``offer`` (pure): could the cached image be made
this way here, or why not? ``fill``: make it, under the temporary name given.
To add one, declare it under ``eic.routes``.
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
    StoredFile,
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


class StoredFiles(Protocol):
    """What ONTAP does with files, or with LUNs: the same for a route."""

    def clone(
        self, source: StoredFile, destination: StoredFile, timeout: float
    ) -> object:
        """FlexClone inside a FlexVol; ``timeout`` in seconds."""

    def copy(
        self,
        source: StoredFile,
        destination: StoredFile,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = ...,
    ) -> None:
        """Copy between FlexVols; ``throughput`` in bytes per second."""


@dataclasses.dataclass(frozen=True)
class FillTools:
    """What a route works with, for one fill of one image.

    ``download`` fetches the image from Glance into a file; ``prove`` cuts a
    file to the image's size and raises
    :class:`~eic_plugins.storage.inspection.NotTheImageError` unless it has the image's
    checksum; ``keep`` is called while a copy goes on, so that its source is
    seen to be in use; ``cut`` cuts a file to the image's size. ``image_files``
    makes pools' files of image files, where ``files`` does not.
    """

    files: StoredFiles
    limits: FillLimits
    download: Callable[[StoredFile], Filled]
    prove: Callable[[StoredFile], None]
    keep: Callable[[Source], None]
    cut: Callable[[StoredFile], None]
    image_files: StoredFiles | None = None

    def files_for(self, source: Source) -> StoredFiles:
        """What clones and copies from there into the pool."""
        if source.cached is None and self.image_files is not None:
            return self.image_files
        return self.files


class FillRoute(Route):
    """A route that has something to do: all but ``cached``.

    ``shares_bytes`` if what it makes shares the bytes of a file in the pool;
    ``inside_cluster`` if no host reads or writes the image's bytes for it.
    """

    shares_bytes = False
    inside_cluster = False

    @abc.abstractmethod
    def fill(
        self, tools: FillTools, source: Source | None, target: StoredFile
    ) -> Filled:
        """Make ``target`` out of ``source``.

        :raises Exception: the caller removes what there is of ``target``
        """


class CopyRoute(FillRoute):
    """A route that makes the cached image from a file on ONTAP."""

    def fill(
        self, tools: FillTools, source: Source | None, target: StoredFile
    ) -> Filled:
        """Have ONTAP make the file."""
        if source is None:
            raise ValueError(f'route {self.name} has no source')
        self.make(tools, source, target)
        if source.file.more_follows:
            tools.cut(target)
        if source.file.to_prove:
            # Nobody else can write to this one any more.
            tools.prove(target)
        if source.cached is None:
            return Filled()
        return Filled(
            source.cached.virtual_size, source.cached.signature, inspected=True
        )

    @abc.abstractmethod
    def make(self, tools: FillTools, source: Source, target: StoredFile) -> None:
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
