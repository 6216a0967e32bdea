"""etcd and Redis, as backends of Cinder's locks: processes of the test's own, on
loopback, with their data in a temporary directory.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_LOOPBACK = '127.0.0.1'
_START_SECONDS = 30


class Backend:
    """One server, which can be stopped, paused and started again where it was.

    :param lease: seconds after which a lock ends that nobody keeps; 0 for tooz's own
    """

    def __init__(self, directory: Path, lease: int) -> None:
        self._directory = directory
        self._lease = lease
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What ``[coordination] backend_url`` names it by."""
        leases = f'?lock_timeout={self._lease}&membership_timeout={self._lease}'
        own = leases if self._lease else ''
        return f'{self._scheme}://{_LOOPBACK}:{self.port}{own}'

    _scheme = ''

    def _command(self) -> Sequence[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Have it answer."""
        with (self._directory / 'log').open('ab') as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, 'it does not start'
            time.sleep(0.05)

    def stop(self) -> None:
        """As a service manager stops it."""
        self._send(signal.SIGTERM)
        self._own.wait(_START_SECONDS)

    def pause(self) -> None:
        """It keeps its connections, and answers nothing."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """At the end of the tests, however it is."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_START_SECONDS)

    @property
    def _own(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _send(self, number: int) -> None:
        os.kill(self._own.pid, number)

    def _answers(self) -> bool:
        raise NotImplementedError


class Etcd(Backend):
    """One member; its data survive a restart, and so do leases."""

    _scheme = 'etcd3+http'

    def __init__(self, directory: Path, lease: int) -> None:
        super().__init__(directory, lease)
        self._peers = f'http://{_LOOPBACK}:{free_port()}'

    def _command(self) -> Sequence[str]:
        clients = f'http://{_LOOPBACK}:{self.port}'
        return (
            'etcd',
            *('--data-dir', str(self._directory / 'data')),
            *('--listen-client-urls', clients, '--advertise-client-urls', clients),
            *('--listen-peer-urls', self._peers),
            *('--initial-advertise-peer-urls', self._peers),
            *('--initial-cluster', f'default={self._peers}'),
        )

    def _answers(self) -> bool:
        return b'"true"' in ask(self.port, b'GET /health HTTP/1.0\r\n\r\n')


class Redis(Backend):
    """Without persistence, as a cache is often set up: a restart forgets all locks."""

    _scheme = 'redis'

    def _command(self) -> Sequence[str]:
        return (
            'redis-server',
            *('--bind', _LOOPBACK, '--port', str(self.port)),
            *('--save', '', '--appendonly', 'no', '--dir', str(self._directory)),
        )

    def _answers(self) -> bool:
        return ask(self.port, b'PING\r\nQUIT\r\n').startswith(b'+PONG')


def ask(port: int, question: bytes) -> bytes:
    """What it says until it closes the connection; nothing if it is not there."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((_LOOPBACK, port), 5) as to,
    ):
        to.sendall(question)
        return b''.join(iter(lambda: to.recv(4096), b''))
    return b''


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as found:
        found.bind((_LOOPBACK, 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(kind: type[Backend], directory: Path, lease: int) -> Iterator[Backend]:
    """A backend for some tests."""
    backend = kind(directory, lease)
    try:
        backend.start()
        yield backend
    finally:
        backend.kill()
