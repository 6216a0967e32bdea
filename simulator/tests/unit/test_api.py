"""Authentication, SVM scope, wire quirks and the plain GETs."""

from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config

from tests.unit.conftest import TOPOLOGY, Api, FakeClock, error_code


def test_no_password_is_not_authorized(api: Api) -> None:
    response = api._test_app.get('/api/cluster', expect_errors=True)
    assert response.status_int == 401
    assert 'Basic' in response.headers['WWW-Authenticate']


@pytest.mark.parametrize('header', ['Basic !!!', 'Bearer x', 'Basic', 'Basic //79'])
def test_broken_credentials_are_not_authorized(api: Api, header: str) -> None:
    assert api.get('/api/cluster', Authorization=header).status_int == 401


def test_wrong_password_is_not_authorized(api: Api) -> None:
    intruder = Api(api.app, password='wrong')
    assert error_code(intruder.get('/api/cluster')) == '6691623'


def test_readonly_role_may_not_change_anything(api: Api, image: Path) -> None:
    auditor = Api(api.app, 'auditor', 'third')
    assert auditor.get('/api/cluster').status_int == 200
    refused = auditor.delete(f'{api.files("vol1")}/image')
    assert (refused.status_int, error_code(refused)) == (403, '6')


def test_unknown_path_is_an_error_of_ontap(api: Api) -> None:
    response = api.get('/api/storage/unicorns')
    assert (response.status_int, error_code(response)) == (404, '3')


def test_unknown_method_is_refused(api: Api) -> None:
    assert api.delete('/api/cluster').status_int == 405


def test_unknown_instance_is_code_4(api: Api) -> None:
    for path in (
        'storage/volumes',
        'cluster/jobs',
        'svm/svms',
        'svm/peers',
        'network/ip/interfaces',
        'storage/aggregates',
    ):
        response = api.get(f'/api/{path}/00000000-0000-0000-0000-000000000000')
        assert (response.status_int, error_code(response)) == (404, '4')


def test_codes_are_strings(api: Api) -> None:
    assert isinstance(error_code(api.get('/api/none')), str)


@pytest.mark.parametrize('path', ['/api//cluster', '/api/cluster/', '//api/cluster//'])
def test_doubled_and_trailing_slashes_do_not_matter(api: Api, path: str) -> None:
    assert api.get(path).json['name'] == 'unit'


def test_second_question_mark_is_an_ampersand(api: Api) -> None:
    response = api.get('/api/storage/volumes?return_records=false?max_records=10000')
    assert response.json == {'num_records': 4}


def test_invalid_json_is_refused(api: Api) -> None:
    response = api._test_app.post(
        '/api/storage/file/clone', b'{', headers=api._headers, expect_errors=True
    )
    assert error_code(response) == '262199'


def test_body_that_is_no_object_is_refused(api: Api) -> None:
    assert api.post('/api/storage/file/clone', []).status_int == 400


def test_svm_header_hides_other_svms(api: Api) -> None:
    scoped = {'X_Dot_SVM_Name': 'svm2'}
    assert [
        r['name'] for r in api.get('/api/storage/volumes', **scoped).json['records']
    ] == ['vol3']
    assert len(api.get('/api/network/ip/interfaces', **scoped).json['records']) == 1
    assert api.get(api.files('vol1'), **scoped).status_int == 404


def test_unknown_svm_in_the_header_is_refused(api: Api) -> None:
    response = api.get('/api/storage/volumes', X_Dot_SVM_Name='none')
    assert error_code(response) == '2621462'


def test_volumes_are_found_as_cinder_looks_for_them(api: Api) -> None:
    path = (
        '/api//storage/volumes/?type=rw&style=flex*&is_svm_root=false'
        '&error_state.is_inconsistent=false&state=online'
        '&fields=name,style&nas.path=/dir/two&svm.name=svm1'
        '&max_records=10000'
    )
    assert api.names(path) == ['vol2']


