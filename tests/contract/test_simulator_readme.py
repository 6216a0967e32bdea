"""The backends for Cinder that the simulator's README shows, used as they stand there.

The released drivers read them, and make a volume on the simulator's default cluster.
"""

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator import usage
from ontap_simulator.testing import NotPossibleError, mount_helper, serving

from tests.contract import stock
from tests.contract.release import since
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB

README = (Path(__file__).parents[2] / 'simulator/README.md').read_text()
PROTOCOLS = ('iscsi', 'nfs')

pytestmark = since(29, 'the stock drivers ask ZAPI first, whatever they are told')


def blocks(section: str) -> list[str]:
    text = README.partition(f'\n### {section}\n')[2].partition('\n### ')[0]
    return re.findall(r'```ini\n(.*?)```', text, re.DOTALL)


def backend(protocol: str) -> dict[str, str]:
    """The options of the backend; for NFS, with its three lines in their place."""
    whole, changed = blocks('Cinder')
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(whole)
    if protocol == 'nfs':
        parser.read_string(f'[ontap-iscsi]\n{changed}')
    return dict(parser['ontap-iscsi'])


@pytest.fixture(scope='module')
def default(storage: Path) -> Iterator[Simulator]:
    """The cluster that is simulated if nothing is said, on another port."""
    topology = storage / 'default.toml'
    topology.write_text(usage.EXAMPLE.read_text().replace(':18443', ':0'))
    with serving(topology, storage / usage.DATA_DIR) as simulator:
        yield simulator


@pytest.fixture(scope='module')
def exported(
    default: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Its exports can be mounted, in place of those of other tests."""
    try:
        mount_helper(default.data_dir / 'exports.json', tmp_path_factory.mktemp('own'))
    except NotPossibleError as err:
        pytest.skip(str(err))
    yield
    program = shutil.which('mount.nfs', path='/sbin:/usr/sbin')
    subprocess.run(['umount', str(Path(str(program)).resolve())], check=True)


@pytest.fixture(scope='module')
def cinder_conf(default: Simulator, state: Path, protocol: str) -> Iterator[Any]:
    options = backend(protocol)
    assert options['netapp_server_hostname'] == default.host
    options['netapp_server_port'] = str(default.port)
    options['netapp_ssl_cert_path'] = options['netapp_ssl_cert_path'].replace(
        '/PATH/TO', str(default.data_dir.parent)
    )
    if protocol == 'nfs':
        # The file of the README, where a test may write it.
        shares = state / 'shares'
        (line,) = re.findall(r'has one line, `([^`]+)`', README)
        shares.write_text(f'{line}\n')
        options['nfs_shares_config'] = str(shares)
        options['nfs_mount_point_base'] = str(state / 'mnt')
    own = '\n'.join(f'{name} = {text}' for name, text in options.items())
    with stock.configured(
        state,
        f'[DEFAULT]\nstate_path = {state}\nhost = contract\n'
        f'[coordination]\nbackend_url = file://{state}\n'
        f'[oslo_concurrency]\nlock_path = {state}\n[{stock.BACKEND}]\n{own}\n',
    ) as found:
        yield found


@pytest.fixture(scope='module')
def ready(request: pytest.FixtureRequest, protocol: str, admin: Any) -> Any:
    """The released driver, as cinder-volume starts it."""
    if protocol == 'nfs':
        request.getfixturevalue('exported')
    return stock.start_driver(admin)


def test_each_line_is_an_option_that_the_driver_reads(
    ready: Any, cinder_conf: Any, protocol: str
) -> None:
    section = getattr(cinder_conf, stock.BACKEND)
    assert {name for name in backend(protocol) if name not in section} <= {
        'volume_driver'
    }


def test_a_volume_is_made_and_deleted(
    ready: Any, admin: Any, default: Simulator, protocol: str
) -> None:
    (pool,) = ready.get_volume_stats(refresh=True)['pools']
    volume = stock.new_volume(admin, pool['pool_name'])
    volume.update(ready.create_volume(volume) or {})
    svm, flexvol = {
        'iscsi': ('svm_blocks', 'luns_vol'),
        'nfs': ('svm_files', 'volumes_vol'),
    }[protocol]
    file = default.directory(svm, flexvol) / volume.name
    assert file.stat().st_size == GIB
    ready.delete_volume(volume)
    assert not file.exists()
