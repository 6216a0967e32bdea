"""Sends one request to both, and compares all that does not differ by itself."""

import json
import re

from webtest.app import TestRequest

from tests.functional_nova.conftest import PROJECT
from tests.functional_nova.glance_stub import IMAGES

HEADER = 'X-EIC-Boot'
UUID = re.compile(rb'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
PASSWORD = re.compile(rb'"adminPass": "\w{12}"|r-\w{8}')
PER_REQUEST = {
    'x-openstack-request-id',
    'x-compute-request-id',
    'content-length',
    'location',
    HEADER.lower(),
}


def server(image='raw', flavor='opted-in', networks='none', **fields):
    """A request body; ``networks`` must be left out below 2.37."""
    found = {
        'name': 'one',
        'imageRef': IMAGES[image]['id'],
        'flavorRef': flavor,
        **({'networks': networks} if networks else {}),
        **fields,
    }
    return {'server': {k: v for k, v in found.items() if v is not ...}}


def send(
    app,
    body,
    version='2.96',
    path='/v2.1/servers',
    method='POST',
    token=f'me:{PROJECT}:member,reader',
    content_type='application/json',
    headers=(),
):
    sent = {'X-Auth-Token': token, 'Accept': 'application/json', **dict(headers)}
    if version:
        sent['OpenStack-API-Version'] = f'compute {version}'
    request = TestRequest.blank(path, method=method, headers=sent)
    request.body = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.content_type = content_type
    return app.do_request(request, expect_errors=True)


def seen(response):
    """All of an answer but what differs between any two requests."""
    headers = sorted(
        (k.lower(), v)
        for k, v in response.headers.items()
        if k.lower() not in PER_REQUEST
    )
    body = PASSWORD.sub(b'RANDOM', UUID.sub(b'UUID', response.body))
    return response.status, headers, body
