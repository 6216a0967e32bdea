"""The simulator as a process, and its exports as mounts."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ontap_simulator.testing import Simulator

from tests.contract.conftest import TOPOLOGY

TIMEOUT = 30


class Process:
    """An eic-ontap-simulator of its own."""

    def __init__(self, directory: Path) -> None:
        (directory / 'topology.toml').write_text(TOPOLOGY.read_text())
        self.data = directory / 'data'
        self._process = subprocess.Popen(
            [
                sys.executable,
                '-m',
                'ontap_simulator',
                '--config',
                str(directory / 'topology.toml'),
                '--data-dir',
                str(self.data),
                '--ca-dir',
                str(directory / 'ca'),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr
        line = next(line for line in self._process.stderr if ' is at ' in line)
        found = re.search(r'https://[\d.:]+', line)
        assert found
        self.url = found[0]

    def get(self, path: str) -> requests.Response:
        return requests.get(
            self.url + path,
            auth=('admin', 'admin-secret'),
            verify=str(self.data / 'ca.pem'),
            timeout=TIMEOUT,
        )

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=TIMEOUT)
        return self._process.returncode


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    found = Process(tmp_path)
    yield found
    found.stop()


def test_process_ends_cleanly_on_sigterm(process: Process) -> None:
    assert process.get('/api/cluster').status_code == 200
    assert process.stop() == 0


def test_uuids_and_files_are_the_same_after_a_restart(
    process: Process, tmp_path: Path
) -> None:
    path = '/api/storage/volumes?fields=uuid'
    before = process.get(path).json()['records']
    (process.data / 'volumes/svm_gold/gold/file').write_bytes(b'kept')
    process.stop()
    again = Process(tmp_path)
    try:
        assert again.get(path).json()['records'] == before
        url = before[1]['_links']['self']['href'] + '/files'
        assert 'file' in again.get(f'{url}/file?return_metadata=true').text
    finally:
        again.stop()


def test_silent_client_holds_up_nobody(process: Process) -> None:
    host, _, port = process.url.removeprefix('https://').partition(':')
    with socket.create_connection((host, int(port)), timeout=TIMEOUT):
        assert process.get('/api/cluster').status_code == 200


def test_client_that_distrusts_the_certificate_holds_up_nobody(
    process: Process,
) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(process.url, timeout=TIMEOUT)
    assert process.get('/api/cluster').status_code == 200


def test_keys_are_private(process: Process, tmp_path: Path) -> None:
    for key in (process.data / 'server.key', tmp_path / 'ca/ca.key'):
        assert key.stat().st_mode & 0o777 == 0o600


def test_wrong_topology_is_explained(tmp_path: Path) -> None:
    topology = tmp_path / 'topology.toml'
    topology.write_text(TOPOLOGY.read_text().replace('127.0.0.1:0', '0.0.0.0:443'))
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'ontap_simulator',
            '--config',
            str(topology),
            '--data-dir',
            str(tmp_path / 'data'),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert 'loopback' in done.stderr


@pytest.mark.usefixtures('nfs')
class TestMounts:
    def mount(self, share: str, target: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ['mount', '-t', 'nfs', share, str(target)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[Path]:
        target = tmp_path / 'target'
        target.mkdir()
        yield target
        subprocess.run(
            ['umount', '--lazy', str(target)], check=False, capture_output=True
        )

    def test_export_is_mounted_at_its_junction_path(
        self, simulator: Simulator, target: Path
    ) -> None:
        assert self.mount('127.0.82.1:/tenants/silver', target).returncode == 0
        (target / 'file').write_bytes(b'through the mount')
        assert (
            simulator.directory('svm_silver', 'silver_vol') / 'file'
        ).read_bytes() == b'through the mount'

    def test_other_lif_of_the_svm_reaches_the_same_flexvol(
        self, simulator: Simulator, target: Path
    ) -> None:
        (simulator.directory('svm_gold', 'images_vol') / 'one').touch()
        assert self.mount('127.0.81.2:/images', target).returncode == 0
        assert [p.name for p in target.iterdir()] == ['one']

    def test_unknown_export_is_denied_as_mount_nfs_does(
        self, simulator: Simulator, target: Path
    ) -> None:
        done = self.mount('127.0.81.1:/none', target)
        assert done.returncode == 32
        assert 'access denied by server while mounting' in done.stderr

    def test_mounts_stay_in_their_namespace(
        self, simulator: Simulator, target: Path
    ) -> None:
        self.mount('127.0.81.1:/images', target)
        assert str(target) in Path('/proc/self/mounts').read_text()
        assert str(target) not in Path('/proc/1/mounts').read_text()


def test_exports_name_every_lif_and_flexvol(simulator: Simulator) -> None:
    exports = json.loads((simulator.data_dir / 'exports.json').read_text())
    assert ('127.0.81.2', '/gold') in {
        (e['address'], e['junction_path']) for e in exports
    }
    assert len(exports) == 7
