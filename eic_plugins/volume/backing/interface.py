"""What a backend's cached images are kept on, on the cluster that it works on."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Protocol

from eic_plugins.engine.routes import Copier
from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import CachedImage, Image
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapSession
from eic_plugins.storage.interface import PoolStorage
from eic_plugins.storage.seals import Seals
from eic_plugins.volume.pools.deployment import Deployment


@dataclasses.dataclass(frozen=True)
class ClusterAccess:
    """What a backing reaches its cluster with, and whom it believes.

    ``clone_timeout``: seconds that one FlexClone may take.
    """

    session: OntapSession
    namespace: Namespace
    peers: Peers
    deployment: Deployment
    seals: Seals
    clone_timeout: float


class Backing(Protocol):
    """Shares, or FlexVols with devices; made anew after a failover."""

    copies_between_pools: bool
    """Whether ONTAP does, for this protocol."""

    @property
    def copier(self) -> Copier:
        """What clones and copies what the pools hold."""

    @property
    def image_copier(self) -> Copier | None:
        """What makes that of image files, if not the above."""

    @property
    def finder(self) -> FileFinder:
        """Finds image files that are of use to the pools."""

    @property
    def volume_finder(self) -> FileFinder:
        """The same for the files of image-volumes."""

    def storage_of(self, pool_name: str) -> PoolStorage:
        """Where a pool keeps cached images.

        :raises UnknownShareError: the pool is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """

    def search(
        self, image: Image, pool_name: str, own: Collection[str]
    ) -> Sequence[CachedImage]:
        """Cached images in pools of other backends of the cluster.

        :param pool_name: the pool that wants it
        :param own: the uuids of the backend's own FlexVols
        """
