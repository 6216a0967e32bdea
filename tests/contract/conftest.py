"""A real simulator, over HTTPS, with its exports mountable as NFS.

What needs root (mounting) happens in a private mount namespace and on a small
XFS loop image: nothing of it is seen outside, or stays when the tests end.
Without root, the tests that mount are skipped and the rest run on a plain
directory.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.testing import (
    NotPossibleError,
    best_storage,
    mount_helper,
    serving,
)

from eic_plugins.precache.precacher import Precacher
from eic_plugins.precache.spreader import Spreader
from tests.contract import block, shares, stock
from tests.contract.block import ONE, SVM, BlockWorld
from tests.contract.images import Glance, Image
from tests.contract.simulator import TOPOLOGY, Simulator
from tests.contract.stock import MIB
from tests.contract.world import World


@pytest.fixture(scope='session', autouse=True)
def no_ca_bundle_of_the_environment() -> Iterator[None]:
    """It would win over the CA that a requests session is given."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope='session', autouse=True)
def nothing_is_filled_by_itself() -> Iterator[None]:
    """Tests do at once what threads would do at some time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Precacher, 'start', lambda *_: None)
        patch.setattr(Spreader, 'start', lambda *_: None)
        yield


@pytest.fixture(scope='session')
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on XFS, where clones are reflinks, if that can be had."""
    base = tmp_path_factory.mktemp('storage')
    with best_storage(base) as found:
        yield found
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope='session')
def topology() -> str:
    """The cluster that is simulated."""
    return TOPOLOGY


@pytest.fixture(scope='session')
def served(storage: Path, topology: str) -> Iterator[Simulator]:
    """The one server of the session."""
    file = storage / 'topology.toml'
    file.write_text(topology)
    with (
        serving(file, storage / 'data') as simulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Up to Cinder 28 the stock drivers begin with a ZAPI call, and up to 26
        # that client knows no netapp_ssl_cert_path.
        patch.setenv('SSL_CERT_FILE', str(simulator.ca))
        yield simulator


@pytest.fixture
def simulator(served: Simulator) -> Simulator:
    """The server with nothing left of the test before."""
    served.reset()
    served.control('PATCH', '/settings', json={'copy_throughput': 0, 'copy_limit': 50})
    return served


@pytest.fixture(scope='session')
def nfs(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """``mount -t nfs`` mounts the simulator's exports."""
    try:
        mount_helper(
            served.data_dir / 'exports.json', tmp_path_factory.mktemp('helper')
        )
    except NotPossibleError as err:
        pytest.skip(str(err))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have the tests of a module run with each of its ``PROTOCOLS``."""
    protocols = getattr(metafunc.module, 'PROTOCOLS', ())
    if protocols and 'protocol' in metafunc.fixturenames:
        metafunc.parametrize('protocol', protocols, indirect=True, scope='module')


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
    """A backend on svm_san, with NFS on svm_gold, and what the module wants in
    ``[eic]``.
    """
    eic = getattr(request.module, 'EIC', {})
    with (
        shares.configured(served, state, **eic)
        if protocol == 'nfs'
        else block.configured(served, state, protocol, **eic)
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
def image(glance: Glance) -> Image:
    """One of a MiB, which is raw and nobody has cached."""
    return glance.add(os.urandom(MIB))


@pytest.fixture(scope='module')
def nfs_driver(nfs: None, admin: Any) -> Any:
    """EIC's, once a module."""
    return shares.started(admin)


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    admin: Any,
    simulator: Simulator,
    protocol: str,
    glance: Glance,
) -> World:
    """EIC's driver of the protocol, as it has just been started."""
    if protocol == 'nfs':
        driver = request.getfixturevalue('nfs_driver')
        return shares.as_just_started(driver, admin, simulator, glance)
    return BlockWorld(admin, simulator, protocol, glance)
