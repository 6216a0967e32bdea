"""A backend as a plan sees it: its cluster by its own credentials, reads alone."""

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cinder import exception
from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.engine import routes
from eic_plugins.engine.demand import Elsewhere, NoNeighbours
from eic_plugins.engine.pool_cache import CachedImages
from eic_plugins.engine.refused_images import Refusals
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import CachedImage, FlexVol, Image
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.read_only import ReadOnlySession
from eic_plugins.ontap.session import OntapError
from eic_plugins.ontap.survey import Survey
from eic_plugins.storage.seals import Seals
from eic_plugins.support import compat
from eic_plugins.volume import record_secret
from eic_plugins.volume.planning.reports import ReportedPool
from eic_plugins.volume.planning.seen_devices import seen_luns, seen_namespaces
from eic_plugins.volume.planning.seen_shares import SeenShares
from eic_plugins.volume.planning.sight import Access, Seen, Sight
from eic_plugins.volume.stock.credentials import endpoint_of

CONF = cfg.CONF
_FLEXGROUP_CLONES_FROM = (9, 14, 0)
"""The release of ONTAP from which on the stock driver clones files of FlexGroups."""


class UnknownBackendError(Exception):
    """This host's cinder.conf does not have the backend."""


@dataclasses.dataclass(frozen=True)
class SeenBackend:
    """One backend; ``pools`` are all of EIC's pools, of this backend and of others."""

    section: str
    options: Any
    access: Access
    seen: Seen
    pools: Sequence[ReportedPool]

    def sight(self, pool: ReportedPool, image: Image) -> Sight:
        """One pool.

        :raises UnknownShareError: the pool is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        return self.seen.sight(pool, image)

    def elsewhere(self, pool: ReportedPool, image: Image) -> Elsewhere:
        """Where else an image may be cached that the pool can have copied."""
        if not self.seen.copies_between_pools:
            return NoNeighbours()
        return _Elsewhere(self, pool, image)

    def toolbox(self) -> Toolbox:
        """What the driver's decisions are made with."""
        options = CONF[config.GROUP]
        return Toolbox(
            copier=self.seen.copier,
            finder=self.seen.finder,
            peering=_Peering(self.access.peers, frozenset(options.create_svm_peering)),
            reader=LocationReader.from_entry_points(),
            routes=routes.load(),
            limits=FillLimits(options.clone_timeout, options.copy_offload_timeout),
            refusals=Refusals(Path(CONF.state_path) / 'eic-refused'),
        )

    def cannot_clone(self, pool: ReportedPool) -> bool:
        """True if the pool is one that EIC leaves to Cinder.

        :raises OntapError: the cluster did not answer
        """
        if pool.known.kind != 'files':
            return bool(
                compat.netapp_option(
                    self.options, 'netapp_disaggregated_platform', False
                )
            )
        if not pool.is_flexgroup:
            return False
        version = Survey(self.access.session).version()
        return version is not None and version < _FLEXGROUP_CLONES_FROM

    def clone_limit_reached(self, flexvol: FlexVol) -> bool:
        """True if no more clones should be made there."""
        limits = CloneLimits(
            self.access.session, CONF[config.GROUP].clone_limit_percent
        )
        limits.refresh([flexvol])
        return limits.reached(flexvol)


@dataclasses.dataclass(frozen=True)
class _Peering:
    """As the driver will find it: it may peer with some SVMs by itself."""

    peers: Peers
    may_create: frozenset[str]

    def may_copy(self, svm: str, other: str) -> bool:
        return self.peers.may_copy(svm, other) or other in self.may_create


@dataclasses.dataclass(frozen=True)
class _Elsewhere:
    """Other pools than one: the backend's, and the rest of the cluster."""

    backend: SeenBackend
    pool: ReportedPool
    image: Image

    def pools(self) -> Iterable[CachedImages]:
        """The backend's."""
        for other in self._own():
            if other.name != self.pool.name:
                with contextlib.suppress(OntapError, UnknownShareError):
                    yield CachedImages(self.backend.sight(other, self.image).view)

    def search(self, image: Image) -> Sequence[CachedImage]:
        """The cached image in pools of other backends."""
        own = {pool.known.flexvol for pool in self._own()}
        others = [each for each in self.backend.pools if each.known.flexvol not in own]
        place = self.backend.sight(self.pool, image).view.pool
        return self.backend.seen.search(image, place, others)

    def _own(self) -> list[ReportedPool]:
        section = self.backend.section
        return [each for each in self.backend.pools if each.section == section]


def see(section: str, kind: str, pools: Sequence[ReportedPool]) -> SeenBackend:
    """A backend of this host's cinder.conf. Nobody is asked for it yet.

    :param kind: what its pools hold, as they reported it
    :param pools: all of EIC's pools
    :raises UnknownBackendError: it is not there, or lacks its cluster
    """
    try:
        backend = dot_utils.get_backend_configuration(section)
    except exception.ConfigNotFound as err:
        raise UnknownBackendError(f'cinder.conf has no section [{section}]') from err
    if not (backend.netapp_server_hostname and backend.netapp_vserver):
        raise UnknownBackendError(
            f'[{section}] has no netapp_server_hostname or no netapp_vserver'
        )
    session = ReadOnlySession(endpoint_of(backend))
    svm, options = backend.netapp_vserver, CONF[config.GROUP]
    access = Access(
        session,
        Namespace(session, svm),
        Peers(session),
        Seals(record_secret.read(CONF)),
        options.clone_timeout,
    )
    seen: Seen
    if kind == 'files':
        seen = SeenShares(access, backend)
    elif kind == 'luns':
        seen = seen_luns(access, backend, svm, options.experimental_lun_from_file)
    else:
        seen = seen_namespaces(access, backend, svm)
    return SeenBackend(section, backend, access, seen, pools)
