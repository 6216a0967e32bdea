"""FlexVols are made, changed and deleted, and are as good as the topology's."""

import concurrent.futures
import json
from pathlib import Path

import pytest
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config

from tests.unit.conftest import MIB, TOPOLOGY, Api

VOLUMES = '/api/storage/volumes'


def make(api: Api, name: str = 'new', **body: object) -> str:
    answer = api.post(
        f'{VOLUMES}?return_timeout=15',
        {'name': name, 'svm': {'name': 'svm1'}, 'size': 1 << 30, **body},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.headers['Location']).rpartition('/')[2]


def test_new_volume_holds_files_luns_and_clones(api: Api) -> None:
    make(api, nas={'path': '/new'}, aggregates=[{'name': 'aggr1'}])
    root = api.directory('new')
    (root / 'image').write_bytes(b'bytes')
    api.post(
        '/api/storage/file/clone?return_timeout=15',
        {
            'volume': {'uuid': api.uuid('new')},
            'source_path': 'image',
            'destination_path': 'clone',
        },
    )
    assert (root / 'clone').read_bytes() == b'bytes'
    body = {
        'name': '/vol/new/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': MIB},
    }
    assert api.post('/api/storage/luns', body).status_code == 201


def test_volume_is_shown_as_it_was_made(api: Api) -> None:
    identifier = make(
        api,
        nas={'path': '/new', 'unix_permissions': 700},
        comment='mine',
        snapshot_policy={'name': 'default'},
    )
    shown = api.get(f'{VOLUMES}/{identifier}?fields=**').json
    assert shown['size'] == 1 << 30
    assert shown['nas']['path'] == '/new'
    assert shown['nas']['unix_permissions'] == 700
    assert shown['nas']['export_policy'] == {'name': 'default'}
    assert shown['comment'] == 'mine'
    assert shown['snapshot_policy'] == {'name': 'default'}


@pytest.mark.parametrize(
    ('body', 'code'),
    [
        ({'svm': {'name': 'svm1'}}, '262212'),
        ({'name': 'new'}, '2621707'),
        ({'name': 'new', 'svm': {'name': 'none'}}, '2621462'),
        ({'name': 'vol1', 'svm': {'name': 'svm1'}}, '1'),
        ({'name': 'new', 'svm': {'name': 'svm1'}, 'size': 100}, '917534'),
        (
            {
                'name': 'new',
                'svm': {'name': 'svm1'},
                'nas': {'export_policy': {'name': 'none'}},
            },
            '262197',
        ),
    ],
)
def test_bad_volume_is_refused(api: Api, body: dict[str, object], code: str) -> None:
    before = len(list(api.cluster.volumes))
    answer = api.post(VOLUMES, body)
    assert answer.json['error']['code'] == code
    assert len(list(api.cluster.volumes)) == before


def test_volume_grows_moves_and_gets_another_name(api: Api) -> None:
    identifier = make(api, nas={'path': '/new'})
    (api.directory('new') / 'image').write_bytes(b'bytes')
    api.patch(
        f'{VOLUMES}/{identifier}?return_timeout=15',
        {'name': 'other', 'size': 2 << 30, 'nas': {'path': '/there'}},
    )
    shown = api.get(f'{VOLUMES}/{identifier}?fields=**').json
    assert (shown['name'], shown['size']) == ('other', 2 << 30)
    assert shown['nas']['path'] == '/there'
    assert (api.directory('other') / 'image').read_bytes() == b'bytes'


def test_lun_follows_its_volume_to_the_new_name(api: Api) -> None:
    identifier = make(api)
    body = {
        'name': '/vol/new/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': MIB},
    }
    api.post('/api/storage/luns', body)
    api.patch(f'{VOLUMES}/{identifier}?return_timeout=15', {'name': 'other'})
    found = api.get('/api/storage/luns?name=/vol/other/lun').json
    assert found['num_records'] == 1


