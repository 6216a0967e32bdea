"""A Cinder on a loopback port that can be told how to fail."""

import contextlib
import json
import threading
from http import server

from tests import stub_server

TYPES = {'volume_types': [{'id': 'f', 'name': 'fast', 'extra_specs': {}}]}


class _Handler(server.BaseHTTPRequestHandler):
    def do_GET(self):
        cinder = self.server.cinder
        cinder.asked += 1
        how = cinder.answers.pop(0) if cinder.answers else 200
        if how == 'hangs up':
            self.connection.close()
            return
        if how == 'is silent':
            cinder.end.wait(20)
            return
        content = (
            b'<html>'
            if how == 'speaks html'
            else json.dumps(TYPES if how == 200 else {}).encode()
        )
        self.send_response(how if isinstance(how, int) else 200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        """Nothing on the terminal."""


class _Server(stub_server.ThreadedServer, server.HTTPServer):
    def handle_error(self, *_args):
        """Who hangs up has an error."""


class CinderStub:
    """What it does to the next requests stands in ``answers``."""

    def __init__(self):
        self.answers, self.asked, self.end = [], 0, threading.Event()

    @contextlib.contextmanager
    def serve(self):
        """Its URL."""
        serving = _Server(('127.0.0.1', 0), _Handler)
        serving.cinder = self
        with stub_server.serving(serving) as url:
            try:
                yield url
            finally:
                self.end.set()
