"""``eic efficiency`` and ``eic images`` on the simulator, as an operator runs them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.cli import flexvols, image_files, main, named_images
from eic_plugins.ontap.session import Endpoint, OntapSession
from tests.contract import stock
from tests.contract.images import Glance, Locations
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB

SECONDS = 60
GOLD = '127.0.81.1:/gold'
Eic = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures('simulator', 'root_logger')


@pytest.fixture(scope='module')
def conf(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cinder.conf with an NFS backend."""
    from oslo_config import cfg  # noqa: PLC0415

    state = tmp_path_factory.mktemp('efficiency')
    path = state / 'eic.conf'
    path.write_text(
        stock.config(
            served, state, netapp_storage_protocol='nfs', netapp_vserver='svm_gold'
        )
    )
    yield path
    cfg.CONF.clear()


@pytest.fixture
def eic(conf: Path, capsys: pytest.CaptureFixture[str]) -> Eic:
    """Runs the program in this process: its status, and what it says."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main.main([*arguments, '--config-file', str(conf)])
        said = capsys.readouterr()
        assert 'stock-secret' not in said.out + said.err
        return status, said.out, said.err

    return run


@pytest.fixture
def off(served: Simulator) -> Iterator[None]:
    """No FlexVol is deduplicated, and scans end at once."""
    yield
    served.control('PATCH', '/settings', json={'scan_throughput': 0})
    change(served, {'dedupe': 'none', 'scanner': {'state': 'idle'}})


@pytest.fixture
def glance(monkeypatch: pytest.MonkeyPatch) -> Glance:
    found = Glance()
    monkeypatch.setattr(named_images, 'connect', lambda: found)
    monkeypatch.setattr(image_files, 'ImageLocations', lambda _conf: Locations(found))
    return found


def change(served: Simulator, efficiency: Mapping[str, Any]) -> None:
    """Of all FlexVols, as the cluster's administrator."""
    session = OntapSession(
        Endpoint(
            served.host,
            served.port,
            username='admin',
            password='admin-secret',
            verify=str(served.ca),
        )
    )
    path = '/api/storage/volumes'
    for volume in session.records(path, fields='uuid'):
        session.patch(
            f'{path}/{volume["uuid"]}', {'efficiency': efficiency}, return_timeout=20
        )


def shown(said: str) -> dict[str, dict[str, Any]]:
    return {row['FlexVol']: row for row in json.loads(said)}


