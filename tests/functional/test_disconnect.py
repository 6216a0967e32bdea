"""A client that goes away while its answer is held, under Debian's servers.

What a worker may hold is counted in its memory. A place that a vanished client
kept would be lost until the worker ends.
"""

import contextlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import pytest

from tests.functional.glance_stub import IMAGE

ROOT = pathlib.Path(__file__).parents[2]
LIMIT, THREADS, SECONDS = 2, 6, 30
MODULES = '/usr/lib/apache2/modules'
ENTRY = """
import sys
sys.path[:0] = {path!r}
from tests.functional.held_app import make
application = make({state!r}, {budget}, {limit})
"""
APACHE = """
ServerRoot {run}
ServerName localhost
PidFile {run}/pid
ErrorLog {run}/log
Listen 127.0.0.1:{port}
User {user}
Group {group}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
StartServers 1
ServerLimit 1
MinSpareThreads 1
ThreadsPerChild {threads}
MaxRequestWorkers {threads}
WSGISocketPrefix {run}/wsgi
{processes}
WSGIScriptAlias / {entry} {where}
<Directory {run}>
Require all granted
</Directory>
"""
DAEMON = (
    'WSGIDaemonProcess eic processes=1 threads={threads}',
    'process-group=eic application-group=%{GLOBAL}',
)
EMBEDDED = ('', 'application-group=%{GLOBAL}')


def uwsgi(run, entry, port):
    # Debian's uwsgi looks into the directories of Debian's Python by itself.
    return [
        'uwsgi',
        '--plugin',
        'python3',
        '--http-socket',
        f'127.0.0.1:{port}',
        '--wsgi-file',
        str(entry),
        '--master',
        '--processes',
        '1',
        '--threads',
        str(THREADS),
        '--enable-threads',
        '--die-on-term',
    ]


def apache(how):
    def command(run, entry, port):
        processes, where = how
        # Apache serves nothing as root.
        user, group = (
            ('www-data', 'www-data')
            if os.geteuid() == 0
            else (f'#{os.getuid()}', f'#{os.getgid()}')
        )
        (run / 'conf').write_text(
            APACHE.format(
                run=run,
                port=port,
                modules=MODULES,
                threads=THREADS,
                entry=entry,
                processes=processes.format(threads=THREADS),
                where=where,
                user=user,
                group=group,
            )
        )
        return ['apache2', '-f', str(run / 'conf'), '-D', 'FOREGROUND']

    return command


SERVERS = {
    'uwsgi': uwsgi,
    'mod_wsgi daemon': apache(DAEMON),
    'mod_wsgi embedded': apache(EMBEDDED),
}


class Served:
    """A server with one worker, and what it says of itself."""

    def __init__(self, port, state):
        self.port, self._state = port, state

    def state(self):
        with urllib.request.urlopen(
            f'http://127.0.0.1:{self.port}/', timeout=SECONDS
        ) as answer:
            return json.load(answer)

    def wait_for(self, what):
        """Until ``what`` is true of the state."""
        deadline = time.monotonic() + SECONDS
        while not what(found := self.state()):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def ask(self):
        """A socket on which a volume was asked for."""
        body = json.dumps({'volume': {'size': 1, 'imageRef': IMAGE}}).encode()
        asking = socket.create_connection(('127.0.0.1', self.port), SECONDS)
        asking.sendall(
            b'POST /v3/volumes HTTP/1.1\r\nHost: x\r\nConnection: close'
            b'\r\nContent-Type: application/json\r\n'
            b'Content-Length: %d\r\n\r\n%s' % (len(body), body)
        )
        return asking

    def become_available(self, held):
        for volume in held:
            (self._state / volume).write_text('available')


@pytest.fixture
def place():
    """A directory that Apache's user may enter, which none of pytest's is."""
    with tempfile.TemporaryDirectory() as path:
        yield pathlib.Path(path)


@contextlib.contextmanager
def served(name, place, budget):
    """One of the servers, running."""
    run, state = place / 'run', place / 'state'
    for directory in (place, run, state):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    entry = run / 'entry.wsgi'
    entry.write_text(
        ENTRY.format(
            path=[str(ROOT), *[path for path in sys.path if 'site-packages' in path]],
            state=str(state),
            budget=budget,
            limit=LIMIT,
        )
    )
    with (run / 'output').open('wb') as output:
        process = subprocess.Popen(
            SERVERS[name](run, entry, port), stdout=output, stderr=output, cwd=run
        )
    try:
        found = Served(port, state)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                found.state()
                break
            except OSError:
                assert process.poll() is None, (run / 'output').read_text()
                assert time.monotonic() < deadline, (run / 'output').read_text()
                time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(SECONDS)


def hang_up(asking):
    asking.close()


def reset(asking):
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    asking.close()


def header(asking):
    """The hold's outcome, read to the answer's end."""
    answer = b''
    while piece := asking.recv(65536):
        answer += piece
    head = answer.partition(b'\r\n\r\n')[0].decode().split('\r\n')
    assert ' 202 ' in head[0]
    return next(line for line in head if line.startswith('X-EIC-Hold'))


@pytest.mark.parametrize('name', SERVERS)
def test_a_client_that_goes_away_keeps_no_place(name, place):
    with served(name, place, budget=SECONDS * 4) as server:
        worker = server.state()['pid']
        for go_away in (hang_up, reset) * 2:
            clients = [server.ask() for _ in range(LIMIT)]
            # A place is taken first, and then what is held there is listed.
            held = server.wait_for(lambda now: len(now['held']) == LIMIT)['held']
            for client in clients:
                go_away(client)
            # Nothing tells the worker: its threads wait for the volumes.
            assert server.state()['free'] == 0
            server.become_available(held)
            now = server.wait_for(lambda now: now['free'] == LIMIT)
            assert (now['held'], now['pid']) == ([], worker)
        client = server.ask()
        server.become_available(server.wait_for(lambda now: now['held'])['held'])
        assert header(client) == 'X-EIC-Hold: available'
        assert server.state() == {'free': LIMIT, 'held': [], 'pid': worker}


@pytest.mark.parametrize('name', SERVERS)
def test_clients_that_go_away_cost_no_more_than_the_budget(name, place):
    with served(name, place, budget=0.5) as server:
        worker = server.state()['pid']
        for _ in range(3):
            for client in [server.ask() for _ in range(THREADS * 2)]:
                reset(client)
        server.wait_for(lambda now: now['free'] == LIMIT and not now['held'])
        assert header(server.ask()) == 'X-EIC-Hold: budget'
        assert server.state()['pid'] == worker
