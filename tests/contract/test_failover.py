"""After a failover nothing that was known of the other cluster counts.

Two simulators; the drivers' own way to the second one is the stock drivers'
``_update_zapi_client``, which their failover ends with.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.testing import serving

from tests.contract import block, shares, stock
from tests.contract.block import ONE, SVM
from tests.contract.images import Glance, Image
from tests.contract.shares import GOLD
from tests.contract.simulator import TOPOLOGY, Simulator
from tests.contract.stock import BACKEND, MIB

SECOND = 'second'
POOL = {'nfs': GOLD, 'iscsi': ONE}
EIC = {'nfs': 'eic_plugins.volume.nfs.EICNfsDriver'}

pytestmark = [
    pytest.mark.usefixtures('nfs'),
    block.NEEDS_ROOT,
    pytest.mark.parametrize('protocol', ['nfs', 'iscsi'], indirect=True),
]


@pytest.fixture(scope='module')
def second(storage: Path) -> Iterator[Simulator]:
    """A cluster with the same names, and uuids of its own."""
    topology = storage / 'second.toml'
    topology.write_text(TOPOLOGY)
    with serving(topology, storage / 'second') as simulator:
        yield simulator


@pytest.fixture(scope='module', autouse=True)
def trusted(served: Simulator, second: Simulator, state: Path) -> Iterator[None]:
    """Where Cinder 26 takes the clusters' certificates from, for its first call."""
    bundle = state / 'clusters.pem'
    bundle.write_text(served.ca.read_text() + second.ca.read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SSL_CERT_FILE', str(bundle))
        yield


def section(text: str) -> str:
    """The backend's section of a cinder.conf."""
    return text.partition(f'[{BACKEND}]')[2].partition('\n[')[0]


@pytest.fixture(scope='module')
def cinder_conf(
    served: Simulator, second: Simulator, state: Path, protocol: str
) -> Iterator[Any]:
    import os_brick.privileged  # noqa: PLC0415 - only when these tests run

    (state / 'shares').write_text(f'{GOLD}\n')
    options = {
        'netapp_storage_protocol': protocol,
        'netapp_vserver': 'svm_gold' if protocol == 'nfs' else SVM,
        **(
            {
                'nfs_shares_config': state / 'shares',
                'nfs_mount_point_base': state / 'mnt',
                'nas_secure_file_operations': True,
                'nas_secure_file_permissions': True,
            }
            if protocol == 'nfs'
            else {}
        ),
    }
    first, other = (stock.config(each, state, **options) for each in (served, second))
    text = f"""{first}
[{SECOND}]
{section(other)}
[DEFAULT]
image_conversion_dir = {state}/conversion
"""
    with stock.configured(state, text) as found:
        os_brick.privileged.default.set_client_mode(False)
        yield found
        os_brick.privileged.default.set_client_mode(True)


@pytest.fixture(scope='module')
def driver(served: Simulator, admin: Any, protocol: str) -> Any:
    if protocol == 'iscsi':
        return block.start_driver(admin, served, protocol)
    return shares.started(admin)


@pytest.fixture
def image(
    driver: Any, admin: Any, simulator: Simulator, protocol: str, glance: Glance
) -> Image:
    """Cached in the pool on the first cluster."""
    driver.eic.connect(BACKEND)
    found = glance.add(os.urandom(4 * MIB))
    volume = stock.new_volume(admin, POOL[protocol])
    _update, cloned = driver.clone_image(
        admin, volume, glance.get_location(None, found.id), found.meta, glance
    )
    assert cloned
    return found


@pytest.fixture
def failed_over(image: Image, driver: Any, admin: Any, protocol: str) -> Iterator[None]:
    owner = driver if protocol == 'nfs' else driver.library
    fail_over(driver, owner, admin, SECOND)
    yield
    fail_over(driver, owner, admin, BACKEND)


def fail_over(driver: Any, owner: Any, admin: Any, to: str) -> None:
    """The end of a failover, without SnapMirror relationships."""

    def ended(*_arguments: Any, **_keywords: Any) -> None:
        owner._update_zapi_client(to)
        owner.failed_over_backend_name = to

    if owner is driver:
        ended()
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, 'failover_host', ended)
        driver.failover_host(admin, [])


def known(driver: Any, protocol: str) -> dict[str, Any]:
    """Where the driver believes its pool to be."""
    pool = driver.eic.cluster.pools.cache_of(POOL[protocol]).pool
    facts = driver.eic.statistics.capability_of(POOL[protocol])
    return {
        'cluster': {pool.flexvol.cluster, facts['cluster']},
        'flexvol': {pool.flexvol.uuid, facts['flexvol']},
        'deployment': driver.eic.deployment.flexvols(),
    }


def cluster_uuid(simulator: Simulator) -> str:
    return str(
        simulator.session.get(f'{simulator.origin}/api/cluster', timeout=30).json()[
            'uuid'
        ]
    )


def test_a_pool_is_where_the_other_cluster_has_it(
    image: Image,
    driver: Any,
    admin: Any,
    protocol: str,
    simulator: Simulator,
    second: Simulator,
    request: pytest.FixtureRequest,
) -> None:
    before = known(driver, protocol)
    request.getfixturevalue('failed_over')
    after = known(driver, protocol)
    assert before['cluster'] == {cluster_uuid(simulator)}
    assert after['cluster'] == {cluster_uuid(second)}
    assert not before['flexvol'] & after['flexvol']
    assert before['flexvol'] <= before['deployment']
    assert after['flexvol'] <= after['deployment']
    assert not before['flexvol'] & after['deployment']


def test_what_was_cached_there_is_no_hit_here(
    image: Image, driver: Any, protocol: str, failed_over: None
) -> None:
    """A record is sealed for its FlexVol; the mirror's has another uuid."""
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    cache = driver.eic.cluster.pools.cache_of(POOL[protocol])
    assert cache.find(image_from_meta(image.meta)) is None
    assert list(driver.eic.cluster.capabilities.images(POOL[protocol])) == []


def test_all_calls_go_to_the_other_cluster(
    image: Image,
    driver: Any,
    admin: Any,
    protocol: str,
    glance: Glance,
    simulator: Simulator,
    failed_over: None,
) -> None:
    since = simulator.calls()['last']
    volume = stock.new_volume(admin, POOL[protocol])
    driver.clone_image(
        admin, volume, glance.get_location(None, image.id), image.meta, glance
    )
    assert simulator.calls(since)['calls'] == []


def test_the_first_cluster_has_it_again_after_a_failback(
    image: Image, driver: Any, admin: Any, protocol: str
) -> None:
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    owner = driver if protocol == 'nfs' else driver.library
    fail_over(driver, owner, admin, SECOND)
    fail_over(driver, owner, admin, BACKEND)
    found = driver.eic.cluster.pools.cache_of(POOL[protocol]).find(
        image_from_meta(image.meta)
    )
    assert found is not None
