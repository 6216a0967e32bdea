"""Asks the application behind a filter, in process, as the same user.

A subrequest is no network call. It enters the pipeline right behind the filter, with
the context that authentication made for the user's own request. So the same policies
hold for it, and it sees what the user may see.
"""

import dataclasses
import io
from collections.abc import Callable, Iterable
from typing import Any

import webob

from eic_plugins.middleware import body

StartResponse = Callable[..., Any]
WSGIApp = Callable[[body.Environ, StartResponse], Iterable[bytes]]

_KEPT = (
    'SCRIPT_NAME',
    'SERVER_NAME',
    'SERVER_PORT',
    'SERVER_PROTOCOL',
    'REMOTE_ADDR',
    'HTTP_HOST',
    'wsgi.version',
    'wsgi.url_scheme',
    'wsgi.errors',
    'wsgi.multithread',
    'wsgi.multiprocess',
    'wsgi.run_once',
    'nova.context',
    'openstack.request_id',
)
"""Who asks, and where. All else is left out: what routers and WebOb noted on the user's
request (its route, its parsed body) would be wrong for another one."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an application answered, to the end."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """The number in the status line."""
        return int(self.status.split()[0])

    def document(self) -> Any:
        """The JSON document, None if it is none."""
        return body.parse(self.body)

    def send(
        self, start_response: StartResponse, *extra: tuple[str, str]
    ) -> list[bytes]:
        """Pass the answer on, with more headers."""
        start_response(self.status, [*self.headers, *extra])
        return [self.body]


def call(app: WSGIApp, environ: body.Environ) -> Answer:
    """Let ``app`` answer ``environ``, and keep the answer.

    :raises Exception: the application did
    """
    status, headers, chunks = webob.Request(environ).call_application(app)
    try:
        return Answer(status, list(headers), b''.join(chunks))
    finally:
        close = getattr(chunks, 'close', None)
        if close is not None:
            close()


class Subrequests:
    """Asks as whoever sent a request.

    Make it before ``environ`` is passed on: the application may change that.
    """

    def __init__(self, app: WSGIApp, environ: body.Environ) -> None:
        self._app = app
        self._kept = {key: environ[key] for key in _KEPT if key in environ}

    def get(self, path: str, version: str | None = None) -> Answer:
        """``GET path``, below the same SCRIPT_NAME.

        :param version: value of ``OpenStack-API-Version``
        :raises Exception: the application did
        """
        environ = {
            **self._kept,
            'REQUEST_METHOD': 'GET',
            'PATH_INFO': path,
            'QUERY_STRING': '',
            'HTTP_ACCEPT': 'application/json',
            'wsgi.input': io.BytesIO(),
            'CONTENT_LENGTH': '0',
        }
        if version is not None:
            environ['HTTP_OPENSTACK_API_VERSION'] = version
        return call(self._app, environ)
