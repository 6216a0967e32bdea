"""A network service that has no networks: what Nova asks where Neutron is not.

A server with ``--nic none`` needs no network, yet nova-api asks for its ports
whenever it shows one, and nova-compute when it deletes one. This WSGI
application answers that there are none, and 404 to all else. It is not in the
catalog and does not stand in for Neutron: no server can have a network here.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

NAME = 'no-network'
_EMPTY = ('extensions', 'floatingips', 'networks', 'ports', 'security-groups')


def application(
    environ: dict[str, Any],
    start_response: Any,
) -> Iterable[bytes]:
    """The WSGI application."""
    kind = environ['PATH_INFO'].removesuffix('.json').rpartition('/')[2]
    known = environ['REQUEST_METHOD'] == 'GET' and kind in _EMPTY
    body: dict[str, Any] = (
        {kind.replace('-', '_'): []}
        if known
        else {
            'NeutronError': {
                'type': 'NotFound',
                'detail': '',
                'message': 'The lab has no networks.',
            }
        }
    )
    status = HTTPStatus.OK if known else HTTPStatus.NOT_FOUND
    start_response(
        f'{status.value} {status.phrase}', [('Content-Type', 'application/json')]
    )
    return [json.dumps(body).encode()]
