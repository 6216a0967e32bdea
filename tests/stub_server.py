"""Serves a stub from a thread, in processes that eventlet may have patched.

Nova patches its process when its API is imported, up to 2025.2. Python's own
``serve_forever`` waits with a selector that was chosen before: then it is a green
thread that never lets another one run.
"""

import contextlib
import select
import socketserver
import threading
from collections.abc import Iterator
from wsgiref import simple_server
from wsgiref.types import WSGIApplication

_POLL_SECONDS = 0.2


class ThreadedServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """To be inherited before a server of Python's."""

    daemon_threads = True
    ended = False

    def serve_until_ended(self) -> None:
        while not self.ended:
            # Asked of the module each time, where eventlet puts its own.
            readable, _, _ = select.select([self], [], [], _POLL_SECONDS)
            if readable:
                self.handle_request()


class _WsgiServer(ThreadedServer, simple_server.WSGIServer):
    """Of an application."""


class _Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


def serving_app(app: WSGIApplication) -> contextlib.AbstractContextManager[str]:
    """The URL of an application, on a port of loopback."""
    server = simple_server.make_server(
        '127.0.0.1', 0, app, server_class=_WsgiServer, handler_class=_Quiet
    )
    return serving(server)


@contextlib.contextmanager
def serving(server: ThreadedServer) -> Iterator[str]:
    """Its URL, as long as it serves."""
    host, port, *_ = server.server_address
    thread = threading.Thread(target=server.serve_until_ended, daemon=True)
    thread.start()
    try:
        yield f'http://{host!s}:{port}'
    finally:
        server.ended = True
        thread.join(10)
        server.server_close()
