"""Everything in the lab that has an address or a name, in one place.

``EIC_LAB_PORT_BASE`` (default 18000) moves all ports at once, for a machine on
which some of them are taken. The addresses are all in 127.0.0.0/8.
"""

import dataclasses
import os
from collections.abc import Iterator, Sequence

from lab.errors import LabError

DEFAULT_PORT_BASE = 18000
_LOWEST_PORT_BASE = 1024
LOOPBACK = '127.0.0.1'
DRIVERS = ('eic', 'stock')
# Who may use the simulators' API: one user a driver, so that its REST calls
# can be told apart, and one for the lab's own control calls.
ONTAP_USERS = ('eic', 'stock', 'lab')


@dataclasses.dataclass(frozen=True)
class FlexVol:
    """A FlexVol; its junction path is not its name, as on real systems.

    A FlexVol of LUNs is not mounted in the SVM's namespace.
    """

    name: str
    junction_path: str | None
    aggregate: str
    size: str = '500GiB'


@dataclasses.dataclass(frozen=True)
class Svm:
    """A storage virtual machine with its data LIFs."""

    name: str
    lifs: tuple[str, ...]
    volumes: tuple[FlexVol, ...]
    protocols: tuple[str, ...] = ('nfs',)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A simulated ONTAP cluster: one simulator process."""

    name: str
    address: str
    port_offset: int
    svms: tuple[Svm, ...]

    @property
    def aggregates(self) -> list[str]:
        """The aggregates that hold this cluster's FlexVols."""
        return sorted({v.aggregate for s in self.svms for v in s.volumes})


@dataclasses.dataclass(frozen=True)
class Backend:
    """A backend of cinder-volume: one SVM, one pool a share or a FlexVol."""

    name: str
    cluster: str
    svm: str
    shares: tuple[tuple[str, str], ...]
    """Pairs of a pool's short name and its NFS share, or its FlexVol's name."""
    protocol: str = 'nfs'

    def volume_backend_name(self, driver: str) -> str:
        """What volume types select: block volumes are asked for apart."""
        return driver if self.protocol == 'nfs' else f'{driver}-{self.protocol}'


@dataclasses.dataclass(frozen=True)
class Pool:
    """A pool as one driver's backend reports it."""

    driver: str
    name: str
    backend: Backend
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


CLUSTERS = (
    Cluster(
        'cluster-a',
        '127.0.10.1',
        443,
        (
            Svm(
                'svm_gold',
                ('127.0.11.1', '127.0.11.2'),
                (
                    FlexVol('images_vol', '/images', 'aggr1'),
                    FlexVol('gold_vol', '/tenants/gold', 'aggr1'),
                    FlexVol('bronze_vol', '/tenants/bronze', 'aggr2'),
                ),
            ),
            Svm(
                'svm_silver',
                ('127.0.12.1',),
                (FlexVol('silver_vol', '/silver', 'aggr2'),),
            ),
            Svm(
                'svm_block',
                ('127.0.13.1', '127.0.13.2'),
                (
                    FlexVol('block_one', None, 'aggr1'),
                    FlexVol('block_two', None, 'aggr2'),
                ),
                ('iscsi',),
            ),
        ),
    ),
    Cluster(
        'cluster-b',
        '127.0.20.1',
        444,
        (
            Svm(
                'svm_remote',
                ('127.0.21.1',),
                (FlexVol('remote_vol', '/remote', 'aggr1'),),
            ),
        ),
    ),
)

BACKENDS = (
    Backend(
        'gold',
        'cluster-a',
        'svm_gold',
        (
            ('images', '127.0.11.1:/images'),
            ('gold', '127.0.11.1:/tenants/gold'),
            ('bronze', '127.0.11.1:/tenants/bronze'),
        ),
    ),
    Backend('silver', 'cluster-a', 'svm_silver', (('silver', '127.0.12.1:/silver'),)),
    Backend('remote', 'cluster-b', 'svm_remote', (('remote', '127.0.21.1:/remote'),)),
)

BLOCK_BACKENDS = (
    Backend(
        'block',
        'cluster-a',
        'svm_block',
        (
            ('block-one', 'block_one'),
            ('block-two', 'block_two'),
        ),
        'iscsi',
    ),
)

# Glance reaches the FlexVol through another LIF than Cinder does: a share's
# address says nothing about which FlexVol it is.
IMAGE_SHARE = '127.0.11.2:/images'

# Offsets from the port base, chosen to look like the services' usual ports.
PORT_OFFSETS = {
    'glance': 292,
    'mariadb': 306,
    'epmd': 369,
    'keystone': 500,
    'rabbitmq': 672,
    'rabbitmq-dist': 673,
    'no-network': 696,
    'nova-api': 774,
    'nova-api-stock': 775,
    'cinder-api': 776,
    'cinder-api-stock': 777,
    'placement': 778,
}