def test_nothing_in_an_offline_volume_is_reached(api: Api) -> None:
    identifier = make(api)
    (api.directory('new') / 'image').write_bytes(b'bytes')
    api.patch(f'{VOLUMES}/{identifier}?return_timeout=15', {'state': 'offline'})
    answer = api.get(f'{VOLUMES}/{identifier}/files/image?return_metadata=true')
    assert answer.json['error']['code'] == '917752'
    assert api.get(f'{VOLUMES}/{identifier}?fields=**').json['state'] == 'offline'
    api.patch(f'{VOLUMES}/{identifier}?return_timeout=15', {'state': 'online'})
    answer = api.get(f'{VOLUMES}/{identifier}/files/image?return_metadata=true')
    assert answer.status_code == 200


def test_deleted_volume_takes_its_luns_with_it(api: Api) -> None:
    identifier = make(api)
    root = api.directory('new')
    body = {
        'name': '/vol/new/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': MIB},
    }
    api.post('/api/storage/luns', body)
    assert (
        api.call('DELETE', f'{VOLUMES}/{identifier}?return_timeout=15').status_code
        == 200
    )
    assert api.get(f'{VOLUMES}/{identifier}').status_code == 404
    assert api.get('/api/storage/luns').json['num_records'] == 0
    assert not root.exists()


def test_volumes_survive_a_restart_and_not_a_reset(api: Api) -> None:
    make(api, 'kept')
    gone = api.uuid('vol2')
    api.call('DELETE', f'{VOLUMES}/{gone}?return_timeout=15')
    api.patch(f'{VOLUMES}/{api.uuid("vol1")}?return_timeout=15', {'size': 3 << 30})
    again = Cluster(config.parse(TOPOLOGY), api.cluster.data_dir)
    sizes = {volume.name: volume.size for volume in again.volumes}
    assert sizes['kept'] == 1 << 30
    assert sizes['vol1'] == 3 << 30
    assert 'vol2' not in sizes
    again.reset(files=True)
    assert {volume.name for volume in again.volumes} == {'vol1', 'vol2', 'tiny', 'vol3'}
    assert {v.name: v.size for v in again.volumes}['vol1'] == 10 << 30


def test_flexclone_has_the_files_and_luns_of_its_parent(api: Api) -> None:
    (api.directory('vol1') / 'image').write_bytes(b'bytes')
    body = {
        'name': '/vol/vol1/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': MIB},
    }
    api.post('/api/storage/luns', body)
    identifier = make(
        api,
        'clone',
        size=None,
        clone={'parent_volume': {'name': 'vol1'}, 'is_flexclone': True},
    )
    assert (api.directory('clone') / 'image').read_bytes() == b'bytes'
    luns = {lun['name'] for lun in api.get('/api/storage/luns').json['records']}
    assert luns == {'/vol/vol1/lun', '/vol/clone/lun'}
    shown = api.get(f'{VOLUMES}/{identifier}?fields=**').json['clone']
    assert shown['parent_volume']['name'] == 'vol1'
    snapshots = f'{VOLUMES}/{api.uuid("vol1")}/snapshots'
    refused = api.call(
        'DELETE',
        f'{snapshots}/{shown["parent_snapshot"]["uuid"]}?return_timeout=15',
    )
    assert refused.json['error']['code'] == '1638555'


def test_exports_follow_the_volumes(api: Api) -> None:
    api.cluster.write_exports()
    file: Path = api.cluster.data_dir / 'exports.json'
    make(api, nas={'path': '/new'})
    assert '"/new"' in file.read_text()
    api.patch(f'{VOLUMES}/{api.uuid("new")}?return_timeout=15', {'state': 'offline'})
    assert '"/new"' not in file.read_text()


def test_exports_are_right_when_volumes_change_at_once(api: Api) -> None:
    api.cluster.write_exports()
    paths = [f'/at_once_{number}' for number in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in pool.map(
            lambda path: make(api, path.lstrip('/'), nas={'path': path}), paths
        ):
            pass
    exports = json.loads((api.cluster.data_dir / 'exports.json').read_text())
    assert {export['junction_path'] for export in exports} >= set(paths)
