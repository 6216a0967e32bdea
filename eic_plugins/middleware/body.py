"""Reads a request's body and puts back exactly what was read.

A filter may look at a body only if the application behind it does not notice. So that
one must find the same bytes, the same end of input, and the same error at the same
place.
"""

import io
import json
from collections.abc import MutableMapping
from typing import Any

import webob

Environ = MutableMapping[str, Any]
_CHUNK = 65536


class ReplayedInput(io.RawIOBase):
    """What was read so far, then the error that ended the reading."""

    def __init__(self, prefix: bytes, error: BaseException) -> None:
        super().__init__()
        self._prefix = io.BytesIO(prefix)
        self._error = error

    def readable(self) -> bool:
        """Always: it is an input."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from what was read, then raise as before."""
        count = self._prefix.readinto(buffer)
        if not count:
            raise self._error
        return count


def read(environ: Environ) -> bytes | None:
    """The whole body, None if it could not be read to its end."""
    request = webob.Request(environ)
    if not request.is_body_readable:
        return None
    length = request.content_length
    received = bytearray()
    try:
        _read_into(received, environ['wsgi.input'], length)
    except Exception as err:
        environ['wsgi.input'] = ReplayedInput(bytes(received), err)
        return None
    body = bytes(received)
    if length is not None and len(body) < length:
        # The client went away; the application finds that out by itself.
        environ['wsgi.input'] = io.BytesIO(body)
        return None
    replace(environ, body)
    return body


def replace(environ: Environ, body: bytes) -> None:
    """Make ``body`` the request's body."""
    environ['wsgi.input'] = io.BytesIO(body)
    environ['CONTENT_LENGTH'] = str(len(body))
    environ.pop('HTTP_TRANSFER_ENCODING', None)


def parse(body: bytes) -> Any:
    """The JSON document, None if the application would not read it either."""
    try:
        return json.loads(body.decode('utf-8'))
    except (ValueError, RecursionError):
        return None


def serialise(document: Any) -> bytes:
    """The JSON document as bytes."""
    return json.dumps(document).encode('utf-8')


def _read_into(received: bytearray, stream: Any, length: int | None) -> None:
    while length is None or len(received) < length:
        wanted = _CHUNK if length is None else min(_CHUNK, length - len(received))
        chunk = stream.read(wanted)
        if not chunk:
            return
        received += chunk
