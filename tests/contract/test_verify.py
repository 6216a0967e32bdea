"""``eic verify`` on the simulator, as the owner of an ONTAP runs it."""

import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.personality import CHOICES

from eic_plugins.cli import main
from eic_plugins.cli.verification.findings import USUAL
from tests.contract import stock
from tests.contract.personality_table import SINGLE, shown
from tests.contract.simulator import Simulator, file_copies_allowed

GOLD = '127.0.81.1:/gold'
STORE = '127.0.81.1:/store'
SILVER = '127.0.82.1:/tenants/silver'
FLEXVOLS = {
    GOLD: ('svm_gold', 'gold'),
    STORE: ('svm_gold', 'store'),
    SILVER: ('svm_silver', 'silver_vol'),
}
SECONDS = 60
NOBODY = 65534
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from eic_plugins.cli import main
"""
Rows = list[dict[str, Any]]

pytestmark = [
    pytest.mark.usefixtures('root_logger'),
    pytest.mark.skipif(
        os.geteuid() != 0, reason='only root gives files away: run as root'
    ),
]


@pytest.fixture(scope='module')
def conf(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cinder.conf with a backend on each SVM."""
    from oslo_config import cfg  # noqa: PLC0415

    state = tmp_path_factory.mktemp('verify')
    path = state / 'cinder.conf'
    text = stock.config(
        served, state, netapp_storage_protocol='nfs', netapp_vserver='svm_gold'
    )
    backend = text.partition('[stock]')[2].replace('svm_gold', 'svm_silver')
    text = text.replace('enabled_backends = stock', 'enabled_backends = stock,silver')
    path.write_text(f'{text}\n[silver]{backend}')
    yield path
    cfg.CONF.clear()


@pytest.fixture
def cluster(simulator: Simulator) -> Iterator[Simulator]:
    yield simulator
    simulator.control('DELETE', '/personality')


@pytest.fixture(scope='module', autouse=True)
def peered(served: Simulator) -> Iterator[None]:
    """From svm_gold, for file copies."""
    with file_copies_allowed(served, 'svm_gold', 'svm_silver'):
        yield


@pytest.fixture
def verify(
    conf: Path, cluster: Simulator, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Rows, str]]:
    """Runs the program in this process: its status, report, and what else it says."""

    def run(*arguments: str) -> tuple[int, Rows, str]:
        status = main.main(
            ['verify', *arguments, *command(conf, cluster, arguments), '-f', 'json']
        )
        said = capsys.readouterr()
        assert 'stock-secret' not in said.out + said.err
        return status, json.loads(said.out or '[]'), said.err

    return run


def command(conf: Path, cluster: Simulator, shares: Any) -> list[str]:
    """Where the configuration is, and the mounts."""
    mounts = [
        f'--mount={share}={cluster.directory(*FLEXVOLS[share])}'
        for share in shares
        if share in FLEXVOLS
    ]
    return ['--config-file', str(conf), *mounts]


def facts(rows: Rows) -> Mapping[str, str]:
    return {row['Item']: row['Here'] for row in rows if row['Kind'] == 'fact'}


def left(cluster: Simulator) -> list[str]:
    """What FlexVols have."""
    return [
        path.name
        for place in FLEXVOLS.values()
        for path in cluster.directory(*place).iterdir()
    ]


Verify = Callable[..., tuple[int, Rows, str]]
FACTS_ALONE = ('--no-measures', '--yes')


def test_its_facts_are_the_traits_of_the_simulator() -> None:
    assert dict(USUAL) == {name: choices[0] for name, choices in CHOICES.items()}


@pytest.mark.parametrize('traits', SINGLE, ids=shown)
def test_it_names_exactly_what_is_unusual(
    verify: Verify, cluster: Simulator, traits: Mapping[str, str]
) -> None:
    cluster.control('PATCH', '/personality', json=dict(traits))
    status, rows, _ = verify(GOLD, '--to', SILVER, *FACTS_ALONE)
    found = facts(rows)
    assert {name: here for name, here in found.items() if here != USUAL[name]} == dict(
        traits
    )
    assert set(found) == set(USUAL)
    for row in rows:
        if row['Item'] in traits:
            assert row['What EIC does'] not in {'', 'as everywhere'}
    assert status == 0
    assert left(cluster) == []


@pytest.fixture
def share_of_nobody(cluster: Simulator) -> Iterator[Path]:
    """Its root belongs to somebody else than root."""
    share = cluster.directory(*FLEXVOLS[GOLD])
    before = share.stat()
    os.chown(share, NOBODY, NOBODY)
    yield share
    os.chown(share, before.st_uid, before.st_gid)


def open_up(*paths: Path) -> None:
    for path in paths:
        for parent in path.parents[: -len(Path(tempfile.gettempdir()).parts)]:
            parent.chmod(parent.stat().st_mode | 0o055)
        path.chmod(path.stat().st_mode | 0o044)


