"""Cached images on NFS shares: files, by ONTAP and through the shares' mounts."""

from collections.abc import Collection, Sequence

from eic_plugins.engine.cluster_search import ClusterSearch
from eic_plugins.model import CachedImage, Image
from eic_plugins.ontap.files import Files
from eic_plugins.storage.files import FileStorage
from eic_plugins.volume.backing.interface import ClusterAccess
from eic_plugins.volume.stock.nfs import StockNfs


class ShareBacking:
    """The shares of one backend."""

    copies_between_pools = True
    image_copier = None

    def __init__(self, stock: StockNfs, access: ClusterAccess) -> None:
        self.copier = Files(access.session)
        self.finder = self.volume_finder = access.namespace
        self._stock = stock
        self._access = access
        self._others = ClusterSearch(self.copier, access.namespace, access.peers)

    def storage_of(self, pool_name: str) -> FileStorage:
        """The files of a share.

        :raises UnknownShareError: it is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        pool = self._access.namespace.pool(pool_name)
        return FileStorage(
            pool,
            self._stock.mount(pool),
            self.copier,
            self._access.clone_timeout,
            self._access.seals,
        )

    def search(
        self, image: Image, pool_name: str, own: Collection[str]
    ) -> Sequence[CachedImage]:
        """By reading copies of their records."""
        deployed = self._access.deployment.pools()
        others = [pool for pool in deployed if pool.flexvol not in own]
        return self._others.find(image, self.storage_of(pool_name), others)
