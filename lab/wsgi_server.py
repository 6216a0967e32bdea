"""Serves one WSGI application, with an access log that counts image bytes.

    python -m lab.wsgi_server --listen 127.0.0.1:18776 --threads 16 \\
        --access-log FILE cinder.wsgi.api:application -- --config-file FILE

What stands behind ``--`` is the application's own ``sys.argv``: OpenStack's
WSGI modules parse it when they are imported. The access log has a JSON object
in each line: time, method, path, status, bytes (of the body sent), seconds,
user_agent, request_id.
"""

import argparse
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import waitress

App = Callable[..., Iterable[bytes]]
_LARGEST_BODY = 1 << 42  # waitress stops at 1 GiB unless told; images do not


class AccessLog:
    """WSGI middleware that writes a line when a response is through."""

    def __init__(self, app: App, path: Path) -> None:
        self._app = app
        # Lines that are shorter than a page and appended are not torn apart.
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(
        self,
        environ: dict[str, Any],
        start_response: Any,
    ) -> Iterable[bytes]:
        # A server's file wrapper would send bytes past the counter.
        environ.pop('wsgi.file_wrapper', None)
        entry = _describe(environ)

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            entry['status'] = int(status.split(maxsplit=1)[0])
            entry['request_id'] = dict(headers).get('x-openstack-request-id')
            return start_response(status, headers, exc_info)

        return _Counted(self._app(environ, start), entry, self._write)

    def _write(self, entry: dict[str, Any]) -> None:
        os.write(self._descriptor, json.dumps(entry).encode() + b'\n')


class _Counted:
    """Passes a response through and counts it."""

    def __init__(
        self,
        body: Iterable[bytes],
        entry: dict[str, Any],
        done: Callable[[dict[str, Any]], None],
    ) -> None:
        self._body = body
        self._entry = entry
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            self._entry['bytes'] += len(chunk)
            yield chunk

    def close(self) -> None:
        """Called by the server at the end, also of a broken connection."""
        try:
            if hasattr(self._body, 'close'):
                self._body.close()
        finally:
            seconds = time.time() - self._entry['time']
            self._entry['seconds'] = round(seconds, 4)
            self._done(self._entry)


def _describe(environ: dict[str, Any]) -> dict[str, Any]:
    return {
        'time': time.time(),
        'method': environ.get('REQUEST_METHOD'),
        'path': environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', ''),
        'query': environ.get('QUERY_STRING', ''),
        'status': 0,
        'bytes': 0,
        'user_agent': environ.get('HTTP_USER_AGENT', ''),
    }


def load(name: str) -> App:
    """Import ``module:attribute``."""
    module, _, attribute = name.partition(':')
    app: App = getattr(importlib.import_module(module), attribute)
    return app


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our options, and the arguments of the application itself."""
    ours, theirs = argv, []
    if '--' in argv:
        cut = argv.index('--')
        ours, theirs = argv[:cut], argv[cut + 1 :]
    parser = argparse.ArgumentParser(description='Serve a WSGI application.')
    parser.add_argument('--listen', required=True, metavar='HOST:PORT')
    parser.add_argument('--threads', type=int, default=16)
    parser.add_argument('--access-log', type=Path, required=True)
    parser.add_argument('application', metavar='MODULE:ATTRIBUTE')
    return parser.parse_args(ours), theirs


def _terminate(number: int, frame: Any) -> None:
    sys.exit(0)


def main() -> None:
    """The command."""
    options, app_argv = parse(sys.argv[1:])
    sys.argv = [options.application, *app_argv]
    app = AccessLog(load(options.application), options.access_log)
    # What is loaded now stays: no collection needs to look at it again.
    gc.collect()
    gc.freeze()
    server = waitress.create_server(
        app,
        listen=options.listen,
        threads=options.threads,
        ident=None,
        max_request_body_size=_LARGEST_BODY,
    )
    signal.signal(signal.SIGTERM, _terminate)
    server.run()


if __name__ == '__main__':
    main()
