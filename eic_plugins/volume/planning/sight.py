"""What a plan looks at a pool's cached images with."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from eic_plugins.engine.routes import Copier
from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import CachedImage, Image, Pool
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.read_only import ReadOnlySession
from eic_plugins.storage.interface import View
from eic_plugins.storage.seals import Seals
from eic_plugins.volume.planning.reports import ReportedPool


@dataclasses.dataclass(frozen=True)
class Access:
    """What a cluster is looked at with, and whom to believe.

    ``clone_timeout`` in seconds; no clone is made.
    """

    session: ReadOnlySession
    namespace: Namespace
    peers: Peers
    seals: Seals
    clone_timeout: float


@dataclasses.dataclass(frozen=True)
class Sight:
    """A look at one pool, and by what it was seen: told when that is known."""

    view: View
    seen_by: Callable[[], str]


@dataclasses.dataclass(frozen=True)
class SeenImage:
    """What can be seen of a cached image in a pool; None of what cannot.

    ``size`` of its raw disk and ``occupied`` on ONTAP in bytes, ``last_used`` in
    seconds since the epoch. ``recorded`` is False without a record of EIC's.
    """

    image_id: str
    size: int | None = None
    occupied: int | None = None
    last_used: float | None = None
    recorded: bool | None = None
    identity: str | None = None
    """Of the bytes, by its record."""


@dataclasses.dataclass(frozen=True)
class Contents:
    """The cached images of a pool, and by what they were seen."""

    images: Sequence[SeenImage]
    seen_by: str


class Seen(Protocol):
    """What the cached images of a backend are kept on, looked at only."""

    copies_between_pools: bool
    """Whether ONTAP does, for this protocol."""

    @property
    def copier(self) -> Copier:
        """What a route could be carried out with; its session refuses that."""

    @property
    def finder(self) -> FileFinder:
        """Finds image files that are of use to the pools."""

    @property
    def volume_finder(self) -> FileFinder:
        """The same for the files of image-volumes."""

    def sight(self, pool: ReportedPool, image: Image) -> Sight:
        """One pool.

        :raises UnknownShareError: the pool is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """

    def contents(self, pool: ReportedPool) -> Contents:
        """All that a pool has with a cached image's name.

        Errors as of :meth:`sight`.
        """

    def search(
        self, image: Image, pool: Pool, others: Iterable[ReportedPool]
    ) -> Sequence[CachedImage]:
        """Cached images in pools of other backends of the cluster.

        :param pool: the pool that wants it
        """
