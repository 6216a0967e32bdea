"""SVMs and LIFs are made, changed and deleted; root volumes; moves of files."""

import copy

import pytest
from ontap_simulator.app import Application
from ontap_simulator.errors.common import ConfigError
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config

from tests.unit.conftest import TOPOLOGY, Api


def make(api: Api) -> str:
    made = api.post('/api/svm/svms?return_timeout=15', {'name': 'svm9'})
    assert made.status_code == 201, made.text
    return str(made.headers['Location'])


def test_new_svm_has_a_root_volume_an_export_policy_and_takes_volumes(
    api: Api,
) -> None:
    make(api)
    assert api.names('/api/storage/volumes?svm.name=svm9') == ['svm9_root']
    policies = '/api/protocols/nfs/export-policies'
    assert api.names(f'{policies}?svm.name=svm9') == ['default']
    body = {'name': 'new', 'svm': {'name': 'svm9'}, 'size': 1 << 30}
    volumes = '/api/storage/volumes?return_timeout=15'
    assert api.post(volumes, body).status_code == 201


def test_object_of_which_the_name_alone_is_given(api: Api) -> None:
    made = api.post(
        '/api/svm/svms?return_timeout=15', {'name': 'svm9', 'ipspace': 'Default'}
    )
    assert made.status_code == 201, made.text
    shown = api.get(str(made.headers['Location'])).json
    assert shown['ipspace']['name'] == 'Default'
    other = api.post('/api/svm/svms', {'name': 'svm8', 'ipspace': 'none'})
    assert other.status_code == 400


def test_svm_with_volumes_is_not_deleted_and_an_empty_one_is(api: Api) -> None:
    path = make(api)
    body = {'name': 'new', 'svm': {'name': 'svm9'}, 'size': 1 << 30}
    api.post('/api/storage/volumes?return_timeout=15', body)
    assert api.delete(path).status_code == 400
    api.delete(f'/api/storage/volumes/{api.uuid("new")}?return_timeout=15')
    assert api.delete(f'{path}?return_timeout=15').status_code == 200
    assert api.get(path).status_code == 404
    assert api.names('/api/storage/volumes?name=svm9_root') == []


def test_svm_and_lif_survive_a_restart_and_not_a_reset(api: Api) -> None:
    make(api)
    body = {'name': 'data', 'svm': {'name': 'svm9'}, 'ip': {'address': '127.0.9.9'}}
    made = api.post('/api/network/ip/interfaces', body)
    assert made.status_code == 201, made.text
    again = Cluster(config.parse(TOPOLOGY), api.cluster.data_dir)
    assert [lif.svm.name for lif in again.lifs if lif.address == '127.0.9.9'] == [
        'svm9'
    ]
    again.reset(files=True)
    assert {svm.name for svm in again.svms} == {'svm1', 'svm2'}
    assert all(lif.address != '127.0.9.9' for lif in again.lifs)


def test_lif_moves_and_exports_follow_it(api: Api) -> None:
    api.cluster.write_exports()
    [lif] = api.get('/api/network/ip/interfaces?ip.address=127.0.1.1').json['records']
    path = f'/api/network/ip/interfaces/{lif["uuid"]}'
    changed = api.patch(path, {'ip': {'address': '127.0.1.77'}})
    assert changed.status_code == 200, changed.text
    assert '127.0.1.77' in (api.cluster.data_dir / 'exports.json').read_text()
    shown = api.get(path).json
    assert shown['location']['home_node']['name'] == 'unit-01'


def test_two_lifs_do_not_have_one_address(api: Api) -> None:
    body = {'name': 'other', 'svm': {'name': 'svm1'}, 'ip': {'address': '127.0.1.1'}}
    assert api.post('/api/network/ip/interfaces', body).status_code == 409


def test_root_volume_of_the_topology_is_shown_and_not_exported(api: Api) -> None:
    topology = copy.deepcopy(TOPOLOGY)
    topology['svms'][0]['root_volume'] = 'svm1_root'
    cluster = Cluster(config.parse(topology), api.cluster.data_dir)
    cluster.write_exports()
    shown = Api(Application(cluster))
    assert shown.names('/api/storage/volumes?is_svm_root=true') == ['svm1_root']
    root = shown.uuid('svm1_root')
    assert shown.delete(f'/api/storage/volumes/{root}').status_code == 400
    assert 'svm1_root' not in (cluster.data_dir / 'exports.json').read_text()


def test_root_volume_has_a_name_of_its_own() -> None:
    topology = copy.deepcopy(TOPOLOGY)
    topology['svms'][0]['root_volume'] = 'vol1'
    with pytest.raises(ConfigError, match='vol1'):
        config.parse(topology)


def test_files_move_to_another_volume(api: Api) -> None:
    file = api.directory('vol1') / 'image'
    file.write_bytes(b'bytes')
    before = file.stat().st_ino
    answer = api.post(
        '/api/storage/file/moves?return_timeout=15',
        {
            'files_to_move': {
                'sources': [
                    {
                        'svm': {'name': 'svm1'},
                        'volume': {'name': 'vol1'},
                        'path': 'image',
                    }
                ],
                'destinations': [
                    {'svm': {'name': 'svm1'}, 'volume': {'name': 'vol2'}, 'path': 'to'}
                ],
            }
        },
    )
    assert answer.status_code == 201, answer.text
    moved = api.directory('vol2') / 'to'
    assert (moved.read_bytes(), moved.stat().st_ino) == (b'bytes', before)
    assert not file.exists()


def test_snapshot_of_a_group_is_one_of_each_volume(api: Api) -> None:
    groups = '/api/application/consistency-groups'
    made = api.post(
        f'{groups}?return_timeout=15',
        {
            'name': 'group',
            'svm': {'name': 'svm1'},
            'volumes': [
                {'name': name, 'provisioning_options': {'action': 'add'}}
                for name in ('vol1', 'vol2')
            ],
        },
    )
    assert made.status_code == 201, made.text
    group = str(made.headers['Location'])
    api.post(f'{group}/snapshots?return_timeout=15', {'name': 'then'})
    assert api.delete(f'{group}?return_timeout=15').status_code == 200
    for name in ('vol1', 'vol2'):
        path = f'/api/storage/volumes/{api.uuid(name)}/snapshots'
        assert api.names(path) == ['then']


def test_an_svm_says_how_much_is_free_in_its_aggregates(api: Api) -> None:
    fields = 'aggregates.name,aggregates.available_size'
    for svm in api.get(f'/api/svm/svms?fields={fields}').json['records']:
        shown = api.get(f'/api/svm/svms/{svm["uuid"]}').json
        for aggregate in (*svm['aggregates'], *shown['aggregates']):
            (whole,) = api.get(
                f'/api/storage/aggregates?name={aggregate["name"]}'
                '&fields=space.block_storage.available,'
                'block_storage.primary.disk_type'
            ).json['records']
            free = whole['space']['block_storage']['available']
            assert aggregate['available_size'] == free > 0
            assert whole['block_storage']['primary']['disk_type'] == 'ssd'
