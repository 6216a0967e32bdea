"""The role that docs/operations.md prints is enough for all, and no line too much.

An account of the simulator has exactly that role. Both the released driver and EIC
use it, for all that they ask of ONTAP.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract import block, role, share_routes, shares
from tests.contract.block import BlockWorld
from tests.contract.images import Glance
from tests.contract.release import ONTAP, since
from tests.contract.role import LOGIN, Account
from tests.contract.role_life import OTHER_SVM, BlockLife, Life, SharesLife, Steps
from tests.contract.share_routes import SufferingShares
from tests.contract.shares import GOLD
from tests.contract.simulator import Simulator, end_peerings, file_copies_allowed

PROTOCOLS = role.PROTOCOLS
Call = tuple[str, str]
EIC = {'clone_timeout': 10, 'copy_offload_timeout': 10, 'fill_wait_timeout': 20}

pytestmark = [
    pytest.mark.usefixtures('root_logger'),
    pytest.mark.usefixtures('nfs'),
    block.NEEDS_ROOT,
    since(29, 'the stock driver asks ZAPI too, which is no part of a REST role'),
]


@pytest.fixture(scope='module')
def account(served: Simulator, protocol: str) -> Iterator[Account]:
    with role.account(served, protocol) as found:
        yield found


@pytest.fixture(scope='module')
def cinder_conf(
    served: Simulator, state: Path, protocol: str, account: Account
) -> Iterator[Any]:
    found = (
        share_routes.configured(
            served, state, login=LOGIN, create_svm_peering='svm_silver', **EIC
        )
        if protocol == 'nfs'
        else block.configured(served, state, protocol, login=LOGIN, **EIC)
    )
    with found as configuration:
        yield configuration


@pytest.fixture(scope='module')
def driver_of_shares(admin: Any, protocol: str) -> Any:
    return shares.started(admin) if protocol == 'nfs' else None


@pytest.fixture
def life(
    admin: Any,
    simulator: Simulator,
    protocol: str,
    glance: Glance,
    driver_of_shares: Any,
    state: Path,
    tmp_path: Path,
    account: Account,
) -> Iterator[Life]:
    account.give()
    conf = state / 'cinder.conf'
    if protocol == 'nfs':
        world = SufferingShares(driver_of_shares, admin, simulator, glance)
        world.tmp_path = tmp_path
        yield SharesLife(world, conf)
    else:
        yield BlockLife(BlockWorld(admin, simulator, protocol, glance), conf)
    simulator.control('POST', '/reset', json={'files': True})
    end_peerings(simulator)


def done(account: Account, steps: Steps, option: bool = False) -> list[Call]:
    """The steps, each with its role; what was asked.

    :raises AssertionError: a call was refused
    """
    made: list[Call] = []
    for name, do in steps.items():
        account.give(name if option else '')
        before = account.simulator.calls()['last']
        do()
        calls = account.calls(before)
        assert {call['status'] for call in calls} & {401, 403} == set(), name
        made += [(call['method'], call['path']) for call in calls]
    return made


ASKED_SINCE = {
    '/api/private/cli/volume/efficiency': (9, 13, 1),
    '/api/storage/file/clone/split-status': (9, 15, 1),
}
"""Before that release of ONTAP, nobody has a use for the line: the stock driver first
asks ``efficiency.volume_path``, which is there from 9.13 on.
"""


def test_the_role_is_enough_and_no_line_is_too_much(
    life: Life, account: Account, protocol: str
) -> None:
    asked = done(account, life.of_the_released_driver())
    asked += done(account, life.routes() | life.background() | life.commands())
    for line in role.needed():
        if protocol in line.backends and ASKED_SINCE.get(line.path, ()) <= ONTAP:
            least = role.granted(protocol, without=line)
            assert any(role.refuses(least, *call) for call in asked), str(line)


def test_each_option_takes_its_lines_and_no_more(
    life: Life, account: Account, protocol: str
) -> None:
    for name, do in life.options().items():
        asked = done(account, {name: do}, option=True)
        for line in role.optional():
            if protocol in line.backends and name in line.what:
                least = role.granted(protocol, name, line)
                assert any(role.refuses(least, *call) for call in asked), str(line)


LEFT = 'cinder_download'
WITHOUT: Mapping[str, Mapping[str, str]] = {
    'nfs': {
        '/api/cluster': 'copy_offload',
        '/api/network/ip/interfaces': LEFT,
        '/api/storage/aggregates': 'copy_offload',
        '/api/storage/file/clone': LEFT,
        '/api/storage/file/copy': 'download',
        '/api/storage/volumes': LEFT,
        '/api/storage/volumes/*/files': 'copy_offload',
    },
    'iscsi': {
        '/api/cluster': 'download',
        '/api/storage/aggregates': 'download',
        '/api/storage/file/clone/split-loads': 'download',
        '/api/storage/file/clone/split-status': 'download',
        '/api/storage/luns': LEFT,
        '/api/storage/volumes': LEFT,
    },
    'nvme': {'/api/storage/namespaces': LEFT},
}
"""The route of a first volume that is left without a line, by the line's path."""


def test_without_a_line_the_best_route_is_taken_that_is_left(
    life: Life, account: Account, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    if protocol not in WITHOUT:
        pytest.skip('as iscsi')
    caplog.set_level('INFO')
    lines = {line.path: line for line in role.needed() if protocol in line.backends}
    for path, route in WITHOUT[protocol].items():
        if ASKED_SINCE.get(path, ()) > ONTAP:
            continue
        caplog.clear()
        account.give()
        image = life.first_image()
        life.world.start_anew()
        account.give(without=lines[path])
        since = account.simulator.calls()['last']
        volume = life.world.new_volume()
        cloned = life.world.clone_image(volume, image)
        life.limits()
        refused = account.refused(since)
        account.give()
        if not cloned:
            life.world.download(volume, image)
        volume.refresh()
        assert refused, path
        assert volume.metadata['eic_route'] == route, path
        assert life.world.is_right(volume, image), path
        assert f'{path} takes the access level' in caplog.text, path


def test_a_peering_that_is_not_seen_is_none(
    life: Life, account: Account, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    if not isinstance(life, SharesLife):
        pytest.skip('LUNs and namespaces are copied in their own SVM alone')
    (line,) = (each for each in role.needed() if each.path == '/api/svm/peers')
    image = life.world.new_image(OTHER_SVM)
    with file_copies_allowed(account.simulator, 'svm_gold', 'svm_silver'):
        life.world.start_anew()
        account.give(without=line)
        life.made(image, GOLD, 'download')
    assert '/api/svm/peers takes the access level' in caplog.text


def test_a_job_that_may_not_be_ended_goes_on_and_the_log_says_so(
    life: Life, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    (line,) = (each for each in role.needed() if each.path == '/api/cluster/jobs')
    account.give(without=line)
    with pytest.raises(AssertionError):
        life.give_up()
    assert '/api/cluster/jobs takes the access level' in caplog.text
