"""What tempest needs of the lab beyond what it has; it is taken away at the end.

Images and flavors of its own, and in the catalog a name for the stock APIs: tempest
finds an API by its type in the catalog alone.
"""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

from lab import cinder, identity, nova
from lab.context import Lab
from lab.topology import REGION

IMAGE_MIB = 16
_FLAVORS = {'tempest.one': 1, 'tempest.two': 2}
"""With the root disk, in GiB. They opt in: with EIC, servers boot from volumes."""
_OPT_IN = {'eic:boot_from_volume': 'true'}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What tempest.conf refers to."""

    images: tuple[str, str]
    flavors: tuple[str, str]


def service_types(side: str) -> dict[str, str]:
    """By project, what a side's API is called in the catalog."""
    if side == 'eic':
        return {'compute': 'compute', 'volume': 'block-storage'}
    return {'compute': 'compute-stock', 'volume': 'block-storage-stock'}


@contextlib.contextmanager
def prepared(lab: Lab) -> Iterator[Prepared]:
    """Make it all, and take it away."""
    admin = identity.admin(lab)
    with contextlib.ExitStack() as later:
        urls = {
            'compute': f'{lab.ports.url(nova.STOCK_API)}/v2.1',
            'volume': f'{lab.ports.url(cinder.STOCK_API)}/v3',
        }
        for project, kind in service_types('stock').items():
            _enter_catalog(admin, later.callback, kind, urls[project])
        yield Prepared(
            (_image(admin, later.callback), _image(admin, later.callback)),
            (
                _flavor(admin, later.callback, 'tempest.one'),
                _flavor(admin, later.callback, 'tempest.two'),
            ),
        )


Later = Callable[..., object]


def _enter_catalog(admin: identity.Cloud, later: Later, kind: str, url: str) -> None:
    _forget(admin, kind)
    body = {'service': {'type': kind, 'name': kind}}
    made = admin.request('POST', 'keystone', '/v3/services', body)['service']
    later(_forget, admin, kind)
    endpoint = {
        'service_id': made['id'],
        'interface': 'public',
        'region_id': REGION,
        'url': url,
    }
    admin.request('POST', 'keystone', '/v3/endpoints', {'endpoint': endpoint})


def _forget(admin: identity.Cloud, kind: str) -> None:
    """Its endpoints go with a service."""
    listed = admin.request('GET', 'keystone', f'/v3/services?type={kind}')
    for service in listed['services']:
        admin.request('DELETE', 'keystone', f'/v3/services/{service["id"]}')


def _image(admin: identity.Cloud, later: Later) -> str:
    image: dict[str, Any] = admin.request(
        'POST',
        'glance',
        '/v2/images',
        {
            'name': 'tempest',
            'disk_format': 'raw',
            'container_format': 'bare',
            'visibility': 'public',
        },
    )
    path = f'/v2/images/{image["id"]}'
    later(admin.request, 'DELETE', 'glance', path)
    admin.upload(f'{path}/file', os.urandom(IMAGE_MIB << 20))
    return str(image['id'])


def _flavor(admin: identity.Cloud, later: Later, name: str) -> str:
    have = {each['name'] for each in admin.nova('GET', '/flavors')['flavors']}
    if name in have:
        admin.nova('DELETE', f'/flavors/{name}')
    fields = {'name': name, 'id': name, 'ram': 256, 'vcpus': 1}
    body = {'flavor': {**fields, 'disk': _FLAVORS[name]}}
    admin.nova('POST', '/flavors', body)
    later(admin.nova, 'DELETE', f'/flavors/{name}')
    specs = {'extra_specs': _OPT_IN}
    admin.nova('POST', f'/flavors/{name}/os-extra_specs', specs)
    return name
