"""What survives a restart, jobs of newer versions, and what clones share."""

import concurrent.futures
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.app import Application
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config

from tests.unit.conftest import (
    MIB,
    TOPOLOGY,
    Api,
    FakeClock,
    error_code,
)

INITIATOR = 'iqn.1994-05.com.example:host1'


def restarted(tmp_path: Path, clock: FakeClock, version: str = '9.15.1') -> Api:
    topology = config.parse(
        {**TOPOLOGY, 'cluster': {**TOPOLOGY['cluster'], 'version': version}}
    )
    return Api(Application(Cluster(topology, tmp_path, clock)))


def test_luns_and_who_sees_them_survive_a_restart(
    api: Api, tmp_path: Path, clock: FakeClock
) -> None:
    api.new_lun(comment='cached', attributes=[{'name': 'image', 'value': 'one'}])
    api.new_namespace()
    api.post(
        '/api/protocols/san/igroups',
        {
            'svm.name': 'svm1',
            'name': 'hosts',
            'os_type': 'linux',
            'protocol': 'iscsi',
            'initiators': [{'name': INITIATOR}],
        },
    )
    api.post(
        '/api/protocols/san/lun-maps',
        {'svm.name': 'svm1', 'lun.name': '/vol/vol1/lun', 'igroup.name': 'hosts'},
    )
    before = api.lun()
    again = restarted(tmp_path, clock)
    assert again.lun() == before
    assert again.names('/api/storage/namespaces') == ['/vol/vol1/ns']
    assert again.names('/api/protocols/san/igroups') == ['hosts']
    assert again.lun()['lun_maps'][0]['igroup']['name'] == 'hosts'


def test_lun_whose_file_is_gone_is_forgotten_at_the_start(
    api: Api, tmp_path: Path, clock: FakeClock
) -> None:
    api.new_lun()
    api.post(
        '/api/protocols/san/igroups',
        {'svm.name': 'svm1', 'name': 'hosts', 'os_type': 'linux'},
    )
    api.post(
        '/api/protocols/san/lun-maps',
        {'svm.name': 'svm1', 'lun.name': '/vol/vol1/lun', 'igroup.name': 'hosts'},
    )
    (api.directory('vol1') / 'lun').unlink()
    again = restarted(tmp_path, clock)
    assert again.lun() is None
    assert again.get('/api/protocols/san/lun-maps').json['num_records'] == 0


def test_half_a_copy_is_gone_after_a_restart(
    api: Api, tmp_path: Path, clock: FakeClock
) -> None:
    api.new_lun()
    with (api.directory('vol1') / 'lun').open('r+b') as stream:
        stream.write(b'x' * 65536)
    api.settings(copy_throughput=4096)
    api.copy_lun()
    again = restarted(tmp_path, clock)
    assert again.lun('/vol/vol2/copy') is None
    assert not (api.directory('vol2') / 'copy').exists()
    assert again.lun()


def test_reset_of_files_takes_the_luns_with_it(api: Api) -> None:
    api.new_lun()
    api.post('/simulator/v1/reset', {'files': True})
    assert api.lun() is None
    assert api.new_lun().status_int == 201


def test_other_svms_see_neither_igroups_nor_subsystems(api: Api) -> None:
    body = {'svm.name': 'svm1', 'name': 'hosts', 'os_type': 'linux'}
    urls = [
        api.post(f'/api/protocols/{path}', {**body, 'name': name}).headers['Location']
        for path, name in (('san/igroups', 'hosts'), ('nvme/subsystems', 'system'))
    ]
    for url in urls:
        assert api.get(url, X_Dot_SVM_Name='svm1').status_int == 200
        assert api.get(url, X_Dot_SVM_Name='svm2').status_int == 404
        assert (
            api.call('DELETE', url, headers={'X-Dot-SVM-Name': 'svm2'}).status_int
            == 404
        )


def test_simultaneous_clones_are_all_made(api: Api) -> None:
    api.new_lun()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(
            pool.map(
                lambda number: api.clone_lun(f'/vol/vol1/clone{number}').status_int,
                range(20),
            )
        )
    assert set(statuses) == {201}
    luns = api.get('/api/storage/luns?fields=serial_number').json['records']
    assert len({lun['serial_number'] for lun in luns}) == 21


