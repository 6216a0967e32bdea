"""A real simulator, over HTTPS, with its exports mountable as NFS.

What needs root (mounting) happens in a private mount namespace and on a small
XFS loop image: nothing of it is seen outside, or stays when the tests end.
Without root, the tests that mount are skipped and the rest run on a plain
directory.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from netapp_ontap import HostConnection
from netapp_ontap.resources import Volume

from eic_plugins.simulator.main import start

_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_IMAGE_BYTES = 4 << 30
_TIMEOUT = 30
TOPOLOGY = '''
[cluster]
name = "contract"
version = "9.15.1"
listen = "127.0.0.1:0"

[[users]]
name = "admin"
password = "admin-secret"

[[users]]
name = "stock"
password = "stock-secret"

[[users]]
name = "auditor"
password = "auditor-secret"
role = "readonly"

[[aggregates]]
name = "aggr1"
size = "1TiB"
node = "contract-01"

[[svms]]
name = "svm_gold"
[[svms.lifs]]
name = "lif1"
address = "127.0.81.1"
[[svms.lifs]]
name = "lif2"
address = "127.0.81.2"
[[svms.volumes]]
name = "images_vol"
junction_path = "/images"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "gold"
junction_path = "/gold"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "store"
junction_path = "/store"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_silver"
[[svms.lifs]]
name = "lif1"
address = "127.0.82.1"
[[svms.volumes]]
name = "silver_vol"
junction_path = "/tenants/silver"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_san"
protocols = ["iscsi", "fcp", "nvme"]
[[svms.lifs]]
name = "lif1"
address = "127.0.83.1"
[[svms.lifs]]
name = "lif2"
address = "127.0.83.2"
[[svms.volumes]]
name = "san_one"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "san_two"
size = "100GiB"
aggregate = "aggr1"
'''


class Simulator:
    """The running simulator, as a test sees it."""

    def __init__(self, data_dir: Path, address: tuple[str, int]) -> None:
        self.data_dir = data_dir
        self.host, self.port = address
        self.ca = data_dir / 'ca.pem'
        self.session = requests.Session()
        self.session.auth = ('admin', 'admin-secret')
        self.session.verify = str(self.ca)

    @property
    def origin(self) -> str:
        return f'https://{self.host}:{self.port}'

    def connection(self, user: str = 'admin') -> HostConnection:
        return HostConnection(
            self.host, port=self.port, username=user,
            password=f'{user}-secret', verify=str(self.ca), poll_interval=1)

    def directory(self, svm: str, volume: str) -> Path:
        return self.data_dir / 'volumes' / svm / volume

    def control(self, method: str, path: str, **kwargs: Any) -> Mapping[str, Any]:
        response = self.session.request(
            method, f'{self.origin}/simulator/v1{path}', timeout=_TIMEOUT,
            **kwargs)
        response.raise_for_status()
        return response.json()

    def fault(self, kind: str, **parameters: Any) -> str:
        return self.control('POST', '/faults',
                            json={'kind': kind, **parameters})['id']

    def calls(self, since: int = 0, user: str | None = None) -> Mapping[str, Any]:
        params = {'since': since} | ({'user': user} if user else {})
        return self.control('GET', '/calls', params=params)


@pytest.fixture(scope='session', autouse=True)
def no_ca_bundle_of_the_environment() -> Iterator[None]:
    """It would win over the CA that a requests session is given."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope='session')
def mount_namespace() -> None:
    """Mounts of these tests are seen by these tests alone."""
    if os.geteuid() != 0:
        pytest.skip('mounting needs root: run these tests as root')
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(
            b'none', b'/', None, _MS_REC_PRIVATE, None):
        pytest.skip('no private mount namespace: '
                    f'{os.strerror(ctypes.get_errno())}')


@pytest.fixture(scope='session')
def storage(request: pytest.FixtureRequest,
            tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on XFS, where clones are reflinks, if that can be had."""
    base = tmp_path_factory.mktemp('storage')
    mounted = os.geteuid() == 0 and _mount_xfs(request, base)
    try:
        yield base / 'mnt' if mounted else base
    finally:
        if mounted:
            subprocess.run(['umount', '--lazy', str(base / 'mnt')], check=False)
        shutil.rmtree(base, ignore_errors=True)


def _mount_xfs(request: pytest.FixtureRequest, base: Path) -> bool:
    with contextlib.suppress(pytest.skip.Exception):
        request.getfixturevalue('mount_namespace')
        image, target = base / 'xfs', base / 'mnt'
        target.mkdir()
        with image.open('wb') as stream:
            stream.truncate(_IMAGE_BYTES)
        commands = (['mkfs.xfs', '-q', '-m', 'reflink=1', str(image)],
                    ['mount', '-o', 'loop', str(image), str(target)])
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            for command in commands:
                subprocess.run(command, check=True, capture_output=True,
                               timeout=_TIMEOUT)
            return True
    return False


@pytest.fixture(scope='session')
def served(storage: Path) -> Iterator[Simulator]:
    """The one server of the session."""
    topology = storage / 'topology.toml'
    topology.write_text(TOPOLOGY)
    server = start(topology, storage / 'data')
    threading.Thread(target=server.serve, daemon=True).start()
    simulator = Simulator(storage / 'data', server.address)
    yield simulator
    simulator.session.close()
    server.stop()


@pytest.fixture
def simulator(served: Simulator) -> Simulator:
    """The server with nothing left of the test before."""
    served.control('POST', '/reset', json={'files': True})
    served.control('PATCH', '/settings',
                   json={'copy_throughput': 0, 'copy_limit': 50})
    return served


@pytest.fixture
def connection(simulator: Simulator) -> Iterator[HostConnection]:
    """netapp_ontap's connection, for resource classes."""
    connection = simulator.connection()
    with connection:
        yield connection
    connection.session.close()


@pytest.fixture
def images_vol(connection: HostConnection) -> Volume:
    """The FlexVol images_vol."""
    return Volume.find(name='images_vol', fields='name,uuid,svm,nas')


@pytest.fixture(scope='session')
def nfs(mount_namespace: None, served: Simulator,
        tmp_path_factory: pytest.TempPathFactory) -> None:
    """``mount -t nfs`` mounts the simulator's exports."""
    target = Path(shutil.which('mount.nfs', path='/sbin:/usr/sbin') or '')
    if not target.name:
        pytest.skip('/sbin/mount.nfs is missing: install nfs-common')
    helper = tmp_path_factory.mktemp('helper') / 'mount.nfs'
    helper.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m eic_plugins.simulator.mount '
        f'--exports {served.data_dir}/exports.json "$@"\n')
    helper.chmod(0o755)
    subprocess.run(['mount', '--bind', str(helper), str(target.resolve())],
                   check=True, timeout=_TIMEOUT)
