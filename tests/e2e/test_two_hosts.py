"""Two hosts of cinder-volume on the same FlexVols, with etcd for their locks: what
one of them makes, or leaves half made, the other one uses, or makes.

They take minutes, and run with ``EIC_HOST_TABLE=1`` (``make tables``).
"""

import concurrent.futures
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from oslo_utils import units

from lab import cinder_hosts, etcd, identity
from lab.context import Lab
from lab.topology import pools
from tests.e2e.deadline import wait_for
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services
from tests.e2e.user import LabUser

EACH = 5
"""Volumes for each pool and host, at once."""
POOLS = ('gold', 'bronze')
LEASE_SECONDS = 30
PAUSE_SECONDS = 8
"""A fill bears with 15 s without an answer."""
TYPES = {name: (f'eic-{name}', f'second-{name}') for name in POOLS}
pytestmark = pytest.mark.skipif(
    not os.environ.get('EIC_HOST_TABLE'), reason='takes minutes: EIC_HOST_TABLE=1'
)


@pytest.fixture(scope='module')
def hosts(lab: Lab) -> Iterator[None]:
    """Both, each with volume types of its own for two pools of one cluster."""
    admin = identity.admin(lab)
    try:
        cinder_hosts.start(lab)
        known = {each['name'] for each in _types(admin)}
        for name in POOLS:
            # One may be there still, of a run that was cut off.
            if TYPES[name][1] not in known:
                _add_type(admin, name)
        cinder_hosts.wait_for_pools(lab)
        yield
    finally:
        cinder_hosts.stop(lab)
        Services(lab).command('restart', cinder_hosts.FIRST)
        _remove_types(admin)


def _add_type(admin: Any, name: str) -> None:
    pool = next(each for each in pools() if (each.driver, each.name) == ('eic', name))
    specs = {'volume_backend_name': cinder_hosts.SECOND_TYPE, 'pool_name': pool.share}
    body = {'volume_type': {'name': TYPES[name][1], 'extra_specs': specs}}
    admin.cinder('POST', '/types', body)


def _remove_types(admin: Any) -> None:
    own = {second for _, second in TYPES.values()}
    for each in _types(admin):
        if each['name'] in own:
            admin.cinder('DELETE', f'/types/{each["id"]}')


