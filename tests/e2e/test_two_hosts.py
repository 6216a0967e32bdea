"""Two hosts of cinder-volume on the same FlexVols, with etcd for their locks: what
one of them makes, or leaves half made, the other one uses, or makes.

The first test always runs with twenty volumes. What else is here takes minutes:
``EIC_HOST_TABLE=1``.
"""

import concurrent.futures
import os
import signal
import time
from collections.abc import Callable

import pytest
from oslo_utils import units

from lab import cinder_hosts, etcd, identity
from lab.context import Lab
from tests.e2e.deadline import wait_for
from tests.e2e.hosts import (
    LEASE_SECONDS,
    POOLS,
    TYPES,
    create_at_once,
    hosts,
    needs_time,
    qcow2,
    routes,
)
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services
from tests.e2e.user import LabUser

EACH = 5
"""Volumes for each pool and host, at once."""
PAUSE_SECONDS = 8
"""A fill bears with 15 s without an answer."""
__all__ = ['hosts', 'qcow2']


@pytest.mark.parametrize('each', [EACH, pytest.param(5 * EACH, marks=needs_time)])
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
    assert len(ontap.file_copies(mark)) == 1
    expected = ['cached'] * (len(volumes) - 2) + ['copy_offload', 'download']
    assert routes(volumes) == expected
    for volume, kind in zip(volumes, types, strict=True):
        assert cloud.sha256(volume, kind.partition('-')[2]) == digest


@needs_time
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
    ontap.copy_at(units.Mi)
    mark = ontap.calls()['last']
    orphan = cloud.start(image, first)
    ontap.wait_for_file_copy(mark)
    # With the processes of its backends, which are its group.
    os.killpg(services.pid(cinder_hosts.FIRST), signal.SIGKILL)
    ontap.copy_at(0)
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


@needs_time
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
    ontap.copy_at(2 * units.Mi)
    mark = ontap.calls()['last']
    types = [each for each in TYPES['gold'] for _ in range(EACH)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        made = pool.submit(create_at_once, cloud, image, types)
        ontap.wait_for_file_copy(mark)
        trouble(services)
        volumes = made.result()
    assert routes(volumes) == ['cached'] * (len(volumes) - 1) + ['copy_offload']
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}
    assert len(ontap.file_copies(mark)) == 1


@needs_time
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


@needs_time
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
