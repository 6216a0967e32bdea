"""Specifications of what the lab makes: clusters, SVMs, FlexVols, pools, flavors.

The simulator has a Cluster, an Svm and a FlexVol, and the product a Pool and a
Flavor: those are the things themselves.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class FlexVolSpec:
    """A FlexVol; its junction path is not its name, as on real systems.

    A FlexVol of LUNs is not mounted in the SVM's namespace.
    """

    name: str
    junction_path: str | None
    aggregate: str
    size: str = '500GiB'


@dataclasses.dataclass(frozen=True)
class SvmSpec:
    """A storage virtual machine with its data LIFs."""

    name: str
    lifs: tuple[str, ...]
    volumes: tuple[FlexVolSpec, ...]
    protocols: tuple[str, ...] = ('nfs',)


@dataclasses.dataclass(frozen=True)
class ClusterSpec:
    """A simulated ONTAP cluster: one simulator process."""

    name: str
    address: str
    port_offset: int
    svms: tuple[SvmSpec, ...]

    @property
    def service(self) -> str:
        """The name of its simulator's service."""
        return f'simulator-{self.name}'

    @property
    def aggregates(self) -> list[str]:
        """The aggregates that hold this cluster's FlexVols."""
        return sorted({v.aggregate for s in self.svms for v in s.volumes})


@dataclasses.dataclass(frozen=True)
class BackendSpec:
    """A backend of cinder-volume: an SVM, and a pool for each share or FlexVol."""

    name: str
    cluster: str
    svm: str
    shares: tuple[tuple[str, str], ...]
    """Pairs of a pool's short name and its NFS share, or its FlexVol's name."""
    protocol: str = 'nfs'

    def volume_backend_name(self, driver: str) -> str:
        """What volume types select; pools of LUNs have a name of their own."""
        return driver if self.protocol == 'nfs' else f'{driver}-{self.protocol}'


@dataclasses.dataclass(frozen=True)
class PoolSpec:
    """A pool as one driver's backend reports it."""

    driver: str
    name: str
    backend: BackendSpec
    share: str

    @property
    def volume_type(self) -> str:
        """The volume type that selects exactly this pool."""
        return f'{self.driver}-{self.name}'

    @property
    def backend_section(self) -> str:
        """The section of cinder.conf, and the part of the host after @."""
        return f'{self.driver}-{self.backend.name}'

    @property
    def host(self) -> str:
        """The pool's full name in the scheduler."""
        return f'lab-{self.driver}@{self.backend_section}#{self.share}'


@dataclasses.dataclass(frozen=True)
class FlavorSpec:
    """A flavor; sizes as Nova's API counts them."""

    name: str
    root_gib: int
    extra_specs: tuple[tuple[str, str], ...] = ()
    ram_mib: int = 512
    vcpus: int = 1
