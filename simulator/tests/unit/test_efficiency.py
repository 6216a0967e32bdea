"""Deduplication of a FlexVol: switched on, and old data scanned in its time."""

import os

import pytest
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config

from tests.unit.conftest import MIB, TOPOLOGY, Api, FakeClock, error_code

SCANNER = {'state': 'active', 'scan_old_data': True, 'dedupe': True}


def efficiency(api: Api, fields: str = 'efficiency') -> dict[str, object]:
    path = f'/api/storage/volumes/{api.uuid("vol1")}?fields={fields}'
    return dict(api.get(path).json['efficiency'])


def change(api: Api, **changes: object) -> int:
    path = f'/api/storage/volumes/{api.uuid("vol1")}?return_timeout=20'
    return api.patch(path, {'efficiency': changes}).status_int


@pytest.fixture
def old(api: Api) -> Api:
    """A FlexVol of a MiB, which a scan reads in four seconds."""
    (api.directory('vol1') / 'old').write_bytes(os.urandom(MIB))
    assert change(api, dedupe='background') == 200
    api.settings(scan_throughput=MIB // 4)
    return api


def test_what_is_off_is_idle_and_has_no_policy(api: Api) -> None:
    found = efficiency(api)
    assert (found['state'], found['op_state']) == ('disabled', 'idle')
    assert found['policy'] == {'name': '-'}


def test_what_is_off_is_not_scanned(api: Api) -> None:
    path = f'/api/storage/volumes/{api.uuid("vol1")}'
    assert api.patch(path, {'efficiency': {'scanner': SCANNER}}).status_int == 400
    assert efficiency(api)['op_state'] == 'idle'


def test_a_scan_of_old_data_goes_on_with_time_and_ends(
    old: Api, clock: FakeClock
) -> None:
    assert change(old, scanner=SCANNER) == 200
    clock.now += 1
    found = efficiency(old)
    assert found['op_state'] == 'active'
    assert found['progress'] == '256 KB (25%) Done'
    assert found['scanner'] == SCANNER
    clock.now += 3 + 62
    found = efficiency(old)
    assert (found['op_state'], found['last_op_state']) == ('idle', 'Success')
    assert found['progress'] == 'Idle for 00:01:02'
    assert found['last_op_size'] == MIB


def test_a_second_start_leaves_the_scan_that_runs(old: Api, clock: FakeClock) -> None:
    change(old, scanner=SCANNER)
    clock.now += 2
    change(old, scanner=SCANNER)
    assert efficiency(old)['progress'] == '512 KB (50%) Done'


def test_a_scan_can_be_stopped(old: Api, clock: FakeClock) -> None:
    change(old, scanner=SCANNER)
    clock.now += 1
    change(old, scanner={'state': 'idle'})
    found = efficiency(old)
    assert (found['op_state'], found['last_op_state']) == ('idle', 'Failure')


def test_without_old_data_there_is_nothing_to_read(old: Api) -> None:
    assert change(old, scanner={'state': 'active'}) == 200
    found = efficiency(old)
    assert (found['op_state'], found['last_op_size']) == ('idle', 0)


@pytest.mark.parametrize(
    'scanner', [{'state': 'undoing'}, {'state': 'active', 'scan_old_data': 'x'}]
)
def test_a_scanner_takes_what_the_reference_lists(
    old: Api, scanner: dict[str, object]
) -> None:
    path = f'/api/storage/volumes/{old.uuid("vol1")}'
    answer = old.patch(path, {'efficiency': {'scanner': scanner}})
    assert error_code(answer) == '262197'
    assert efficiency(old)['op_state'] == 'idle'


def test_savings_are_shown_when_they_are_named(api: Api) -> None:
    path = f'/api/storage/volumes/{api.uuid("vol1")}'
    assert 'efficiency' not in api.get(f'{path}?fields=*').json
    found = efficiency(api, 'efficiency.space_savings,efficiency.has_savings')
    assert found == {
        'has_savings': False,
        'space_savings': {
            'compression': 0,
            'compression_percent': 0,
            'dedupe': 0,
            'dedupe_percent': 0,
            'dedupe_sharing': 0,
            'total': 0,
            'total_percent': 0,
        },
    }


def test_it_stays_on_over_a_restart(old: Api) -> None:
    again = Cluster(config.parse(TOPOLOGY), old.cluster.data_dir)
    assert again.efficiency.get(old.uuid('vol1'))['state'] == 'enabled'
