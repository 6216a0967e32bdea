"""What is on the wire: encoded paths, credentials, and answers."""

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import webob
from ontap_simulator.errors.common import (
    NotAuthenticatedError,
    OntapError,
)
from ontap_simulator.responses.base import Answer

if TYPE_CHECKING:
    pass


def raw_path(request: webob.Request) -> str:
    """The path still encoded, since a file's name may contain anything."""
    uri = request.environ.get('REQUEST_URI')
    if uri is None:
        uri = quote(request.environ['PATH_INFO'].encode('latin-1'), safe='/')
    path = uri.partition('?')[0]
    # Cinder's paths have doubled and trailing slashes.
    return re.sub('/+', '/', path).rstrip('/') or '/'


def credentials(request: webob.Request) -> tuple[str, str]:
    scheme, _, text = request.headers.get('Authorization', '').partition(' ')
    if scheme.lower() != 'basic':
        raise NotAuthenticatedError
    try:
        name, _, password = base64.b64decode(text).decode().partition(':')
    except (binascii.Error, UnicodeDecodeError) as err:
        raise NotAuthenticatedError from err
    return name, password


def error_answer(err: OntapError) -> Answer:
    headers = {}
    if isinstance(err, NotAuthenticatedError):
        headers['WWW-Authenticate'] = 'Basic realm="ONTAP"'
    if err.retry_after is not None:
        headers['Retry-After'] = str(err.retry_after)
    return Answer({'error': err.body()}, err.status, headers)


def serialise(answer: Answer, pretty: bool = True) -> bytes:
    if answer.xml is not None:
        return answer.xml
    return json.dumps(answer.body, indent=1 if pretty else None).encode()


def response(answer: Answer, content: bytes) -> webob.Response:
    response = webob.Response(
        body=content,
        status=answer.status,
        content_type='application/hal+json' if answer.xml is None else 'text/xml',
        charset=None,
    )
    response.headers.update(answer.headers)
    return response
