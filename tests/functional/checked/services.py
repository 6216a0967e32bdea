"""Keystone and Glance in one small server: as much as `eic check` asks them."""

import contextlib
import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests import stub_server

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
TOKEN = 'gAAAAAtoken-that-nobody-may-see'
_LOCATIONS = re.compile(r'/v2/images/[^/]+/locations')


class Services:
    """What they answer; a test changes it."""

    def __init__(self) -> None:
        self.url = ''
        self.reset()

    def reset(self) -> None:
        self.roles = ['service', 'admin']
        self.images = [{'id': IMAGE, 'name': 'cirros', 'status': 'active'}]
        self.locations: list[dict[str, Any]] = []
        self.locations_status = 200
        self.volume_hosts = ['one@gold', 'one@san', 'one@lvm']
        self.silent = threading.Event()
        self.waiting = 0
        self.refusing = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.waiting += self.silent.is_set()
        while self.silent.is_set():
            time.sleep(0.1)
        status, body, headers = self._answer(environ)
        start_response(f'{status} x', [('Content-Type', 'application/json'), *headers])
        return [json.dumps(body).encode()]

    def _answer(
        self, environ: dict[str, Any]
    ) -> tuple[int, Any, list[tuple[str, str]]]:
        path = environ['PATH_INFO']
        if self.refusing:
            return 503, {}, []
        if path == '/v3/auth/tokens':
            return 201, {'token': self._token()}, [('X-Subject-Token', TOKEN)]
        if _LOCATIONS.fullmatch(path):
            return self.locations_status, self.locations, []
        body = self._documents().get(path)
        return (404, {}, []) if body is None else (200, body, [])

    def _documents(self) -> dict[str, Any]:
        text = {'type': 'string'}
        known = {'id': text, 'name': text, 'status': text}
        current = {'id': 'v2.17', 'status': 'CURRENT', 'links': []}
        return {
            '/v3': {'version': self._version('v3.14')},
            '/v3/': {'version': self._version('v3.14')},
            '/': {'versions': [current]},
            '/versions': {'versions': [current]},
            '/volume/v3/os-services': {
                'services': [
                    {'host': host, 'state': 'up', 'binary': 'cinder-volume'}
                    for host in self.volume_hosts
                ]
            },
            '/v2/images': {'images': self.images},
            '/v2/schemas/image': {'name': 'image', 'properties': known},
        }

    def _token(self) -> dict[str, Any]:
        endpoint = {
            'interface': 'internal',
            'region': 'one',
            'region_id': 'one',
            'url': self.url,
            'id': 'e1',
        }
        return {
            'methods': ['password'],
            'user': {'id': 'u', 'name': 'eic', 'domain': {'id': 'd', 'name': 'D'}},
            'project': {'id': 'p', 'name': 's', 'domain': {'id': 'd', 'name': 'D'}},
            'roles': [{'id': name, 'name': name} for name in self.roles],
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'expires_at': '2999-01-01T00:00:00.000000Z',
            'catalog': [
                {
                    'type': 'image',
                    'name': 'glance',
                    'id': 'c1',
                    'endpoints': [endpoint],
                },
                {
                    'type': 'block-storage',
                    'name': 'cinder',
                    'id': 'c2',
                    'endpoints': [
                        {**endpoint, 'id': 'e2', 'url': f'{self.url}/volume/v3'}
                    ],
                },
            ],
        }

    def _version(self, name: str) -> dict[str, Any]:
        links = [{'rel': 'self', 'href': f'{self.url}/v3/'}]
        return {'id': name, 'status': 'stable', 'links': links}


@contextlib.contextmanager
def serving() -> Iterator[Services]:
    """The services, on a port of loopback."""
    services = Services()
    with stub_server.serving_app(services) as url:
        services.url = url
        try:
            yield services
        finally:
            services.silent.clear()
