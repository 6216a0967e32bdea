"""A network service that has no networks: what Nova asks where Neutron is not.

A server with ``--nic none`` needs no network, yet nova-api asks for its ports
whenever it shows one, and nova-compute when it deletes one. Without ``--nic none``
Nova looks for networks, and then for the project's quota of ports, which is
unlimited. This WSGI application answers that, and 404 to all else. It is not in the
catalog and does not stand in for Neutron: no server can have a network here.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

NAME = 'no-network'
_EMPTY = ('extensions', 'floatingips', 'networks', 'ports', 'security-groups')
_QUOTA = {'network': 0, 'port': -1, 'security_group': 0}
_NOT_FOUND = {
    'NeutronError': {
        'type': 'NotFound',
        'detail': '',
        'message': 'The lab has no networks.',
    }
}


def application(
    environ: dict[str, Any],
    start_response: Any,
) -> Iterable[bytes]:
    """The WSGI application."""
    body = _answer(environ['REQUEST_METHOD'], environ['PATH_INFO'])
    status = HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK
    start_response(
        f'{status.value} {status.phrase}', [('Content-Type', 'application/json')]
    )
    return [json.dumps(_NOT_FOUND if body is None else body).encode()]


def _answer(method: str, path: str) -> dict[str, Any] | None:
    folder, _, kind = path.removesuffix('.json').rpartition('/')
    if method != 'GET':
        return None
    if folder.endswith('/quotas'):
        return {'quota': _QUOTA}
    return {kind.replace('-', '_'): []} if kind in _EMPTY else None
