"""An active-active cluster of two hosts, as Cinder has it: one queue, and locks in
etcd. Either host makes, uses and deletes what the other one made.
"""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oslo_utils import units

from lab import cinder_cluster, cinder_hosts, identity, simulator
from lab.context import Lab
from lab.topology import all_pools
from tests.e2e.deadline import wait_for
from tests.e2e.hosts import (
    LEASE_SECONDS,
    create_at_once,
    ensure_type,
    needs_time,
    qcow2,
    remove_types,
    routes,
)
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services
from tests.e2e.user import IMAGE_SIZE, LabUser

FIRST, SECOND = cinder_cluster.HOSTS
POOLS = ('gold', 'block-one')
EIC_POOLS = {each.name: each for each in all_pools() if each.driver == 'eic'}
TYPES = {name: f'cluster-{name}' for name in POOLS}
pytestmark = needs_time
__all__ = ['qcow2']


@pytest.fixture(scope='module')
def cluster(lab: Lab) -> Iterator[None]:
    admin = identity.admin(lab)
    try:
        cinder_cluster.start(lab)
        for name, kind in TYPES.items():
            pool = EIC_POOLS[name]
            backend = cinder_cluster.backend_name(pool.backend_section)
            specs = {'volume_backend_name': backend, 'pool_name': pool.share}
            ensure_type(admin, kind, specs)
        cinder_cluster.wait_for_services(lab)
        yield
    finally:
        cinder_cluster.stop(lab)
        Services(lab).command('start', cinder_hosts.FIRST)
        remove_types(admin, set(TYPES.values()))


def hosts_of(cloud: LabUser, volumes: list[dict[str, Any]]) -> set[str]:
    return {cloud.host_of(each['id']).partition('@')[0] for each in volumes}


@pytest.mark.parametrize('count', [20, 100])
@pytest.mark.parametrize('pool', POOLS)
def test_first_volumes_at_once_are_one_download_by_both_hosts(
    cluster: None,
    lab: Lab,
    cloud: LabUser,
    qcow2: str,
    digest: str,
    pool: str,
    count: int,
) -> None:
    volumes = create_at_once(cloud, qcow2, [TYPES[pool]] * count)
    assert {each['status'] for each in volumes} == {'available'}
    assert hosts_of(cloud, volumes) == {FIRST, SECOND}
    assert routes(volumes) == ['cached'] * (count - 1) + ['download']
    assert cloud.downloads(qcow2) == 1
    directory = simulator.pool_directory_from_host(lab, EIC_POOLS[pool])
    files = [directory / f'volume-{each["id"]}' for each in volumes]
    assert {_digest(each) for each in files} == {digest}


def _digest(file: Path) -> str:
    with file.open('rb') as stream:
        return hashlib.sha256(stream.read(IMAGE_SIZE)).hexdigest()


def test_either_host_goes_on_with_a_volume_of_the_other(
    cluster: None, cloud: LabUser, image: str, digest: str
) -> None:
    volumes = create_at_once(cloud, image, [TYPES['gold']] * 10)
    assert hosts_of(cloud, volumes) == {FIRST, SECOND}
    for each in volumes:
        cloud.api.cinder(
            'POST', f'/volumes/{each["id"]}/action', {'os-extend': {'new_size': 2}}
        )
    for each in volumes:
        _wait_for_size(cloud, each['id'], 2)
        assert cloud.sha256(each, 'gold') == digest
    for each in volumes:
        cloud.delete(each['id'])
    assert not [name for name in cloud.files() if '/volume-' in name]


def _wait_for_size(cloud: LabUser, volume_id: str, size: int) -> None:
    def grown() -> bool:
        volume = cloud.show(volume_id)
        return volume['size'] == size and volume['status'] == 'available'

    wait_for(grown, f'volume {volume_id} to have {size} GiB')


def test_a_killed_host_leaves_the_queue_to_the_other(
    cluster: None,
    lab: Lab,
    cloud: LabUser,
    image: str,
    digest: str,
    ontap: Ontap,
    services: Services,
) -> None:
    """An operator then has Cinder clean up: it ends what the killed host had begun."""
    ontap.copy_at(units.Mi)
    mark = ontap.calls()['last']
    orphan = cloud.start(image, TYPES['gold'])
    ontap.wait_for_file_copy(mark)
    killed = cloud.host_of(orphan).partition('@')[0]
    os.killpg(services.pid(cinder_cluster.service(killed)), signal.SIGKILL)
    ontap.copy_at(0)
    try:
        asked = [cloud.start(image, TYPES['gold']) for _ in range(5)]
        volumes = [cloud.ended(each, LEASE_SECONDS + 60) for each in asked]
        left = ({FIRST, SECOND} - {killed}).pop()
        assert hosts_of(cloud, volumes) == {left}
        assert routes(volumes) == ['cached'] * 4 + ['copy_offload']
        assert {cloud.sha256(each, 'gold') for each in volumes} == {digest}
        _clean_up_after(cloud, killed)
        assert cloud.ended(orphan)['status'] == 'error'
    finally:
        lab.processes.stop(cinder_cluster.service(killed))
        cinder_cluster.start_host(lab, killed)
        cinder_cluster.wait_for_services(lab)
    wait_for(
        lambda: not [name for name in cloud.leftovers() if '/eic-fill-' in name],
        'the half-made file of the killed host to be swept',
    )


def _clean_up_after(cloud: LabUser, host: str) -> None:
    """When Cinder has noticed that it is down."""

    def cleaning() -> list[Any]:
        answer = cloud.admin.request(
            'POST',
            'cinder-api',
            f'/v3/{cloud.admin.project_id}/workers/cleanup',
            {'cluster_name': f'{cinder_cluster.NAME}@eic-gold', 'is_up': False},
            {'OpenStack-API-Version': 'volume 3.24'},
        )
        found: list[Any] = answer['cleaning']
        return found

    wait_for(cleaning, f'Cinder to have {host} cleaned up after')
