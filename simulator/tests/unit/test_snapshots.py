"""Snapshots keep the files of a FlexVol as they were."""

from tests.unit.conftest import Api


def snapshots(api: Api) -> str:
    return f'/api/storage/volumes/{api.uuid("vol1")}/snapshots'


def make(api: Api, name: str = 'then') -> str:
    answer = api.post(f'{snapshots(api)}?return_timeout=15', {'name': name})
    assert answer.status_code == 201, answer.text
    return str(answer.headers['Location']).rpartition('/')[2]


def test_volume_gets_back_what_it_was(api: Api) -> None:
    file = api.directory('vol1') / 'dir' / 'image'
    file.parent.mkdir()
    file.write_bytes(b'old')
    make(api)
    file.write_bytes(b'new')
    (api.directory('vol1') / 'later').touch()
    api.patch(
        f'/api/storage/volumes/{api.uuid("vol1")}'
        '?restore_to.snapshot.name=then&return_timeout=15',
        {},
    )
    assert file.read_bytes() == b'old'
    assert not (api.directory('vol1') / 'later').exists()


def test_file_is_cloned_out_of_a_snapshot(api: Api) -> None:
    (api.directory('vol1') / 'image').write_bytes(b'old')
    make(api)
    (api.directory('vol1') / 'image').write_bytes(b'new')
    answer = api.post(
        '/api/storage/file/clone?return_timeout=15',
        {
            'volume': {'uuid': api.uuid('vol1')},
            'source_path': '.snapshot/then/image',
            'destination_path': 'clone',
        },
    )
    assert answer.status_code == 201
    assert (api.directory('vol1') / 'clone').read_bytes() == b'old'


def test_lun_is_cloned_out_of_a_snapshot(api: Api) -> None:
    lun = {
        'name': '/vol/vol1/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': 1 << 20},
    }
    api.post('/api/storage/luns', lun)
    with (api.directory('vol1') / 'lun').open('r+b') as stream:
        stream.write(b'old')
    make(api)
    with (api.directory('vol1') / 'lun').open('r+b') as stream:
        stream.write(b'new')
    clone = {
        'name': '/vol/vol1/clone',
        'svm': {'name': 'svm1'},
        'clone': {'source': {'name': '/vol/vol1/.snapshot/then/lun'}},
    }
    answer = api.post('/api/storage/luns', clone)
    assert answer.status_code == 201, answer.text
    assert (api.directory('vol1') / 'clone').read_bytes()[:3] == b'old'


def test_snapshot_is_listed_renamed_and_deleted(api: Api) -> None:
    identifier = make(api)
    [found] = api.get(f'{snapshots(api)}?name=th*').json['records']
    assert found['uuid'] == identifier
    path = f'{snapshots(api)}/{identifier}'
    api.patch(f'{path}?return_timeout=15', {'name': 'now'})
    assert api.get(path).json['name'] == 'now'
    assert api.call('DELETE', f'{path}?return_timeout=15').status_code == 200
    assert api.get(path).status_code == 404


def test_two_snapshots_do_not_have_one_name(api: Api) -> None:
    make(api)
    answer = api.post(snapshots(api), {'name': 'then'})
    assert answer.json['error']['code'] == '1638461'