def test_used_space_counts_what_is_on_the_disk(api: Api, image: Path) -> None:
    path = f'/api/storage/volumes/{api.uuid("vol1")}?fields=space'
    space = api.get(path).json['space']
    assert 100_000 <= space['used'] < 1 << 20
    assert space['available'] == space['size'] - space['used']


def test_sparse_files_use_no_space(api: Api) -> None:
    with (api.directory('vol1') / 'sparse').open('wb') as stream:
        stream.truncate(5 << 30)
    path = f'/api/storage/volumes/{api.uuid("vol1")}?fields=space.used'
    assert api.get(path).json['space']['used'] == 0


def test_aggregates_disks_and_nodes_refer_to_each_other(api: Api) -> None:
    aggregate = api.get(
        '/api/storage/aggregates?name=aggr1&fields=home_node.name,space'
    ).json['records'][0]
    assert aggregate['home_node']['name'] == 'unit-01'
    assert api.names('/api/storage/disks?aggregates.name=aggr1')
    assert api.names('/api/cluster/nodes') == ['unit-01']


def test_counter_table_shows_the_counters_asked_for(api: Api) -> None:
    path = (
        '/api/cluster/counter/tables/system:constituent'
        '?counter_schemas.name=average_processor_busy_percent'
        '&fields=counter_schemas.*'
    )
    schemas = api.get(path).json['counter_schemas']
    assert [s['denominator']['name'] for s in schemas] == ['cpu_elapsed_time']


def test_counter_rows_grow_with_time(api: Api, clock: FakeClock) -> None:
    path = (
        '/api/cluster/counter/tables/processor/rows?id=unit-01:*'
        '&counters.name=elapsed_time&fields=id,counters.*'
    )
    clock.now += 2
    counters = api.get(path).json['records'][0]['counters']
    assert counters == [{'name': 'elapsed_time', 'value': 2_000_000}]


def test_unknown_counter_table_is_code_4(api: Api) -> None:
    assert error_code(api.get('/api/cluster/counter/tables/none')) == '4'


def test_efficiency_can_be_switched_on(api: Api) -> None:
    path = f'/api/storage/volumes/{api.uuid("vol1")}'
    api.patch(f'{path}?return_timeout=20', {'efficiency.dedupe': 'background'})
    assert (
        api.get(f'{path}?fields=efficiency.state').json['efficiency']['state']
        == 'enabled'
    )
    assert api.patch(path, {'efficiency.dedupe': 'x'}).status_int == 400


def test_what_cannot_be_changed_is_refused(api: Api) -> None:
    path = f'/api/storage/volumes/{api.uuid("vol1")}'
    assert 'size' in api.patch(path, {'size': 1}).json['error']['message']


def test_deduplicated_data_is_reported_by_the_private_cli(api: Api) -> None:
    path = (
        '/api/private/cli/volume/efficiency?volume=vol1&vserver=svm1'
        '&fields=logical-data-size,logical-data-limit'
    )
    response = api.get(path).json
    assert response['num_records'] == 1
    assert int(response['records'][0]['logical_data_limit']) == 640 << 40


def test_disk_usage_of_a_missing_file_is_the_clis_error(api: Api) -> None:
    path = '/api/private/cli/volume/file/show-disk-usage?vserver=svm1&path='
    for wrong in ('/vol/vol1/none', '/etc/passwd', ''):
        assert error_code(api.get(path + wrong)) == '917806'


def test_qos_policies_live_from_post_to_delete(api: Api) -> None:
    path = '/api/storage/qos/policies'
    body = {'name': 'p1', 'svm.name': 'svm1', 'fixed.max_throughput_iops': 9}
    assert api.post(path, body).status_int == 202
    assert api.post(path, body).status_int == 409
    api.patch(f'{path}?name=p1', {'name': 'deleted_p1'})
    assert api.names(path) == ['deleted_p1']
    assert api.delete(f'{path}?name=deleted_*').status_int == 202
    assert api.delete(f'{path}?name=deleted_*').json == {'num_records': 0}


