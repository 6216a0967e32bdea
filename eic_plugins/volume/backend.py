"""What EIC does for one backend. The backend's driver has one, and delegates to it.

Its parts are made in :mod:`eic_plugins.volume.assembly`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from oslo_log import log as logging

from eic_plugins.volume import locks
from eic_plugins.volume.background import Background
from eic_plugins.volume.cluster import Cluster, Connection
from eic_plugins.volume.from_image.reimager import Reimager
from eic_plugins.volume.from_image.volume_maker import Request, VolumeMaker
from eic_plugins.volume.metrics import Metrics
from eic_plugins.volume.pools.cleaner import Cleaner
from eic_plugins.volume.pools.deployment import Deployment
from eic_plugins.volume.pools.statistics import Statistics
from eic_plugins.volume.stock.interface import ModelUpdate, StockDriver

LOG = logging.getLogger(__name__)


class Clusters(Protocol):
    """Makes what a backend needs of a cluster."""

    def connect(self, section: str) -> Cluster:
        """A cluster of which nothing is known yet.

        :param section: that of cinder.conf with its address and credentials
        """

    def describe(self) -> Mapping[str, str]:
        """The installed plugins, for the log."""


@dataclasses.dataclass(frozen=True)
class Backend:
    """The parts, and the few things that all of them take part in.

    ``reimager`` is None where volumes cannot be replaced.
    """

    stock: StockDriver
    clusters: Clusters
    connection: Connection
    deployment: Deployment
    metrics: Metrics
    statistics: Statistics
    volumes: VolumeMaker
    background: Background
    reimager: Reimager | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster that the backend works on."""
        return self.connection.cluster

    def set_up(self) -> None:
        """When the stock driver is: have a session of our own to its cluster."""
        self.connect()
        locks.check_reach(self.stock.cluster_name)
        # What an earlier process counted is not this one's.
        self.metrics.write(at_once=True)
        LOG.info(
            'EIC for backend %(backend)s: routes %(routes)s, locations %(locations)s.',
            {'backend': self.stock.section, **self.clusters.describe()},
        )

    def connect(self, section: str | None = None) -> None:
        """Begin with a cluster, of which nothing is known.

        :param section: its section of cinder.conf; that of the stock driver's
            cluster, if not given
        """
        self.connection.change_to(
            self.clusters.connect(section or self.stock.active_section)
        )

    def create_volume(
        self, request: Request, meta: Mapping[str, Any], location: Any
    ) -> ModelUpdate | None:
        """As :meth:`~eic_plugins.volume.from_image.volume_maker.VolumeMaker.create`."""
        with self.background.making(request.image_id):
            return self.volumes.create(request, meta, location)

    def reimage(self, request: Request) -> bool:
        """Give a volume another image; False if that is left to Cinder."""
        return self.reimager is not None and self.reimager.reimage(request)

    def clean(self) -> None:
        """Remove what cut-off fills left, evict, and forget old locks."""
        cluster = self.cluster
        Cleaner(cluster.evictor, self.metrics).clean(cluster.pools.caches())
        locks.remove_idle_files()
