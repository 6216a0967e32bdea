"""Which cluster a backend works on at the moment."""

from collections.abc import Iterator

from eic_plugins.model import KnownPool
from eic_plugins.volume.cluster import Cluster
from eic_plugins.volume.pool_names import PoolNames


class Connection:
    """One cluster at a time; none before the driver is set up."""

    def __init__(self, names: PoolNames) -> None:
        self.names = names
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster.

        :raises RuntimeError: the driver is not set up
        """
        if self._cluster is None:
            raise RuntimeError('the driver is not set up')
        return self._cluster

    def change_to(self, cluster: Cluster) -> None:
        """Work on this one from now on."""
        self._cluster = cluster

    def known_pools(self) -> Iterator[KnownPool]:
        """The backend's pools, as other backends know them."""
        return self.cluster.known_pools(self.names)
