"""A small HTTP server that shows one collection of metrics, and bounds what it takes.

Few requests at once, a deadline for each, no body, no name looked up. What it answers
is prometheus_client's: the text format or OpenMetrics, as the client asks.
"""

import logging
import socket
import socketserver
import threading
import time
import wsgiref.simple_server
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.registry import Collector

LOG = logging.getLogger(__name__)

PATH = '/metrics'
AT_ONCE = 8
"""Requests; a ninth one's connection is closed."""
DEADLINE = 30.0
"""Seconds for a request, from its first byte to the last one of the answer."""
_SILENCE = 5.0
"""Seconds without a byte of a request."""


class _Handler(wsgiref.simple_server.WSGIRequestHandler):
    timeout = _SILENCE

    def log_message(self, format: str, *args: Any) -> None:
        LOG.debug(format, *args)


class MetricsServer(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    """Serves ``/metrics``.

    :param address: a host's own address, IPv4 or IPv6, and a port; 0 for any
    :raises OSError: the port is taken, or the address is not this host's
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], collector: Collector) -> None:
        self.address_family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        self._places = threading.Semaphore(AT_ONCE)
        self._begun: dict[Any, float] = {}
        super().__init__(address, _Handler)
        registry = CollectorRegistry()
        registry.register(collector)
        self.set_app(_only_metrics(make_wsgi_app(registry)))

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = self.server_address[:2]
        shown = f'[{host!s}]' if self.address_family == socket.AF_INET6 else str(host)
        return f'http://{shown}:{port}{PATH}'

    def server_bind(self) -> None:
        """As ``HTTPServer`` does, which also asks for the host's name."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle it in a thread, if there is a place."""
        if not self._places.acquire(blocking=False):
            LOG.warning('More than %d requests at once: one is not answered', AT_ONCE)
            self.shutdown_request(request)
            return
        self._begun[request] = time.monotonic()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._begun.pop(request, None)
            self._places.release()

    def service_actions(self) -> None:
        """Twice a second: end what takes too long."""
        latest = time.monotonic() - DEADLINE
        for request, begun in list(self._begun.items()):
            if begun < latest:
                self._begun.pop(request, None)
                _end(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the server's."""
        LOG.debug('A request was not answered', exc_info=True)


def _end(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        LOG.debug('It had ended by itself')


def _only_metrics(app: Any) -> Any:
    """The library's application answers on each path, and takes queries.

    The files are read for one request after the other: they take the memory once.
    """
    one = threading.Lock()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get('PATH_INFO') != PATH:
            start_response('404 Not Found', [('Content-Type', 'text/plain')])
            return [f'The metrics are at {PATH}\n'.encode()]
        environ['QUERY_STRING'] = ''
        with one:
            return app(environ, start_response)

    return answer
