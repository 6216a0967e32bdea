"""``eic metrics serve``: one port for all backends, as Prometheus scrapes it."""

import contextlib
import http.client
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from eic_plugins.cli import metrics_server
from eic_plugins.model import Outcome, Reason, Refusal
from eic_plugins.support.metrics.merged import MergedFiles
from eic_plugins.volume.metrics import Metrics
from tests.functional import prometheus

POOL = '127.0.11.1:/tenants/gold'
OPENMETRICS = 'application/openmetrics-text; version=1.0.0'
UNIT = Path(__file__).parents[2] / 'etc/systemd/eic-metrics.service'

needs_prometheus = pytest.mark.skipif(
    shutil.which('prometheus') is None, reason='prometheus is missing: install it'
)


class Served:
    """The program, with metrics of two backends."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.address = urllib.parse.urlsplit(url).netloc

    def get(
        self, path: str = '/metrics', method: str = 'GET', **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()


def count(directory: Path, backend: str) -> Metrics:
    counts = Metrics(backend, directory)
    refused = Refusal.of_route('cached', Reason.NOT_CACHED)
    counts.record(POOL, Outcome('copy_offload', (refused,), 0.4, 1024, False, ()))
    counts.cached(POOL, 2, 4096)
    counts.write(at_once=True)
    return counts


def program(*arguments: str | Path) -> list[str | Path]:
    return [Path(sys.executable).with_name('eic'), 'metrics', 'serve', *arguments]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / 'metrics'
    made.mkdir()
    for backend in 'gold', 'silver':
        count(made, backend)
    return made


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[Served]:
    """The program, on any port."""
    process = subprocess.Popen(
        program(directory, '--port', '0'), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        yield Served(process, process.stderr.readline().split()[-1])
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def served(directory: Path) -> Iterator[Served]:
    with serving(directory) as one:
        yield one


def test_a_client_that_asks_for_nothing_gets_the_text_format(served: Served) -> None:
    answer, text = served.get()
    assert answer.headers['Content-Type'].startswith('text/plain; version=0.0.4')
    families = {each.name: each for each in text_string_to_metric_families(text)}
    backends = {sample.labels['backend'] for sample in families['eic_volumes'].samples}
    assert backends == {'gold', 'silver'}


def test_prometheus_gets_openmetrics(served: Served) -> None:
    answer, text = served.get(Accept=OPENMETRICS)
    assert answer.headers['Content-Type'].startswith(OPENMETRICS)
    families = {each.name for each in openmetrics.text_string_to_metric_families(text)}
    assert {'eic_volumes', 'eic_volume_seconds', 'eic_cached_images'} <= families


@needs_prometheus
def test_prometheus_own_tool_finds_nothing_to_say(served: Served) -> None:
    checked = subprocess.run(
        ['promtool', 'check', 'metrics'],
        input=served.get()[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stderr == ''


@needs_prometheus
def test_prometheus_scrapes_it_and_a_removed_backend_goes(
    served: Served, directory: Path, tmp_path: Path
) -> None:
    with prometheus.scraping(tmp_path, [served.address]) as scraped:
        prometheus.wait_until(lambda: _backends(scraped) == {'gold', 'silver'})
        (directory / 'eic-silver.prom').unlink()
        prometheus.wait_until(lambda: _backends(scraped) == {'gold'})
        assert [each['lastError'] for each in scraped.targets()] == ['']


def _backends(scraped: prometheus.Prometheus) -> set[str]:
    answer = scraped.query('sum by (backend) (eic_volumes_total) > 0')
    return {each['metric']['backend'] for each in answer}


def test_there_is_nothing_else(served: Served) -> None:
    assert served.get('/')[0].status == 404
    assert served.get('/../eic-gold.prom')[0].status == 404
    assert served.get(method='POST')[0].status == 405
    assert served.get('/metrics?name[]=eic_volumes_total')[1] == served.get()[1]


def test_it_listens_on_loopback_alone_unless_it_is_told(served: Served) -> None:
    host, port = served.address.split(':')
    assert host == '127.0.0.1'
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(('127.0.0.2', int(port)))


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to(served: Served, number: signal.Signals) -> None:
    served.get()
    served.process.send_signal(number)
    assert served.process.wait(timeout=60) == 0


def test_a_port_that_is_taken_is_said_and_ends_it(
    served: Served, directory: Path
) -> None:
    port = served.address.split(':')[1]
    second = subprocess.run(
        program(directory, '--port', port),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert 'Address already in use' in second.stderr
    assert 'Traceback' not in second.stderr


def test_a_directory_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    started = subprocess.run(
        program(tmp_path / 'none'),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert started.returncode == 1
    assert f'no such directory: {tmp_path}/none' in started.stderr


def test_clients_that_say_nothing_keep_no_more_places_than_there_are(
    served: Served,
) -> None:
    host, port = served.address.split(':')
    with contextlib.ExitStack() as open_ones:
        for _ in range(metrics_server.AT_ONCE):
            open_ones.enter_context(socket.create_connection((host, int(port))))
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            served.get()
    # Their places are free when they are gone.
    prometheus.wait_until(lambda: _answers(served))


def _answers(served: Served) -> bool:
    with contextlib.suppress(http.client.RemoteDisconnected):
        return served.get()[0].status == 200
    return False


def test_a_request_that_comes_byte_by_byte_has_an_end(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, 'DEADLINE', 0.0)
    monkeypatch.setattr(metrics_server._Handler, 'timeout', None)
    server = metrics_server.MetricsServer(('127.0.0.1', 0), MergedFiles([directory]))
    with server, socket.create_connection(server.server_address[:2]) as slow:
        slow.sendall(b'GET /met')
        server.handle_request()
        server.service_actions()
        slow.settimeout(60)
        assert slow.recv(1) == b''


def test_ipv6_has_an_address_too(directory: Path) -> None:
    with metrics_server.MetricsServer(('::1', 0), MergedFiles([directory])) as server:
        assert server.url == f'http://[::1]:{server.server_port}/metrics'


@pytest.mark.skipif(
    shutil.which('systemd-analyze') is None, reason='systemd-analyze is missing'
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name('eic')
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace('/usr/bin/eic', str(program)))
    checked = subprocess.run(
        ['systemd-analyze', 'verify', unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stderr == ''
