"""What the lab is made of: clusters, backends, pools, volume types, flavors."""

from collections.abc import Iterator, Sequence

from lab.errors import LabError
from lab.specs import (
    BackendSpec,
    ClusterSpec,
    FlavorSpec,
    FlexVolSpec,
    PoolSpec,
    SvmSpec,
)

DRIVERS = ('eic', 'stock')
# The users of the simulators' API: one for each driver, so that its REST calls
# can be counted apart, and one for the lab's own control calls.
ONTAP_USERS = ('eic', 'stock', 'lab')


CLUSTERS = (
    ClusterSpec(
        'cluster-a',
        '127.0.10.1',
        443,
        (
            SvmSpec(
                'svm_gold',
                ('127.0.11.1', '127.0.11.2'),
                (
                    FlexVolSpec('images_vol', '/images', 'aggr1'),
                    FlexVolSpec('gold_vol', '/tenants/gold', 'aggr1'),
                    FlexVolSpec('bronze_vol', '/tenants/bronze', 'aggr2'),
                ),
            ),
            SvmSpec(
                'svm_silver',
                ('127.0.12.1',),
                (FlexVolSpec('silver_vol', '/silver', 'aggr2'),),
            ),
            SvmSpec(
                'svm_block',
                ('127.0.13.1', '127.0.13.2'),
                (
                    FlexVolSpec('block_one', None, 'aggr1'),
                    FlexVolSpec('block_two', None, 'aggr2'),
                ),
                ('iscsi',),
            ),
        ),
    ),
    ClusterSpec(
        'cluster-b',
        '127.0.20.1',
        444,
        (
            SvmSpec(
                'svm_remote',
                ('127.0.21.1',),
                (FlexVolSpec('remote_vol', '/remote', 'aggr1'),),
            ),
        ),
    ),
)

BACKENDS = (
    BackendSpec(
        'gold',
        'cluster-a',
        'svm_gold',
        (
            ('images', '127.0.11.1:/images'),
            ('gold', '127.0.11.1:/tenants/gold'),
            ('bronze', '127.0.11.1:/tenants/bronze'),
        ),
    ),
    BackendSpec(
        'silver', 'cluster-a', 'svm_silver', (('silver', '127.0.12.1:/silver'),)
    ),
    BackendSpec(
        'remote', 'cluster-b', 'svm_remote', (('remote', '127.0.21.1:/remote'),)
    ),
)

BLOCK_BACKENDS = (
    BackendSpec(
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

# Glance reaches the FlexVol through another LIF than Cinder. So the address of a
# share does not say which FlexVol it is.
IMAGE_SHARE = '127.0.11.2:/images'

FLAVORS = (
    FlavorSpec('m1.tiny', 1),
    # Its servers boot from a volume where the Nova filter is in place.
    FlavorSpec('eic.tiny', 1, (('eic:boot_from_volume', 'true'),)),
    # No local disk: who boots from a volume must name its size.
    FlavorSpec('m1.diskless', 0),
    # As much memory as the lab's own guest wants (lab/guest_image/).
    FlavorSpec('m1.guest', 1, ram_mib=128),
)

SERVICE_PROJECT = 'service'
DEMO_PROJECT = 'demo'
DEMO_USER = 'demo'
REGION = 'lab'
# What the lab's own requests and its openrc ask Nova for: enough for a server
# without a network (2.37) and a volume type in a block device mapping (2.67).
COMPUTE_MICROVERSION = '2.96'


def pools() -> Iterator[PoolSpec]:
    """Every NFS pool of both drivers."""
    yield from _pools_of(BACKENDS)


def block_pools() -> Iterator[PoolSpec]:
    """Every pool of LUNs of both drivers."""
    yield from _pools_of(BLOCK_BACKENDS)


def all_pools() -> Iterator[PoolSpec]:
    """Every pool of both drivers, of files and of LUNs."""
    yield from _pools_of((*BACKENDS, *BLOCK_BACKENDS))


def _pools_of(backends: Sequence[BackendSpec]) -> Iterator[PoolSpec]:
    for driver in DRIVERS:
        for backend in backends:
            for name, share in backend.shares:
                yield PoolSpec(driver, name, backend, share)


def volume_types() -> dict[str, dict[str, str]]:
    """Volume types and their extra specs.

    One for each driver and protocol, one for each pool.
    """
    types: dict[str, dict[str, str]] = {}
    for pool in all_pools():
        name = pool.backend.volume_backend_name(pool.driver)
        types[name] = {'volume_backend_name': name}
        types[pool.volume_type] = {'volume_backend_name': name, 'pool_name': pool.share}
    return types


def cluster_named(name: str) -> ClusterSpec:
    """The cluster of that name."""
    return next(c for c in CLUSTERS if c.name == name)


def pool_named(driver: str, name: str) -> PoolSpec:
    """The pool of that short name, as one driver's backend reports it."""
    return next(
        pool for pool in all_pools() if (pool.driver, pool.name) == (driver, name)
    )


def flexvol_of(share: str) -> tuple[ClusterSpec, SvmSpec, FlexVolSpec]:
    """The FlexVol that a share is an export of."""
    address, path = share.split(':', 1)
    for cluster in CLUSTERS:
        for svm in cluster.svms:
            if address in svm.lifs:
                for volume in svm.volumes:
                    if volume.junction_path == path:
                        return cluster, svm, volume
    raise LabError(f'No FlexVol of the lab is exported as {share}.')