def test_one_of_simultaneous_clones_gets_the_name(api: Api) -> None:
    api.new_lun()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: api.clone_lun().status_int, range(8)))
    assert sorted(statuses) == [201, *[409] * 7]
    assert len(api.names('/api/storage/luns')) == 2


@pytest.fixture
def newer(tmp_path: Path, clock: FakeClock) -> Api:
    """A cluster of a version that makes LUNs by jobs."""
    return restarted(tmp_path / 'newer', clock, '9.16.1')


def test_newer_versions_answer_with_a_job(newer: Api) -> None:
    response = newer.new_lun()
    assert response.status_int == 202
    assert newer.ended(response).state == 'success'
    assert newer.lun()['uuid'] in response.headers['Location']


def test_job_may_be_waited_for_in_the_same_call(newer: Api) -> None:
    response = newer.new_lun('/vol/vol1/lun', '?return_timeout=20&return_records=true')
    assert response.status_int == 201
    assert response.json['records'][0]['name'] == '/vol/vol1/lun'
    again = newer.new_lun('/vol/vol1/lun', '?return_timeout=20')
    assert (again.status_int, error_code(again)) == (409, '5374242')


def test_jobs_rename_and_delete_too(newer: Api) -> None:
    newer.ended(newer.new_lun())
    newer.ended(newer.patch(newer.lun_url(), {'comment': 'cached'}))
    assert newer.lun()['comment'] == 'cached'
    newer.ended(newer.delete(newer.lun_url()))
    assert newer.lun() is None


def test_split_load_is_what_a_test_sets(api: Api) -> None:
    api.settings(split_load_maximum=1000, split_load=400)
    (record,) = api.get('/api/storage/file/clone/split-loads?fields=load').json[
        'records'
    ]
    assert record['node']['name'] == 'unit-01'
    assert record['load'] == {
        'maximum': 1000,
        'current': 400,
        'token_reserved': 0,
        'allowable': 600,
    }
    url = f'/api/storage/file/clone/split-loads/{record["node"]["uuid"]}'
    assert api.get(url).json['load']['allowable'] == 600
    assert error_code(api.get(f'{url[:-1]}x')) == '4'


def status_of(api: Api, volume: str) -> Any:
    (record,) = api.get(
        f'/api/storage/file/clone/split-status?volume.name={volume}&svm.name=svm1'
    ).json['records']
    return record


def test_shared_data_is_what_a_test_sets(api: Api) -> None:
    body = {
        'svm': 'svm1',
        'volume': 'vol1',
        'unsplit_size': 640 << 40,
        'pending_splits': 2,
        'logical_data_size': 5,
    }
    assert api.patch('/simulator/v1/volumes', body).status_int == 200
    status = status_of(api, 'vol1')
    assert (status['unsplit_size'], status['pending_splits']) == (640 << 40, 2)
    (efficiency,) = api.get(
        '/api/private/cli/volume/efficiency?volume=vol1&fields=logical-data-size'
    ).json['records']
    assert efficiency['logical_data_size'] == '5'
    assert status_of(api, 'vol2')['unsplit_size'] == 0
    api.patch('/simulator/v1/volumes', {**body, 'unsplit_size': None})
    assert status_of(api, 'vol1')['unsplit_size'] < MIB


@pytest.mark.parametrize(
    'change',
    [
        {'unsplit_size': -1},
        {'unsplit_size': '5'},
        {'other': 1},
        {'volume': 'none'},
        {'svm': 'none'},
    ],
)
def test_wrong_shared_data_is_refused(api: Api, change: dict[str, Any]) -> None:
    body = {'svm': 'svm1', 'volume': 'vol1', **change}
    assert api.patch('/simulator/v1/volumes', body).status_int >= 400
    volumes = api.get('/simulator/v1/volumes').json['volumes']
    assert {v['unsplit_size'] for v in volumes} == {0}
