"""Where a backend is put together: from its section of cinder.conf to all its parts.

What stays as long as the driver does is made once, in :func:`_backend`. What
belongs to one ONTAP cluster is made again after each failover, in
:meth:`_Clusters.connect`. What differs by protocol is the stock driver's
adapter, and the backing: what cached images are kept on.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_config import cfg
from oslo_utils import units

from eic_plugins import config
from eic_plugins.engine import routes
from eic_plugins.engine.planner import Route
from eic_plugins.engine.refused_images import Refusals
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.locations import LocationReader
from eic_plugins.ontap.capacity import Capacities
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapSession
from eic_plugins.storage.eviction import Caps, Thresholds
from eic_plugins.storage.seals import Seals
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.volume import record_secret
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.background import Background
from eic_plugins.volume.backing.devices import LunBacking, NamespaceBacking
from eic_plugins.volume.backing.interface import Backing, ClusterAccess
from eic_plugins.volume.backing.shares import ShareBacking
from eic_plugins.volume.cluster import Cluster, Connection
from eic_plugins.volume.from_image.fetch import Fetchers
from eic_plugins.volume.from_image.image_source import GlanceLocations
from eic_plugins.volume.from_image.outcomes import OutcomeRecorder
from eic_plugins.volume.from_image.reimager import Reimager
from eic_plugins.volume.from_image.volume_maker import VolumeMaker
from eic_plugins.volume.locks import Locks
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.pools.capability import PoolCapabilities
from eic_plugins.volume.pools.deployment import Deployment
from eic_plugins.volume.pools.evictor import Evictor, Policy
from eic_plugins.volume.pools.filler import PoolFiller
from eic_plugins.volume.pools.free_space import FreeSpace
from eic_plugins.volume.pools.names import PoolNames
from eic_plugins.volume.pools.own_service import OwnService
from eic_plugins.volume.pools.registry import Pools
from eic_plugins.volume.pools.statistics import Statistics
from eic_plugins.volume.pools.stats_publisher import StatsPublisher
from eic_plugins.volume.stock.block import Initiators, StockLuns, StockNamespaces
from eic_plugins.volume.stock.credentials import endpoint_of
from eic_plugins.volume.stock.interface import StockDriver
from eic_plugins.volume.stock.nfs import StockNfs

CONF = cfg.CONF
_UNREACHABLE_LIMIT = 2
_UNREACHABLE_SECONDS = 30.0

MakeBacking = Callable[[ClusterAccess], Backing]


def nfs_backend(driver: Any) -> Backend:
    """That of a driver on ``NetAppCmodeNfsDriver``."""
    stock = StockNfs(driver)
    backend = _backend(stock, lambda access: ShareBacking(stock, access))
    return dataclasses.replace(
        backend, reimager=Reimager(stock, backend.connection, backend.volumes)
    )


def lun_backend(driver: Any, initiators: Initiators) -> Backend:
    """That of a driver on ``NetAppCmodeISCSIDriver`` or the one of Fibre Channel.

    :param initiators: reads those of this host off what its connector says
    """
    stock = StockLuns(driver, initiators)
    return _backend(
        stock,
        lambda access: LunBacking(
            stock, access, CONF[config.GROUP].experimental_lun_from_file
        ),
    )


def namespace_backend(driver: Any) -> Backend:
    """That of a driver on ``NetAppCmodeNVMeDriver``."""
    stock = StockNamespaces(driver)
    return _backend(stock, lambda access: NamespaceBacking(stock, access))


def _backend(stock: StockDriver, make_backing: MakeBacking) -> Backend:
    """What stays as long as the driver does."""
    config.register(CONF)
    options = CONF[config.GROUP]
    connection = Connection(
        PoolNames(
            stock.host,
            stock.cluster_name,
            stock.options.safe_get('volume_backend_name'),
        )
    )
    deployment = Deployment(connection.known_pools)
    directory = options.metrics_directory
    metrics = Metrics(stock.section, Path(directory) if directory else None)
    service = OwnService(stock.host)
    fetchers, locations = Fetchers(stock), GlanceLocations()
    background = Background(
        stock,
        connection,
        PoolFiller(stock, connection, deployment, fetchers, locations),
    )
    return Backend(
        stock,
        _Clusters(
            stock,
            make_backing,
            deployment,
            background,
            metrics,
            StatsPublisher(service.publish_statistics),
            LocationReader.from_entry_points(),
            routes.load(),
            Seals(record_secret.read(CONF)),
            Locks(options.fill_wait_timeout),
            Refusals(Path(CONF.state_path) / 'eic-refused'),
        ),
        connection,
        deployment,
        metrics,
        Statistics(connection, metrics),
        VolumeMaker(
            stock,
            connection,
            fetchers,
            locations,
            service,
            OutcomeRecorder(stock.db, stock.host, metrics),
        ),
        background,
    )


@dataclasses.dataclass
class _Clusters:
    """Makes what belongs to one ONTAP cluster."""

    stock: StockDriver
    make_backing: MakeBacking
    deployment: Deployment
    background: Background
    metrics: Metrics
    publisher: StatsPublisher
    reader: LocationReader
    routes: Sequence[Route]
    seals: Seals
    locks: Locks
    refusals: Refusals

    def connect(self, section: str) -> Cluster:
        """A session, and everything that is asked and remembered over it."""
        options = CONF[config.GROUP]
        backend = dot_utils.get_backend_configuration(section)
        session = OntapSession(endpoint_of(backend), self.metrics.ontap_busy)
        namespace = Namespace(session, backend.netapp_vserver)
        peers = Peers(session, options.create_svm_peering)
        backing = self.make_backing(
            ClusterAccess(
                session,
                namespace,
                peers,
                self.deployment,
                self.seals,
                options.clone_timeout,
            )
        )
        capabilities = PoolCapabilities(namespace)
        free_space = FreeSpace(Capacities(session))
        evictor = Evictor(self._policy(), free_space, capabilities, self.metrics)
        return Cluster(
            namespace,
            peers,
            CloneLimits(session, options.clone_limit_percent),
            CircuitBreaker(
                f'ONTAP at {backend.netapp_server_hostname}',
                'volumes from images are downloaded.',
                _UNREACHABLE_LIMIT,
                _UNREACHABLE_SECONDS,
            ),
            backing,
            capabilities,
            free_space,
            evictor,
            Pools(self.stock, backing, self.locks, evictor),
            self._toolbox(backing, peers),
            self.publisher,
            self.metrics,
        )

    def describe(self) -> Mapping[str, str]:
        """The installed routes and locations."""
        return {
            'routes': ', '.join(route.name for route in self.routes),
            'locations': ', '.join(self.reader.schemes),
        }

    def _toolbox(self, backing: Backing, peers: Peers) -> Toolbox:
        options = CONF[config.GROUP]
        return Toolbox(
            copier=backing.copier,
            finder=backing.finder,
            peering=peers,
            reader=self.reader,
            routes=self.routes,
            limits=FillLimits(
                clone=options.clone_timeout,
                copy=options.copy_offload_timeout,
                copy_throughput=options.copy_offload_max_throughput,
            ),
            image_copier=backing.image_copier,
            refusals=self.refusals,
        )

    def _policy(self) -> Policy:
        options, own = CONF[config.GROUP], self.stock.options
        return Policy(
            Thresholds(
                own.thres_avl_size_perc_start,
                own.thres_avl_size_perc_stop,
                own.expiry_thres_minutes,
            ),
            Caps(options.cache_max_size_gb * units.Gi, options.cache_max_count),
            self.background.wanted_in,
        )
