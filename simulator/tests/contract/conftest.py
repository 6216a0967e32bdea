"""A real simulator, over HTTPS, with its exports mountable as NFS.

What needs root (mounting) happens in a private mount namespace and on a small
XFS loop image: nothing of it is seen outside, or stays when the tests end.
Without root, the tests that mount are skipped and the rest run on a plain
directory.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from netapp_ontap import HostConnection
from netapp_ontap.resources import Volume
from ontap_simulator.testing import (
    NotPossibleError,
    Simulator,
    best_storage,
    mount_helper,
    serving,
)
from ontap_simulator.topology import config

TOPOLOGY = Path(__file__).with_name('cluster.toml')


@pytest.fixture(scope='session', autouse=True)
def no_ca_bundle_of_the_environment() -> Iterator[None]:
    """It would win over the CA that netapp_ontap's session is given."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope='session')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The one server of the session."""
    base = tmp_path_factory.mktemp('served')
    with (
        best_storage(base) as storage,
        serving(TOPOLOGY, storage / 'data') as simulator,
    ):
        yield simulator


@pytest.fixture
def simulator(served: Simulator) -> Simulator:
    """The server with nothing left of the test before."""
    served.reset()
    served.control('PATCH', '/settings', json={'copy_throughput': 0, 'copy_limit': 50})
    return served


RELEASE = tuple(
    int(part) for part in os.environ.get(config.VERSION, '9.15.1').split('.')[:2]
)
"""The release of the cluster: (9, 15)."""

Connect = Callable[[str], HostConnection]


@pytest.fixture
def connect(simulator: Simulator) -> Connect:
    """Makes connections of netapp_ontap's, by the user's name."""
    return lambda user: HostConnection(
        simulator.host,
        port=simulator.port,
        username=user,
        password=f'{user}-secret',
        verify=str(simulator.ca),
        poll_interval=1,
    )


@pytest.fixture
def connection(connect: Connect) -> Iterator[HostConnection]:
    """The one that resource classes use by themselves."""
    connection = connect('admin')
    with connection:
        yield connection
    connection.session.close()


@pytest.fixture
def images_vol(connection: HostConnection) -> Volume:
    """The FlexVol images_vol."""
    return Volume.find(name='images_vol', fields='name,uuid,svm,nas')


@pytest.fixture(scope='session')
def nfs(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """``mount -t nfs`` mounts the simulator's exports."""
    try:
        mount_helper(
            served.data_dir / 'exports.json', tmp_path_factory.mktemp('helper')
        )
    except NotPossibleError as err:
        pytest.skip(str(err))