def scanning(simulator: Simulator, seconds: int) -> None:
    """Make the scan of ``gold`` take so long."""
    (simulator.directory('svm_gold', 'gold') / 'old').write_bytes(os.urandom(MIB))
    simulator.control('PATCH', '/settings', json={'scan_throughput': MIB // seconds})


def patches(simulator: Simulator) -> list[str]:
    return [
        call['path']
        for call in simulator.calls(user='stock')['calls']
        if call['method'] == 'PATCH'
    ]


@pytest.mark.parametrize('name', ['gold', f'contract@stock#{GOLD}', GOLD, 'stock#gold'])
def test_a_pool_is_shown_by_whatever_it_is_called(eic: Eic, name: str) -> None:
    status, out, _ = eic('efficiency', 'show', name, '-f', 'json')
    assert status == 0
    assert shown(out)['gold'] == {
        'SVM': 'svm_gold',
        'FlexVol': 'gold',
        'State': 'disabled',
        'Status': 'idle',
        'Progress': 'Idle for 00:00:00',
        'Policy': '-',
        'Deduplication': 'none',
        'Used': 0,
        'Saved': 0,
        'Saved percent': 0,
        'Last scan': '',
    }


def test_without_a_name_all_of_the_backends_are_shown(eic: Eic) -> None:
    status, out, _ = eic('efficiency', 'show', '-f', 'json')
    assert status == 0
    assert set(shown(out)) == {'images_vol', 'gold', 'store'}


def test_a_pool_that_is_not_there_is_an_error(eic: Eic) -> None:
    status, out, err = eic('efficiency', 'show', 'none')
    assert (status, out) == (1, '')
    assert "'none'" in err


@pytest.mark.usefixtures('off')
def test_it_is_turned_on_and_a_scan_ends_with_what_is_saved(
    eic: Eic, simulator: Simulator
) -> None:
    status, _, err = eic('efficiency', 'on', 'gold', '--yes')
    assert status == 0
    assert 'efficiency.dedupe none becomes background' in err
    scanning(simulator, 2)
    status, _, err = eic('efficiency', 'start', '--scan-old-data', 'gold', '--yes')
    assert status == 0
    assert f'all of its {MIB} bytes' in err
    assert 'active, ' in err
    assert 'the scan has ended; 0 bytes are saved' in err
    row = shown(eic('efficiency', 'show', 'gold', '-f', 'json')[1])['gold']
    assert (row['State'], row['Deduplication']) == ('enabled', 'background')
    assert row['Last scan'].endswith('Success')


@pytest.mark.usefixtures('off')
@pytest.mark.parametrize('command', ['on', 'start'])
def test_nothing_changes_before_it_is_agreed_to(
    eic: Eic, simulator: Simulator, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == 'start':
        eic('efficiency', 'on', 'gold', '--yes')
    before = patches(simulator)
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, 'stdin', nobody)
        status, _, err = eic('efficiency', command, 'gold')
    assert status == 1
    assert 'Nothing was changed.' in err
    assert patches(simulator) == before


@pytest.mark.usefixtures('off')
def test_what_is_on_is_left_as_it_is(eic: Eic, simulator: Simulator) -> None:
    eic('efficiency', 'on', 'gold', '--yes')
    before = patches(simulator)
    status, _, err = eic('efficiency', 'on', 'gold')
    assert status == 0
    assert 'on already' in err
    assert patches(simulator) == before


def test_what_is_off_is_not_scanned(eic: Eic, simulator: Simulator) -> None:
    status, _, err = eic('efficiency', 'start', 'gold', '--yes')
    assert status == 1
    assert 'eic efficiency on gold' in err
    assert patches(simulator) == []


@pytest.mark.usefixtures('off')
def test_a_scan_that_runs_already_is_waited_for(eic: Eic, simulator: Simulator) -> None:
    eic('efficiency', 'on', 'gold', '--yes')
    scanning(simulator, 3)
    arguments = 'efficiency', 'start', '--scan-old-data', 'gold', '--yes'
    assert eic(*arguments, '--no-wait')[0] == 0
    before = patches(simulator)
    status, _, err = eic(*arguments)
    assert status == 0
    assert 'runs already' in err
    assert 'has ended' in err
    assert patches(simulator) == before


@pytest.mark.usefixtures('off')
def test_a_scan_that_somebody_stops_has_failed(eic: Eic, simulator: Simulator) -> None:
    eic('efficiency', 'on', 'gold', '--yes')
    scanning(simulator, 600)
    stop = threading.Timer(2, change, (simulator, {'scanner': {'state': 'idle'}}))
    stop.start()
    status, _, err = eic('efficiency', 'start', '--scan-old-data', 'gold', '--yes')
    stop.join()
    assert status == 1
    assert 'the scan failed: Operation was stopped' in err


@pytest.mark.usefixtures('off')
def test_ctrl_c_leaves_the_scan_to_ontap_and_says_so(
    eic: Eic, simulator: Simulator, conf: Path
) -> None:
    eic('efficiency', 'on', 'gold', '--yes')
    scanning(simulator, 600)
    before = len(patches(simulator))
    command = 'efficiency', 'start', '--scan-old-data', 'gold', '--yes'
    process = subprocess.Popen(
        [
            sys.executable,
            '-c',
            'from eic_plugins.cli.main import main; raise SystemExit(main())',
            *command,
            '--config-file',
            str(conf),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    deadline = time.monotonic() + SECONDS
    for line in process.stderr:
        assert time.monotonic() < deadline
        if 'active, ' in line:
            break
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 130
    assert 'goes on in ONTAP' in said
    assert 'volume efficiency stop -vserver svm_gold -volume gold' in said
    row = shown(eic('efficiency', 'show', 'gold', '-f', 'json')[1])['gold']
    assert row['Status'] == 'active'
    assert len(patches(simulator)) == before + 1


def test_a_role_that_may_only_read_is_told_what_it_lacks(
    eic: Eic, conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / 'auditor.conf'
    other.write_text(
        conf.read_text()
        .replace('netapp_login = stock', 'netapp_login = auditor')
        .replace('stock-secret', 'auditor-secret')
    )
    arguments = 'efficiency', 'on', 'gold', '--yes', '--config-file', str(other)
    assert main.main(arguments) == 1
    err = capsys.readouterr().err
    assert '/api/storage/volumes' in err
    assert 'access level' in err


def test_the_flexvols_with_images_are_found_by_their_locations(
    eic: Eic, glance: Glance
) -> None:
    add(glance, location=f'nfs://127.0.81.2/images/{uuid.uuid4()}')
    add(glance)
    status, out, err = eic('efficiency', 'show', '--images', '-f', 'json')
    assert status == 0
    assert set(shown(out)) == {'images_vol'}
    assert 'nfs://' not in out + err


def test_without_an_image_on_the_cluster_there_is_nothing_to_show(
    eic: Eic, glance: Glance
) -> None:
    add(glance)
    status, _, err = eic('efficiency', 'show', '--images')
    assert status == 1
    assert 'eic images says why' in err


def test_images_are_listed_with_what_raw_would_change(eic: Eic, glance: Glance) -> None:
    here = add(glance, location=f'nfs://127.0.81.1/images/{uuid.uuid4()}')
    qcow2 = add(glance, 'qcow2', location=f'nfs://127.0.81.1/images/{uuid.uuid4()}')
    away = add(glance, location=f'nfs://127.0.99.1/images/{uuid.uuid4()}')
    status, out, err = eic('images', '-f', 'json')
    assert status == 0
    rows = {row['Image']: row for row in json.loads(out)}
    found = {
        name: [row[key] for key in ('Clones', 'Reason', 'Downloaded', 'Converted')]
        for name, row in rows.items()
    }
    assert found == {
        here: ['yes', '', 0, 0],
        qcow2: ['no', 'format_not_raw', 512, MIB],
        away: ['no', 'other_cluster', MIB, 0],
    }
    assert rows[qcow2]['Downloaded if raw'] == 0
    assert '127.0.' not in out + err
    assert 'nfs://' not in out + err
    status, out, _ = eic('images', qcow2, '-f', 'json')
    assert [row['Image'] for row in json.loads(out)] == [qcow2]


def test_an_image_that_is_not_there_is_an_error(eic: Eic, glance: Glance) -> None:
    status, _, err = eic('images', 'none')
    assert status == 1
    assert "'none'" in err


def test_the_service_has_to_have_credentials(eic: Eic) -> None:
    status, _, err = eic('images')
    assert status == 1
    assert '[service_user]' in err


def test_a_backend_of_each_svm_is_asked_once(conf: Path) -> None:
    twice = conf.with_name('twice.conf')
    text = conf.read_text()
    section = text.partition('[stock]')[2]
    twice.write_text(
        text.replace('enabled_backends = stock', 'enabled_backends = stock,again')
        + f'[again]{section}'
    )
    (svm,) = flexvols.svms([str(twice)])
    assert (svm.name, svm.backends, svm.nfs) == ('svm_gold', ('stock', 'again'), True)


def add(glance: Glance, disk_format: str = 'raw', location: str | None = None) -> str:
    raw = bytes(MIB)
    stored = raw if disk_format == 'raw' else raw[:512]
    image = glance.add(raw, stored, disk_format)
    image.location = location
    return image.id
