"""A hundred servers at once, on two compute hosts: all ACTIVE, nothing left.

They take minutes, and run with ``EIC_HOST_TABLE=1`` (``make tables``).
"""

import collections
import concurrent.futures
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab import nova, nova_hosts
from lab.context import Lab
from tests.e2e.hosts import needs_time, qcow2, routes
from tests.e2e.servers import Servers
from tests.e2e.user import LabUser

COUNT = 100
AT_ONCE = 20
pytestmark = needs_time
__all__ = ['qcow2']


@pytest.fixture(scope='module')
def compute_hosts(lab: Lab) -> Iterator[set[str]]:
    nova_hosts.start(lab)
    yield {nova.host('eic'), nova_hosts.HOST}
    nova_hosts.stop(lab)


def by_one_request(servers: Servers, image: str) -> list[dict[str, Any]]:
    return servers.boot('eic', image, COUNT)


def by_single_requests(servers: Servers, image: str) -> list[dict[str, Any]]:
    side = servers.sides['eic']
    name = f'e2e-{secrets.token_hex(4)}'
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(
                lambda number: side.create(f'{name}-{number}', image), range(COUNT)
            )
        )
    return [side.show(seen.server_id) for seen in side.watch(name, COUNT)]


@pytest.mark.parametrize('boot', [by_one_request, by_single_requests])
def test_a_hundred_servers_of_a_new_image_are_one_download(
    compute_hosts: set[str],
    cloud: LabUser,
    servers: Servers,
    qcow2: str,
    boot: Callable[[Servers, str], list[dict[str, Any]]],
) -> None:
    booted = boot(servers, qcow2)
    assert collections.Counter(each['status'] for each in booted) == {'ACTIVE': COUNT}
    shown = cloud.admin.nova('GET', '/servers/detail?all_tenants=1&limit=1000')
    ours = {each['id'] for each in booted}
    used = {
        each['OS-EXT-SRV-ATTR:host'] for each in shown['servers'] if each['id'] in ours
    }
    assert used == compute_hosts
    volumes = [volume for each in booted for volume in servers.volumes_of(each)]
    assert len(volumes) == COUNT
    found = collections.Counter(routes(volumes))
    assert found['download'] == 1
    assert found['cached'] + found['copy_offload'] == COUNT - 1
    assert cloud.downloads(qcow2) == 1
    # `servers` then deletes them all, and sees that nothing is left.