@dataclasses.dataclass(frozen=True)
class Flavor:
    """A flavor; sizes as Nova's API counts them."""

    name: str
    root_gib: int
    extra_specs: tuple[tuple[str, str], ...] = ()
    ram_mib: int = 512
    vcpus: int = 1


FLAVORS = (
    Flavor('m1.tiny', 1),
    # Its servers boot from a volume where the Nova filter is in place.
    Flavor('eic.tiny', 1, (('eic:boot_from_volume', 'true'),)),
    # No local disk: a volume boot must say its size.
    Flavor('m1.diskless', 0),
)

SERVICE_PROJECT = 'service'
DEMO_PROJECT = 'demo'
DEMO_USER = 'demo'
REGION = 'lab'
# What the lab's own requests and its openrc ask Nova for: enough for a server
# without a network (2.37) and a volume type in a block device mapping (2.67).
COMPUTE_MICROVERSION = '2.96'


@dataclasses.dataclass(frozen=True)
class Ports:
    """Turns names into addresses."""

    base: int = DEFAULT_PORT_BASE

    def __getitem__(self, name: str) -> int:
        return self.base + PORT_OFFSETS[name]

    def url(self, name: str) -> str:
        """The base URL of an OpenStack API."""
        return f'http://{LOOPBACK}:{self[name]}'

    def cluster(self, cluster: Cluster) -> int:
        """The port of a cluster's management LIF."""
        return self.base + cluster.port_offset

    def cluster_url(self, cluster: Cluster) -> str:
        """The URL of a cluster's REST API."""
        return f'https://{cluster.address}:{self.cluster(cluster)}'

    def all(self) -> dict[tuple[str, int], str]:
        """Every (address, port) of the lab, and which service has it."""
        taken = {(LOOPBACK, self[name]): name for name in PORT_OFFSETS}
        for cluster in CLUSTERS:
            name = f'simulator-{cluster.name}'
            taken[(cluster.address, self.cluster(cluster))] = name
        return taken


def ports_from_environment(stored: int | None = None) -> Ports:
    """The ports, moved by ``EIC_LAB_PORT_BASE`` if it is set.

    A lab that exists has its ports in its catalog: those are ``stored``.
    """
    asked = os.environ.get('EIC_LAB_PORT_BASE')
    ports = (
        Ports(stored or DEFAULT_PORT_BASE) if asked is None else (_parse_base(asked))
    )
    if stored not in (None, ports.base):
        raise LabError(
            f'EIC_LAB_PORT_BASE is {asked}, but this lab was made with '
            f'{stored}: unset it. To move the lab, `make lab-purge` first, '
            'then set it.'
        )
    return ports


def _parse_base(text: str) -> Ports:
    highest = 65535 - max(PORT_OFFSETS.values())
    if not text.isdigit() or not (_LOWEST_PORT_BASE <= int(text) <= highest):
        raise LabError(
            f'EIC_LAB_PORT_BASE is {text!r}: set it to a number from '
            f'{_LOWEST_PORT_BASE} to {highest}, or unset it.'
        )
    return Ports(int(text))


def pools() -> Iterator[Pool]:
    """Every NFS pool of both drivers."""
    yield from _pools_of(BACKENDS)


def block_pools() -> Iterator[Pool]:
    """Every pool of LUNs of both drivers."""
    yield from _pools_of(BLOCK_BACKENDS)


def all_pools() -> Iterator[Pool]:
    """Every pool of both drivers, of files and of LUNs."""
    yield from _pools_of((*BACKENDS, *BLOCK_BACKENDS))


def _pools_of(backends: Sequence[Backend]) -> Iterator[Pool]:
    for driver in DRIVERS:
        for backend in backends:
            for name, share in backend.shares:
                yield Pool(driver, name, backend, share)


def volume_types() -> dict[str, dict[str, str]]:
    """Volume types and their extra specs.

    One a driver and protocol, one a pool.
    """
    types: dict[str, dict[str, str]] = {}
    for pool in all_pools():
        name = pool.backend.volume_backend_name(pool.driver)
        types[name] = {'volume_backend_name': name}
        types[pool.volume_type] = {'volume_backend_name': name, 'pool_name': pool.share}
    return types


def cluster_named(name: str) -> Cluster:
    """The cluster of that name."""
    return next(c for c in CLUSTERS if c.name == name)


def flexvol_of(share: str) -> tuple[Cluster, Svm, FlexVol]:
    """The FlexVol that a share is an export of."""
    address, path = share.split(':', 1)
    for cluster in CLUSTERS:
        for svm in cluster.svms:
            if address in svm.lifs:
                for volume in svm.volumes:
                    if volume.junction_path == path:
                        return cluster, svm, volume
    raise LabError(f'No FlexVol of the lab is exported as {share}.')