def by_nobody(call: Callable[[], Any], *readable: Path) -> Any:
    """What comes of a call in a process of that user's own.

    Each pytest that begins closes the directory that all of them share, so what is
    to be readable is opened again and again.

    The simulator is a thread of this one, and stays root. The interpreter is where
    that user may not read, so the process is a copy of this one.
    """
    context = multiprocessing.get_context('fork')
    ours, theirs = context.Pipe()

    def run() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        theirs.send(call())

    process = context.Process(target=run)
    open_up(*readable)
    process.start()
    try:
        deadline = time.monotonic() + SECONDS
        while not ours.poll(0.02):
            assert time.monotonic() < deadline, 'waited for the process'
            open_up(*readable)
        return ours.recv()
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize('owner', ['source', 'root'])
def test_a_user_other_than_root_finds_out_whose_clones_are(
    verify: Verify,
    conf: Path,
    cluster: Simulator,
    share_of_nobody: Path,
    owner: str,
) -> None:
    cluster.control('PATCH', '/personality', json={'clone_owner': owner})
    # By root first: what is imported then need not be read by the other.
    verify(GOLD, *FACTS_ALONE)
    status, rows, said = by_nobody(
        lambda: verify(GOLD, *FACTS_ALONE), share_of_nobody, conf, cluster.ca
    )
    assert (status, bool(rows)) == (0, True), said
    (row,) = (row for row in rows if row['Item'] == 'clone_owner')
    assert row['Here'] == owner, row
    assert row['Seen'].startswith(f'source {NOBODY}:')
    assert left(cluster) == []


def test_it_measures_clones(verify: Verify, cluster: Simulator) -> None:
    _, rows, _ = verify(GOLD, '--yes')
    measures = {row['Item']: row['Here'] for row in rows if row['Kind'] == 'measure'}
    assert measures['REST calls of a hit'] == '1'
    assert {name for name in measures if 'GiB' in name} == {
        f'clone of a file of {size} GiB' for size in (1, 16, 128, 1024)
    }
    assert {name for name in measures if 'at once' in name} == {
        f'clones a second, {number} at once' for number in (1, 2, 4, 8, 16)
    }
    assert cluster.control('GET', '/counters')['file_clones'] >= 12 + 80
    assert left(cluster) == []


def test_without_a_second_pool_it_says_what_was_not_tried(verify: Verify) -> None:
    _, rows, _ = verify(GOLD, *FACTS_ALONE)
    untried = {row['Item']: row['Seen'] for row in rows if row['Here'] == 'not tried'}
    assert set(untried) == {'copy_path', 'file_copy_peering'}
    assert all('--to' in why for why in untried.values())


def test_in_one_svm_no_peering_is_tried(verify: Verify) -> None:
    _, rows, _ = verify(GOLD, '--to', STORE, *FACTS_ALONE)
    assert facts(rows)['copy_path'] == 'any'
    assert facts(rows)['file_copy_peering'] == 'not tried'


def test_it_asks_before_it_writes(
    verify: Verify, cluster: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('sys.stdin', io.StringIO('no\n'))
    before = cluster.calls()['last']
    status, rows, said = verify(GOLD, '--no-measures')
    assert (status, rows) == (1, [])
    assert 'FlexVol gold of SVM svm_gold' in said
    assert 'Nothing was written' in said
    assert {call['method'] for call in cluster.calls(before)['calls']} == {'GET'}


def test_a_share_that_is_not_mounted_is_named(
    conf: Path, cluster: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['verify', GOLD, '--yes', '--config-file', str(conf)]
    assert main.main(arguments) == 1
    assert f'--mount {GOLD}=DIRECTORY' in capsys.readouterr().err


def test_what_a_killed_run_left_is_removed(verify: Verify, cluster: Simulator) -> None:
    old = cluster.directory(*FLEXVOLS[GOLD]) / 'eic-verify-0000'
    old.mkdir()
    (old / 'file').write_bytes(b'x')
    verify(GOLD, *FACTS_ALONE)
    assert left(cluster) == []


def test_a_role_that_lacks_something_is_told(
    verify: Verify, cluster: Simulator
) -> None:
    cluster.fault(
        'error',
        status=403,
        code='6',
        count=None,
        match={'method': 'GET', 'path': '/svm/peers$'},
    )
    status, rows, _ = verify(GOLD, *FACTS_ALONE)
    assert status == 1
    assert [row['Item'] for row in rows if row['Kind'] == 'role'] == ['/api/svm/peers']


def test_ctrl_c_removes_what_was_made(conf: Path, cluster: Simulator) -> None:
    cluster.control('PATCH', '/personality', json={'speed': 'slow'})
    words = ['verify', GOLD, '--yes', *command(conf, cluster, [GOLD])]
    process = subprocess.Popen(
        [sys.executable, '-c', f'{PROGRAM}sys.exit(main.main({words!r}))'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not any(name.startswith('eic-verify-') for name in left(cluster)):
            assert time.monotonic() < deadline, 'waited for its directory'
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert 'What was made is removed' in said
    assert left(cluster) == []
