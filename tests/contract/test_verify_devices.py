"""``eic verify`` with pools of LUNs and of namespaces, on the simulator."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.cli import main
from eic_plugins.cli.verification.findings import USUAL, USUAL_OF_DEVICES
from tests.contract import release, stock
from tests.contract.block import ONE, SVM, TWO
from tests.contract.personality_table import SINGLE, shown
from tests.contract.simulator import Simulator

SECONDS = 60
BACKENDS = {'luns': 'stock', 'namespaces': 'nvme'}
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from eic_plugins.cli import main
"""
TRIED = {'return_timeout', 'job_links', 'split_status', 'speed', 'private_cli_lun'}
"""Of the open questions, those that concern these pools and can be tried there."""
OF_DEVICES = [traits for traits in SINGLE if set(traits) <= TRIED]
OF_JOBS = {'return_timeout', 'job_links'}
OF_LUNS = {'private_cli_lun', 'lun_rename', 'space_allocation'}
DEVICES_BY_JOBS = release.ONTAP >= (9, 16, 1)
"""From that release on LUNs and namespaces are made by jobs (the reference)."""
FACTS_ALONE = ('--no-measures', '--yes')
Rows = list[dict[str, Any]]
Verify = Callable[..., tuple[int, Rows, str]]


pytestmark = pytest.mark.usefixtures('root_logger')


@pytest.fixture(scope='module')
def conf(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cinder.conf with a backend of LUNs and one of namespaces, on one SVM."""
    from oslo_config import cfg  # noqa: PLC0415

    state = tmp_path_factory.mktemp('verify')
    path = state / 'cinder.conf'
    text = stock.config(
        served, state, netapp_storage_protocol='iscsi', netapp_vserver=SVM
    )
    backend = text.partition('[stock]')[2].replace('iscsi', 'nvme')
    text = text.replace('enabled_backends = stock', 'enabled_backends = stock,nvme')
    path.write_text(f'{text}\n[nvme]{backend}')
    yield path
    cfg.CONF.clear()


@pytest.fixture(autouse=True)
def its_own_again(simulator: Simulator) -> Iterator[None]:
    yield
    simulator.control('DELETE', '/personality')


@pytest.fixture
def verify(conf: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs the program in this process: its status, report, and what else it says."""

    def run(*arguments: str) -> tuple[int, Rows, str]:
        status = main.main(
            ['verify', *arguments, f'--config-file={conf}', '-f', 'json']
        )
        said = capsys.readouterr()
        return status, json.loads(said.out or '[]'), said.err

    return run


@pytest.fixture(params=BACKENDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pools(kind: str) -> list[str]:
    return [f'{BACKENDS[kind]}#{ONE}', f'--to={BACKENDS[kind]}#{TWO}']


def facts(rows: Rows) -> Mapping[str, str]:
    return {row['Item']: row['Here'] for row in rows if row['Kind'] == 'fact'}


def left(simulator: Simulator) -> list[str]:
    return [
        path.name
        for flexvol in (ONE, TWO)
        for path in simulator.directory(SVM, flexvol).iterdir()
    ]


@pytest.mark.parametrize('traits', OF_DEVICES, ids=shown)
def test_it_names_exactly_what_is_unusual(
    verify: Verify, simulator: Simulator, kind: str, traits: Mapping[str, str]
) -> None:
    simulator.control('PATCH', '/personality', json=dict(traits))
    status, rows, said = verify(*pools(kind), *FACTS_ALONE)
    found = dict(facts(rows))
    apart = set() if kind == 'luns' else OF_LUNS
    asked = (TRIED | set(USUAL_OF_DEVICES)) - apart
    usual = {**USUAL, **USUAL_OF_DEVICES}
    if kind == 'namespaces':
        usual['lun_copy'] = 'not tried'
    seen = asked
    if not DEVICES_BY_JOBS:
        usual['job_links'] = 'not tried'
        seen = asked - OF_JOBS
    assert set(found) == asked, said
    assert {name: here for name, here in found.items() if here != usual[name]} == {
        name: choice for name, choice in traits.items() if name in seen
    }
    assert status == 0
    assert left(simulator) == []


def test_it_measures_clones(verify: Verify, simulator: Simulator, kind: str) -> None:
    _, rows, _ = verify(*pools(kind), '--yes')
    measures = [row['Item'] for row in rows if row['Kind'] == 'measure']
    assert len([name for name in measures if 'GiB' in name]) == 4
    assert len([name for name in measures if 'at once' in name]) == 5
    assert left(simulator) == []


def test_a_role_that_lacks_something_is_told(
    verify: Verify, simulator: Simulator, kind: str
) -> None:
    path = f'/storage/{kind}$'
    match = {'method': 'GET', 'path': path}
    simulator.fault('error', status=403, code='6', count=1, match=match)
    status, rows, _ = verify(*pools(kind), *FACTS_ALONE)
    assert status == 1
    assert [row['Item'] for row in rows if row['Kind'] == 'role'] == [
        f'/api/storage/{kind}'
    ]


def test_pools_of_two_kinds_are_refused(verify: Verify) -> None:
    status, rows, said = verify(f'stock#{ONE}', '--to', f'nvme#{TWO}', *FACTS_ALONE)
    assert (status, rows) == (1, [])
    assert 'same kind' in said


@pytest.mark.parametrize('ended_by', [signal.SIGINT, signal.SIGKILL])
def test_what_an_early_end_leaves_is_removed(
    verify: Verify, conf: Path, simulator: Simulator, ended_by: signal.Signals
) -> None:
    simulator.control('PATCH', '/personality', json={'speed': 'slow'})
    words = ['verify', *pools('luns'), '--yes', f'--config-file={conf}']
    process = subprocess.Popen(
        [sys.executable, '-c', f'{PROGRAM}sys.exit(main.main({words!r}))'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not any(name.startswith('eic-verify-') for name in left(simulator)):
            assert time.monotonic() < deadline, 'waited for its LUNs'
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(ended_by)
        process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    simulator.control('DELETE', '/personality')
    if ended_by is signal.SIGKILL:
        assert left(simulator)
        verify(*pools('luns'), *FACTS_ALONE)
    else:
        assert process.returncode == 130
    assert left(simulator) == []