def test_state_is_the_same_after_a_restart(api: Api) -> None:
    api.post(
        '/api/svm/peers',
        {'svm.name': 'svm1', 'name': 'svm2', 'applications': ['file_copy']},
    )
    again = Cluster(config.parse(TOPOLOGY), api.cluster.data_dir)
    assert again.uuid == api.cluster.uuid
    assert [v.uuid for v in again.volumes] == [v.uuid for v in api.cluster.volumes]
    assert len(again.peers.all()) == 1


def test_calls_are_recorded_with_user_and_client(api: Api) -> None:
    api.get('/api/cluster?fields=name', X_Dot_Client_App='app')
    Api(api.app, 'eic', 'other').get('/api/none')
    first, second = api.calls()
    assert (first['user'], first['client'], first['path'], first['query']) == (
        'admin',
        'app',
        '/api/cluster',
        'fields=name',
    )
    assert (second['user'], second['status'], second['error_code']) == ('eic', 404, '3')
    assert api.calls(f'?since={first["seq"]}') == [second]
    assert api.calls('?user=eic') == [second]


def test_refused_logins_are_recorded_without_a_user(api: Api) -> None:
    Api(api.app, password='wrong').get('/api/cluster')
    assert [(c['user'], c['status']) for c in api.calls()] == [(None, 401)]


def test_control_calls_are_not_recorded(api: Api) -> None:
    api.counters()
    assert api.calls() == []


def test_control_needs_a_password_too(api: Api) -> None:
    response = Api(api.app, password='wrong').get('/simulator/v1/calls')
    assert response.status_int == 401


def test_counters_are_by_user_and_resource(api: Api) -> None:
    api.get(f'/api/storage/volumes/{api.uuid("vol1")}')
    counters = api.counters()
    assert counters['by_user'] == {'admin': 1}
    assert counters['by_route'] == {'GET /api/storage/volumes/{uuid}': 1}


def test_reset_forgets_calls_faults_and_files(api: Api, image: Path) -> None:
    api.get('/api/cluster')
    api.fault('latency', seconds=0)
    api.post('/simulator/v1/reset', {'files': True})
    assert api.calls() == []
    assert api.get('/simulator/v1/faults').json == {'faults': []}
    assert not list(api.directory('vol1').iterdir())


def test_reset_keeps_files_unless_asked(api: Api, image: Path) -> None:
    api.post('/simulator/v1/reset', {})
    assert image.exists()


@pytest.mark.parametrize(
    'body',
    [{'copy_limit': -1}, {'copy_limit': '5'}, {'other': 1}, {'copy_throughput': True}],
)
def test_wrong_settings_are_refused(api: Api, body: dict[str, Any]) -> None:
    before = api.get('/simulator/v1/settings').json
    assert api.patch('/simulator/v1/settings', body).status_int == 400
    assert api.get('/simulator/v1/settings').json == before


def test_limits_of_clones_are_as_near_as_the_settings_say(api: Api) -> None:
    api.settings(unsplit_size=7 << 40, split_load=8 << 40)
    shared = api.get('/api/storage/file/clone/split-status?fields=unsplit_size')
    assert {record['unsplit_size'] for record in shared.json['records']} == {7 << 40}
    loads = api.get('/api/storage/file/clone/split-loads?fields=load')
    assert [record['load'] for record in loads.json['records']] == [
        {
            'maximum': 32 << 40,
            'current': 8 << 40,
            'token_reserved': 0,
            'allowable': 24 << 40,
        }
    ]


def test_unknown_control_path_is_refused(api: Api) -> None:
    assert api.get('/simulator/v1/none').status_int == 404
    assert api.get('/simulator/v1/reset').status_int == 405
