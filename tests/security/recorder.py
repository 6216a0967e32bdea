"""An application that writes down what reaches it, and who asks it."""

import dataclasses
import json
import re
from typing import Any

import webob

FRAMING = {'CONTENT_LENGTH', 'HTTP_TRANSFER_ENCODING'}
"""How a body comes; a body that was read comes with its length."""
HEADERS_OF_OURS = {'X-EIC-Hold', 'X-EIC-Boot'}


class ApplicationError(Exception):
    """One that the application raises."""


class Chunks:
    """An answer in two parts, which must be closed."""

    def __init__(self, recorder, body):
        self._recorder, self._body = recorder, body

    def __iter__(self):
        yield self._body[:3]
        yield self._body[3:]

    def close(self):
        self._recorder.closed += 1


@dataclasses.dataclass(frozen=True)
class Call:
    """What reached the application: headers, and the body or the error."""

    head: dict[str, str]
    body: Any


class Recorder:
    """Answers as the request's ``test.answer`` says: (how, status, body)."""

    def __init__(self):
        self.calls, self.closed = [], 0

    def __call__(self, environ, start_response):
        try:
            body = webob.Request(environ).body
        except Exception as err:
            body = type(err)
        self.calls.append(
            Call(
                {
                    key: value
                    for key, value in environ.items()
                    if isinstance(value, str)
                    and key not in FRAMING
                    and not key.startswith('webob.')
                },
                body,
            )
        )
        how, status, answer = self.answer(environ, body)
        if how == 'raises':
            raise ApplicationError
        write = start_response(
            f'{status} x',
            [('Content-Type', 'application/json'), ('X-Twice', 'a'), ('X-Twice', 'b')],
        )
        if how == 'writes':
            write(answer)
            return []
        return Chunks(self, answer) if how == 'in chunks' else [answer]

    def answer(self, environ, _body):
        """How, status and body."""
        return environ['test.answer']

    def forget(self):
        """As new."""
        self.calls, self.closed = [], 0


def ask(app, environ):
    """Status, headers but ours, body; or the error; and the headers of ours."""
    started, written = [], []

    def start_response(status, headers, _error=None):
        started[:] = [status, headers]
        return written.append

    try:
        chunks = app(environ, start_response)
        content = b''.join([*written, *chunks])
        getattr(chunks, 'close', lambda: None)()
    except Exception as err:
        return type(err), {}
    status, headers = started
    ours = {name: value for name, value in headers if name in HEADERS_OF_OURS}
    return (
        status,
        [pair for pair in headers if pair[0] not in HEADERS_OF_OURS],
        content,
    ), ours


def canonical(document):
    """JSON text by which two documents are the same, NaN and order included."""
    return json.dumps(document)


UUID = re.compile(rb'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
TIME = re.compile(rb'\d{4}-\d\d-\d\dT[\d:.]+')
PASSWORD = re.compile(rb'"adminPass": "\w{12}"|r-\w{8}')
PER_REQUEST = {
    'x-openstack-request-id',
    'x-compute-request-id',
    'content-length',
    'date',
    'location',
}


def comparable(answer):
    """An answer of :func:`ask` without what differs between any two."""
    if not isinstance(answer, tuple):
        return answer
    status, headers, content = answer
    for pattern in (UUID, TIME, PASSWORD):
        content = pattern.sub(b'*', content)
    return (
        status,
        sorted(
            (name.lower(), value)
            for name, value in headers
            if name.lower() not in PER_REQUEST
        ),
        content,
    )
