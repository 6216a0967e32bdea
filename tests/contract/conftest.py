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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netapp_ontap import HostConnection
from netapp_ontap.resources import Volume
from ontap_simulator.main import start

from eic_plugins.precache.spreader import Spreader
from tests.contract import block, stock
from tests.contract.block import ONE, SVM, BlockWorld
from tests.contract.images import Glance
from tests.contract.simulator import TOPOLOGY, Simulator

_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_IMAGE_BYTES = 4 << 30
_TIMEOUT = 30


@pytest.fixture(scope='session', autouse=True)
def no_ca_bundle_of_the_environment() -> Iterator[None]:
    """It would win over the CA that a requests session is given."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope='session', autouse=True)
def nothing_is_spread_by_itself() -> Iterator[None]:
    """Tests do at once what its threads would do at some time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spreader, 'start', lambda *_: None)
        yield


@pytest.fixture(scope='session')
def mount_namespace() -> None:
    """Mounts of these tests are seen by these tests alone."""
    if os.geteuid() != 0:
        pytest.skip('mounting needs root: run these tests as root')
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(
        b'none', b'/', None, _MS_REC_PRIVATE, None
    ):
        pytest.skip(f'no private mount namespace: {os.strerror(ctypes.get_errno())}')


@pytest.fixture(scope='session')
def storage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
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
        commands = (
            ['mkfs.xfs', '-q', '-m', 'reflink=1', str(image)],
            ['mount', '-o', 'loop', str(image), str(target)],
        )
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            for command in commands:
                subprocess.run(
                    command, check=True, capture_output=True, timeout=_TIMEOUT
                )
            return True
    return False


@pytest.fixture(scope='session')
def topology() -> str:
    """The cluster that is simulated."""
    return TOPOLOGY


@pytest.fixture(scope='session')
def served(storage: Path, topology: str) -> Iterator[Simulator]:
    """The one server of the session."""
    file = storage / 'topology.toml'
    file.write_text(topology)
    server = start(file, storage / 'data')
    threading.Thread(target=server.serve, daemon=True).start()
    simulator = Simulator(storage / 'data', server.address)
    yield simulator
    simulator.session.close()
    server.stop()


@pytest.fixture
def simulator(served: Simulator) -> Simulator:
    """The server with nothing left of the test before."""
    served.control('POST', '/reset', json={'files': True})
    served.control('PATCH', '/settings', json={'copy_throughput': 0, 'copy_limit': 50})
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
def nfs(
    mount_namespace: None, served: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """``mount -t nfs`` mounts the simulator's exports."""
    target = Path(shutil.which('mount.nfs', path='/sbin:/usr/sbin') or '')
    if not target.name:
        pytest.skip('/sbin/mount.nfs is missing: install nfs-common')
    helper = tmp_path_factory.mktemp('helper') / 'mount.nfs'
    helper.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m ontap_simulator.mount '
        f'--exports {served.data_dir}/exports.json "$@"\n'
    )
    helper.chmod(0o755)
    subprocess.run(
        ['mount', '--bind', str(helper), str(target.resolve())],
        check=True,
        timeout=_TIMEOUT,
    )


@pytest.fixture(scope='module')
def protocol(request: pytest.FixtureRequest) -> str:
    """The module's own, unless its tests are parametrized by it."""
    return str(getattr(request, 'param', '') or request.module.PROTOCOL)


@pytest.fixture(scope='module')
def state(protocol: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where cinder-volume has its configuration, database and locks."""
    return tmp_path_factory.mktemp('cinder')


@pytest.fixture(scope='module')
def cinder_conf(
    request: pytest.FixtureRequest, served: Simulator, state: Path, protocol: str
) -> Iterator[Any]:
    """A backend on svm_san, with what the module wants in ``[eic]``."""
    with block.configured(
        served, state, protocol, **getattr(request.module, 'EIC', {})
    ) as found:
        yield found


@pytest.fixture(scope='module')
def admin(cinder_conf: Any) -> Any:
    return stock.admin_context()


@pytest.fixture(scope='module')
def started(admin: Any) -> Any:
    return stock.start_driver(admin)


@pytest.fixture
def driver(started: Any, simulator: Simulator) -> Any:
    """Cinder's own driver, as if it had just been started."""
    stock.forget_devices(started)
    return started


@pytest.fixture
def new_volume(admin: Any) -> Any:
    """Makes volumes in the database."""
    return lambda pool=ONE, size=1: stock.new_volume(admin, pool, size)


@pytest.fixture
def created(driver: Any, new_volume: Any) -> Any:
    """A volume that Cinder's own driver has created."""
    volume = new_volume()
    volume.update(driver.create_volume(volume) or {})
    volume.save()
    return volume


@pytest.fixture
def pool(simulator: Simulator) -> Path:
    """What san_one's LUNs and namespaces are: files."""
    return simulator.directory(SVM, ONE)


@pytest.fixture
def glance(monkeypatch: pytest.MonkeyPatch) -> Glance:
    """One that a block driver finds wherever it looks for Glance."""
    return Glance.served(monkeypatch)


@pytest.fixture
def world(
    admin: Any, simulator: Simulator, protocol: str, glance: Glance
) -> BlockWorld:
    """EIC's block driver, as it has just been started."""
    return BlockWorld(admin, simulator, protocol, glance)
