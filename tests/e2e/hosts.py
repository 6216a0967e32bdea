"""Two hosts of cinder-volume on the same FlexVols, for the tests of several hosts.

Most of them take minutes, and run with ``EIC_HOST_TABLE=1`` (``make tables``).
"""

import concurrent.futures
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab import cinder_hosts, identity
from lab.context import Lab
from lab.topology import pool_named
from tests.contract.images import qcow2_of
from tests.e2e.services import Services
from tests.e2e.user import LabUser

POOLS = ('gold', 'bronze')
TYPES = {name: (f'eic-{name}', f'second-{name}') for name in POOLS}
"""The volume types of a pool: the first host's, the second one's."""
LEASE_SECONDS = 30
"""After which the lock of a host that was killed is free."""
needs_time = pytest.mark.skipif(
    not os.environ.get('EIC_HOST_TABLE'), reason='takes minutes: EIC_HOST_TABLE=1'
)


@pytest.fixture(scope='module')
def hosts(lab: Lab) -> Iterator[None]:
    """Both, each with volume types of its own for two pools of one cluster."""
    admin = identity.admin(lab)
    try:
        cinder_hosts.start(lab)
        for name in POOLS:
            _ensure_type(admin, name)
        cinder_hosts.wait_for_pools(lab)
        yield
    finally:
        cinder_hosts.stop(lab)
        Services(lab).command('restart', cinder_hosts.FIRST)
        _remove_types(admin)


def _ensure_type(admin: Any, name: str) -> None:
    pool = pool_named('eic', name)
    ensure_type(
        admin,
        TYPES[name][1],
        {'volume_backend_name': cinder_hosts.SECOND_TYPE, 'pool_name': pool.share},
    )


def ensure_type(admin: Any, name: str, specs: dict[str, str]) -> None:
    """One may be there still, of a run that was cut off."""
    if name not in {each['name'] for each in _types(admin)}:
        body = {'volume_type': {'name': name, 'extra_specs': specs}}
        admin.cinder('POST', '/types', body)


def remove_types(admin: Any, names: set[str]) -> None:
    for each in _types(admin):
        if each['name'] in names:
            admin.cinder('DELETE', f'/types/{each["id"]}')


def _remove_types(admin: Any) -> None:
    remove_types(admin, {second for _, second in TYPES.values()})


def _types(admin: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.cinder('GET', '/types?is_public=None')[
        'volume_types'
    ]
    return found


@pytest.fixture
def qcow2(content: bytes, tmp_path: Path, cloud: LabUser) -> str:
    """An image that has to be downloaded and converted."""
    return cloud.upload(qcow2_of(content, tmp_path), disk_format='qcow2')


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
    """Of each volume, in the order of their names."""
    return sorted(volume['metadata'].get('eic_route', '') for volume in volumes)
