"""HTTPS on one loopback address: threads, kept-alive HTTP/1.1 connections."""

import itertools
import logging
import socket
import ssl
import sys
import threading
from typing import Any

from cheroot import errors, server, wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from ontap_simulator.app import CONNECTION, Application
from ontap_simulator.errors.common import DropConnectionError
from ontap_simulator.tls.certificates import ServerFiles

LOG = logging.getLogger(__name__)

# Each held answer (return_timeout, latency) takes a thread.
_THREADS = 64
_IDLE_SECONDS = 60
_SHUTDOWN_SECONDS = 1
_PATIENCE_SECONDS = 0.5
_BACKLOG = 128


class _Connection(server.HTTPConnection):
    """A TCP connection with a number."""

    _numbers = itertools.count(1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = next(self._numbers)

    def communicate(self) -> Any:
        parent: Any = super()  # cheroot does not say what this returns
        try:
            return parent.communicate()
        except OSError as err:
            # Cheroot could not even say that something was wrong.
            LOG.info('Connection %d broke: %s', self.number, err)
            return False


class _TlsAdapter(BuiltinSSLAdapter):
    """Leaves the handshake to the thread that reads the first request.

    Cheroot would do it in its only accepting thread. A client that connects and
    says nothing would then hold up all the others.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, {'HTTPS': 'on', 'wsgi.url_scheme': 'https'}


class _Gateway(wsgi.Gateway_10):
    """Tells the application the connection's number, and may drop it."""

    def get_environ(self) -> Any:
        parent: Any = super()
        environ = parent.get_environ()
        environ[CONNECTION] = self.req.conn.number
        return environ

    def respond(self) -> None:
        try:
            super().respond()
        except DropConnectionError as err:
            self.req.conn.socket.shutdown(socket.SHUT_RDWR)
            # Cheroot's own sign that there is nobody to answer.
            raise errors.FatalSSLAlert from err


class _Server(wsgi.Server):
    """Says in the simulator's log what cheroot has to say."""

    def error_log(
        self, msg: str = '', level: int = logging.INFO, traceback: bool = False
    ) -> None:
        # Tests have clients that go away in the middle: no reason for a warning.
        LOG.log(min(level, logging.INFO), '%s', msg.strip(), exc_info=traceback)


class Server:
    """Serves an application over TLS."""

    def __init__(
        self, app: Application, host: str, port: int, files: ServerFiles
    ) -> None:
        self._server = _Server(
            (host, port),
            app,
            numthreads=_THREADS,
            timeout=_IDLE_SECONDS,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            request_queue_size=_BACKLOG,
            server_name=app.cluster.name,
        )
        # Cheroot would keep 10 connections, and close any other after its answer.
        self._server.keep_alive_conn_limit = sys.maxsize
        self._server.gateway = _Gateway
        self._server.ConnectionClass = _Connection
        self._server.ssl_adapter = _TlsAdapter(str(files.certificate), str(files.key))
        self._server.prepare()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port is the real one."""
        host, port = self._server.bind_addr[:2]
        return str(host), int(port)

    def serve(self) -> None:
        """Serve until stop() is called from another thread."""
        self._server.serve()

    def stop(self) -> None:
        """End within half a second; answers that are held are given up."""
        # Cheroot waits for held answers without end.
        stopper = threading.Thread(target=self._server.stop, daemon=True)
        stopper.start()
        stopper.join(_PATIENCE_SECONDS)
