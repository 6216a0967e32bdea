"""A Glance on a loopback port that can be told to misbehave.

It stands in for Glance only where the *filter's* look-up is tested against the
real cinder-api in process; the lab runs the real one.
"""

import json
import threading

import pytest

from tests import stub_server

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
INVISIBLE = '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22'
NAMED = 'cirros'
SECRET_PATH = '/srv/glance/images'


class GlanceStub:
    """One visible image, with a location on an NFS mount."""

    def __init__(self):
        self.locations_status = 200
        self.locations_body = None
        self.answer_locations = threading.Event()
        self.answer_locations.set()
        self.asked = []

    def reset(self):
        self.answer_locations.set()
        self.locations_status, self.locations_body = 200, None
        self.asked.clear()

    def __call__(self, environ, start_response):
        path = environ['PATH_INFO']
        self.asked.append(path)
        status, body = self.answer(path, environ.get('QUERY_STRING', ''))
        start_response(f'{status} x', [('Content-Type', 'application/json')])
        return [body if isinstance(body, bytes) else json.dumps(body).encode()]

    def answer(self, path, query):
        """Status and body."""
        if path in {'/versions', '/'}:
            return 200, {
                'versions': [{'id': 'v2.17', 'status': 'CURRENT', 'links': []}]
            }
        if path == f'/v2/images/{IMAGE}/locations':
            self.answer_locations.wait(10)
            return self.locations_status, self.locations_body or locations()
        if path == f'/v2/images/{IMAGE}':
            return 200, image()
        if path == '/v2/images':
            return 200, {'images': [image()] if f'name={NAMED}' in query else []}
        if path == '/v2/schemas/image':
            return 200, {
                'name': 'image',
                'properties': {name: {'type': 'string'} for name in image()},
            }
        return 404, {}


def image():
    return {
        'id': IMAGE,
        'name': NAMED,
        'status': 'active',
        'size': 1024,
        'disk_format': 'raw',
        'container_format': 'bare',
        'min_disk': 0,
        'min_ram': 0,
        'visibility': 'public',
        'owner': 'x',
        'created_at': '2026-01-01T00:00:00Z',
        'updated_at': '2026-01-01T00:00:00Z',
    }


def locations():
    return [
        {
            'url': f'file://{SECRET_PATH}/{IMAGE}',
            'metadata': {
                'share_location': 'nfs://127.0.11.2/images',
                'type': 'nfs',
                'mountpoint': SECRET_PATH,
            },
        }
    ]


@pytest.fixture(scope='session', name='glance_server')
def serve(stub):
    """The suite's stub and its URL."""
    with stub_server.serving_app(stub) as url:
        yield stub, url
        stub.answer_locations.set()


@pytest.fixture(name='glance')
def as_new(glance_server):
    """The stub with nothing left of the test before."""
    stub, _url = glance_server
    stub.reset()
    yield stub
    stub.reset()
