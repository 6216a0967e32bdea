"""The ONTAP cluster that a backend works on: all that is known of it, and done there.

There is another one after a failover, of which nothing is known yet.
"""

import dataclasses
from collections.abc import Iterator

from eic_plugins.engine.engine import Engine
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.model import KnownPool, Outcome, Reason
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.volume.backing.interface import Backing
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.pools.capability import PoolCapabilities
from eic_plugins.volume.pools.evictor import Evictor
from eic_plugins.volume.pools.free_space import FreeSpace
from eic_plugins.volume.pools.names import PoolNames
from eic_plugins.volume.pools.registry import Pools
from eic_plugins.volume.pools.stats_publisher import StatsPublisher

_ANSWERS = {Reason.CLONE_FAILED, Reason.ONTAP_BUSY}
"""What ONTAP says itself: whoever says so can be reached."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The parts, made in :mod:`eic_plugins.volume.assembly`."""

    namespace: Namespace
    peers: Peers
    clone_limits: CloneLimits
    breaker: CircuitBreaker
    backing: Backing
    capabilities: PoolCapabilities
    free_space: FreeSpace
    evictor: Evictor
    pools: Pools
    toolbox: Toolbox
    publisher: StatsPublisher
    metrics: Metrics

    @property
    def engine(self) -> Engine:
        """What makes volumes and cached images there."""
        return Engine(self.toolbox)

    def known_pools(self, names: PoolNames) -> Iterator[KnownPool]:
        """The backend's pools, as other backends know them."""
        for cache in self.pools.caches():
            flexvol = cache.pool.flexvol
            yield KnownPool(
                names.reported(cache.pool.name),
                flexvol.cluster,
                flexvol.svm,
                flexvol.uuid,
                self.capabilities.images(cache.pool.name),
                cache.pool.directory,
                cache.storage.kind,
            )

    def learn(self, pool_name: str, image_id: str, outcome: Outcome) -> None:
        """What an outcome says about the cluster and the pool."""
        reasons = {refusal.reason for refusal in outcome.refusals}
        if not outcome.left_to_cinder:
            self.capabilities.add(pool_name, image_id)
        if outcome.fills:
            self.publisher.publish_soon()
        if Reason.ONTAP_UNREACHABLE in reasons:
            self.metrics.ontap(answered=False)
            if self.breaker.allows():
                self.breaker.failed()
        elif not outcome.left_to_cinder or reasons & _ANSWERS:
            # Of an image that was refused, ONTAP was not even asked.
            self.metrics.ontap(answered=True)
            self.breaker.succeeded()
        # What was looked up may not be true any more.
        if reasons & {Reason.CLONE_FAILED, Reason.FILL_FAILED, Reason.PLACE_GONE}:
            self.pools.forget()
            self.namespace.forget()
        if reasons & {Reason.FILL_FAILED, Reason.SVM_NOT_PEERED}:
            self.peers.forget()


class Connection:
    """The cluster that a backend works on; none before its driver is set up."""

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