def _types(admin: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.cinder('GET', '/types?is_public=None')[
        'volume_types'
    ]
    return found


@pytest.fixture
def qcow2(content: bytes, tmp_path: Path, cloud: LabUser) -> str:
    """An image that has to be downloaded and converted."""
    raw, made = tmp_path / 'disk.raw', tmp_path / 'disk.qcow2'
    raw.write_bytes(content)
    subprocess.run(
        ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', str(raw), str(made)],
        check=True,
        timeout=60,
    )
    return cloud.upload(made.read_bytes(), disk_format='qcow2')


def create_at_once(
    cloud: LabUser, image: str, types: Sequence[str]
) -> list[dict[str, Any]]:
    """Asked for at once, and looked at in turn: a hundred clients that look are a
    load of their own.
    """
    with concurrent.futures.ThreadPoolExecutor(len(types)) as pool:
        asked = list(pool.map(lambda each: cloud.start(image, each), types))
    return [cloud.ended(each) for each in asked]


def routes(volumes: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(volume['metadata'].get('eic_route', '') for volume in volumes)


@pytest.mark.parametrize('each', [EACH, 5 * EACH])
def test_first_volumes_of_two_hosts_are_one_download(
    hosts: None, cloud: LabUser, qcow2: str, digest: str, ontap: Ontap, each: int
) -> None:
    """Twenty at once, and a hundred."""
    mark = ontap.calls()['last']
    types = [kind for name in POOLS for kind in TYPES[name]] * each
    volumes = create_at_once(cloud, qcow2, types)
    assert {volume['status'] for volume in volumes} == {'available'}
    by_host = [cloud.host_of(volume['id']).partition('@')[0] for volume in volumes]
    assert by_host.count(cinder_hosts.SECOND_HOST) == len(volumes) // 2
    assert cloud.downloads(qcow2) == 1
    assert len(ontap.posts_since(mark, '/api/storage/file/copy')) == 1
    expected = ['cached'] * (len(volumes) - 2) + ['copy_offload', 'download']
    assert routes(volumes) == expected
    for volume, kind in zip(volumes, types, strict=True):
        assert cloud.sha256(volume, kind.partition('-')[2]) == digest


def test_a_host_that_is_killed_leaves_its_fill_to_the_other(
    hosts: None,
    lab: Lab,
    cloud: LabUser,
    image: str,
    digest: str,
    ontap: Ontap,
    services: Services,
) -> None:
    first, second = TYPES['gold']
    ontap.control('PATCH', '/settings', json={'copy_throughput': units.Mi})
    mark = ontap.calls()['last']
    orphan = cloud.start(image, first)
    wait_for(
        lambda: ontap.posts_since(mark, '/api/storage/file/copy'), 'the copy to begin'
    )
    # With the processes of its backends, which are its group.
    os.killpg(services.pid(cinder_hosts.FIRST), signal.SIGKILL)
    ontap.control('PATCH', '/settings', json={'copy_throughput': 0})
    killed = time.monotonic()
    try:
        volumes = create_at_once(cloud, image, [second] * EACH)
        waited = time.monotonic() - killed
    finally:
        lab.processes.stop(cinder_hosts.FIRST)
        cinder_hosts.start_host(lab, cinder_hosts.FIRST)
        cinder_hosts.wait_for_pools(lab)
    assert routes(volumes) == ['cached'] * (EACH - 1) + ['copy_offload']
    assert waited < LEASE_SECONDS + 30
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}
    # As with the stock driver: Cinder gives it up when the host is back.
    assert cloud.ended(orphan)['status'] == 'error'
    wait_for(
        lambda: not [name for name in cloud.leftovers() if '/eic-fill-' in name],
        'the half-made file of the killed host to be swept',
    )


def restarted(services: Services) -> None:
    services.lab.processes.stop(etcd.NAME)
    time.sleep(3)
    etcd.start(services.lab)


def standing_still(services: Services) -> None:
    """Its connections stay open, and nobody answers."""
    services.pause(etcd.NAME)
    time.sleep(PAUSE_SECONDS)
    services.resume(etcd.NAME)


@pytest.mark.parametrize('trouble', [restarted, standing_still])
def test_an_etcd_that_is_soon_back_costs_nothing(
    hosts: None,
    cloud: LabUser,
    image: str,
    digest: str,
    ontap: Ontap,
    services: Services,
    trouble: Callable[[Services], None],
) -> None:
    ontap.control('PATCH', '/settings', json={'copy_throughput': 2 * units.Mi})
    mark = ontap.calls()['last']
    types = [each for each in TYPES['gold'] for _ in range(EACH)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        made = pool.submit(create_at_once, cloud, image, types)
        wait_for(
            lambda: ontap.posts_since(mark, '/api/storage/file/copy'),
            'the copy to begin',
        )
        trouble(services)
        volumes = made.result()
    assert routes(volumes) == ['cached'] * (len(volumes) - 1) + ['copy_offload']
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}
    assert len(ontap.posts_since(mark, '/api/storage/file/copy')) == 1


def test_a_frozen_host_leaves_its_pools_to_the_other(
    hosts: None, lab: Lab, cloud: LabUser, image: str
) -> None:
    """As an operator freezes it before a failover, or for maintenance."""
    admin = identity.admin(lab)
    first, second = TYPES['gold']
    cached = cloud.create(image, first)
    host = cloud.host_of(cached['id']).partition('#')[0]
    admin.cinder('PUT', '/os-services/freeze', {'host': host})
    try:
        refused, made = (cloud.create(image, kind) for kind in (first, second))
    finally:
        admin.cinder('PUT', '/os-services/thaw', {'host': host})
    assert refused['status'] == 'error'
    assert routes([made]) == ['cached']
    assert routes([cloud.create(image, first)]) == ['cached']


def test_without_etcd_cinder_downloads_and_what_is_cached_is_cloned(
    hosts: None, lab: Lab, cloud: LabUser, image: str, content: bytes, digest: str
) -> None:
    cached = cloud.create(image, TYPES['gold'][0])
    other = cloud.upload(content)
    lab.processes.stop(etcd.NAME)
    try:
        hit, missed = (cloud.create(each, TYPES['gold'][1]) for each in (image, other))
    finally:
        etcd.start(lab)
    assert routes([cached, hit]) == ['cached', 'copy_offload']
    assert missed['status'] == 'available'
    assert 'locks_unavailable' in str(missed['metadata'])
    assert cloud.sha256(missed, 'gold') == digest
