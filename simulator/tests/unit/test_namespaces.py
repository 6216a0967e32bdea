"""NVMe namespaces, subsystems and their hosts."""

from pathlib import Path
from typing import Any

import pytest
from webtest import TestResponse

from tests.unit.conftest import MIB, Api, error_code

NAMESPACES = '/api/storage/namespaces'
SUBSYSTEMS = '/api/protocols/nvme/subsystems'
MAPS = '/api/protocols/nvme/subsystem-maps'
ONE = 'nqn.2014-08.org.nvmexpress:uuid:host-1'
TWO = 'nqn.2014-08.org.nvmexpress:uuid:host-2'


@pytest.fixture
def namespace(api: Api) -> Path:
    """The file of a namespace with something in it."""
    assert api.new_namespace().status_int == 201
    file = api.directory('vol1') / 'ns'
    with file.open('r+b') as stream:
        stream.write(b'content')
    return file


def shown(api: Api, name: str = '/vol/vol1/ns') -> Any:
    return next(
        iter(api.get(f'{NAMESPACES}?name={name}&fields=**').json['records']), None
    )


def url_of(api: Api, name: str = '/vol/vol1/ns') -> str:
    return f'{NAMESPACES}/{shown(api, name)["uuid"]}'


def clone(
    api: Api, to: str = '/vol/vol1/clone', source: str = '/vol/vol1/ns', **more: Any
) -> TestResponse:
    return api.post(
        NAMESPACES,
        {'svm.name': 'svm1', 'name': to, 'clone.source.name': source, **more},
    )


def convert(api: Api, path: str, kind: str, name: str) -> TestResponse:
    return api.post(path, {'svm.name': 'svm1', f'convert.{kind}.name': name})


def new_subsystem(
    api: Api, name: str = 'system', *hosts: str, **more: Any
) -> TestResponse:
    return api.post(
        SUBSYSTEMS,
        {
            'svm.name': 'svm1',
            'name': name,
            'os_type': 'linux',
            'hosts': [{'nqn': nqn} for nqn in hosts],
            **more,
        },
    )


def subsystem_url(api: Api) -> str:
    (record,) = api.get(f'{SUBSYSTEMS}?name=system').json['records']
    return f'{SUBSYSTEMS}/{record["uuid"]}'


def map_namespace(
    api: Api, namespace: str = '/vol/vol1/ns', subsystem: str = 'system'
) -> TestResponse:
    return api.post(
        f'{MAPS}?return_records=true',
        {'svm.name': 'svm1', 'namespace.name': namespace, 'subsystem.name': subsystem},
    )


def test_namespace_is_a_sparse_file_with_blocks_of_4096(
    api: Api, namespace: Path
) -> None:
    assert namespace.stat().st_size == MIB
    assert shown(api)['space']['block_size'] == 4096
    assert 'serial_number' not in shown(api)


def test_vmware_has_blocks_of_512_and_others_may(api: Api) -> None:
    api.new_namespace(os_type='vmware')
    assert shown(api)['space']['block_size'] == 512
    api.new_namespace('/vol/vol1/small', **{'space.block_size': 512})
    assert shown(api, '/vol/vol1/small')['space']['block_size'] == 512


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'space.size': None}, '72090013'),
        ({'os_type': None}, '72090013'),
        ({'os_type': 'solaris'}, '262197'),
        ({'space.size': 5}, '72089723'),
        ({'space.size': '999T'}, '72089724'),
        ({'name': '/vol/vol1/a b'}, '72089732'),
        ({'name': 'ns'}, '72090014'),
        ({'space.block_size': 1024}, '262197'),
        ({'copy.source.name': '/vol/vol1/x'}, '262179'),
    ],
)
def test_wrong_namespace_is_refused_and_not_made(
    api: Api, changes: dict[str, Any], code: str
) -> None:
    assert error_code(api.new_namespace(**changes)) == code
    assert not list(api.directory('vol1').iterdir())


def test_clone_has_data_size_and_blocks_of_its_source(api: Api) -> None:
    api.new_namespace(**{'space.block_size': 512})
    file = api.directory('vol1') / 'ns'
    with file.open('r+b') as stream:
        stream.write(b'content')
    assert clone(api, comment='mine').status_int == 201
    assert (file.parent / 'clone').read_bytes() == file.read_bytes()
    assert shown(api, '/vol/vol1/clone')['space']['block_size'] == 512
    assert shown(api, '/vol/vol1/clone')['comment'] == 'mine'
    assert api.counters()['namespace_clones'] == 1


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'to': '/vol/vol2/clone'}, '1260121'),
        ({'to': '/vol/vol1/ns'}, '1260136'),
        ({'source': '/vol/vol1/none'}, '72090006'),
        ({'os_type': 'linux'}, '72090012'),
        ({'clone.source.uuid': 'other'}, '72090005'),
        ({'convert.lun.name': '/vol/vol1/x'}, '72090039'),
    ],
)
def test_wrong_clone_is_refused(
    api: Api, namespace: Path, changes: dict[str, str], code: str
) -> None:
    assert error_code(clone(api, **changes)) == code
    assert [p.name for p in namespace.parent.iterdir()] == ['ns']


def test_namespace_grows_and_never_shrinks(api: Api, namespace: Path) -> None:
    # As Cinder does it: a PATCH of what a query selects.
    path = f'{NAMESPACES}?name=/vol/vol1/ns'
    assert api.patch(path, {'space.size': 2 * MIB}).status_int == 200
    assert namespace.stat().st_size == 2 * MIB
    assert error_code(api.patch(path, {'space.size': MIB})) == '72090038'


@pytest.mark.parametrize('query', ['', '?return_timeout=15'])
def test_no_namespace_is_renamed(api: Api, namespace: Path, query: str) -> None:
    """Only on ASA r2, which this is not."""
    response = api.patch(url_of(api) + query, {'name': '/vol/vol1/new'})
    assert (response.status_int, error_code(response)) == (400, '262203')
    of_query = api.patch(f'{NAMESPACES}?name=/vol/vol1/ns', {'name': '/vol/vol1/new'})
    assert error_code(of_query) == '262203'
    moved = api.patch(url_of(api), {'location': {'volume': {'name': 'vol2'}}})
    assert error_code(moved) == '262203'
    assert namespace.read_bytes()[:7] == b'content'


def test_delete_removes_namespace_and_file(api: Api, namespace: Path) -> None:
    url = url_of(api)
    assert api.delete(url).status_int == 200
    assert not namespace.exists()
    assert error_code(api.delete(url)) == '4'
    assert (api.get(url).status_int, error_code(api.get(url))) == (404, '72090006')


def test_lun_becomes_a_namespace_and_a_lun_again(api: Api) -> None:
    api.new_lun()
    file = api.directory('vol1') / 'lun'
    before = file.stat().st_ino
    assert convert(api, NAMESPACES, 'lun', '/vol/vol1/lun').status_int == 201
    assert api.lun() is None
    assert shown(api, '/vol/vol1/lun')['space']['block_size'] == 512
    response = convert(api, '/api/storage/luns', 'namespace', '/vol/vol1/lun')
    assert response.status_int == 201
    assert len(api.lun()['serial_number']) == 12
    assert file.stat().st_ino == before


def test_namespace_with_large_blocks_does_not_become_a_lun(
    api: Api, namespace: Path
) -> None:
    response = convert(api, '/api/storage/luns', 'namespace', '/vol/vol1/ns')
    assert error_code(response) == '72089755'


@pytest.mark.parametrize(
    ('os_type', 'name', 'code'),
    [('solaris', '/vol/vol1/lun', '5374158'), ('linux', '/vol/vol1/none', '5374876')],
)
def test_wrong_lun_does_not_become_a_namespace(
    api: Api, os_type: str, name: str, code: str
) -> None:
    api.new_lun(os_type=os_type)
    assert error_code(convert(api, NAMESPACES, 'lun', name)) == code
    assert api.lun()


def test_mapped_object_is_not_converted(api: Api) -> None:
    api.new_namespace(**{'space.block_size': 512})
    new_subsystem(api)
    map_namespace(api)
    response = convert(api, '/api/storage/luns', 'namespace', '/vol/vol1/ns')
    assert error_code(response) == '72089756'


def test_conversion_takes_nothing_else(api: Api, namespace: Path) -> None:
    response = api.post(
        '/api/storage/luns',
        {'svm.name': 'svm1', 'comment': 'x', 'convert.namespace.name': '/vol/vol1/ns'},
    )
    assert error_code(response) == '5374944'


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'name': 'a b'}, '72089709'),
        ({'os_type': 'hpux'}, '262197'),
        ({'hosts': [{}]}, '72090003'),
        ({'hosts': [{'nqn': 'host'}]}, '72089772'),
        ({'hosts': [{'nqn': 'nqn.2014.x:y'}]}, '72089773'),
        ({'hosts': [{'nqn': 'nqn.2014-08.x'}]}, '72089771'),
        ({'hosts': [{'nqn': ONE}, {'nqn': ONE}]}, '72090036'),
        ({'svm.name': 'svm2'}, '72090029'),
    ],
)
def test_wrong_subsystem_is_refused(
    api: Api, changes: dict[str, Any], code: str
) -> None:
    assert error_code(new_subsystem(api, **changes)) == code
    assert api.get(SUBSYSTEMS).json['num_records'] == 0


def test_subsystem_is_found_by_its_host(api: Api) -> None:
    new_subsystem(api, 'system', ONE)
    new_subsystem(api, 'other', TWO)
    assert error_code(new_subsystem(api)) == '72090025'
    found = api.get(f'{SUBSYSTEMS}?hosts.nqn={TWO}&fields=target_nqn&name=o*').json[
        'records'
    ]
    assert [s['name'] for s in found] == ['other']
    assert found[0]['target_nqn'].endswith(':subsystem.other')


def test_hosts_join_and_leave(api: Api) -> None:
    new_subsystem(api)
    url = f'{subsystem_url(api)}/hosts'
    assert api.post(url, {'nqn': ONE}).status_int == 201
    assert error_code(api.post(url, {'nqn': ONE})) == '72089705'
    assert api.get(f'{url}/{ONE}').json['nqn'] == ONE
    assert api.delete(f'{url}/{ONE}').status_int == 200
    assert error_code(api.delete(f'{url}/{ONE}')) == '72090004'


def test_namespace_is_mapped_once(api: Api, namespace: Path) -> None:
    new_subsystem(api)
    new_subsystem(api, 'other')
    (record,) = map_namespace(api).json['records']
    assert record['nsid'] == '00000001h'
    assert shown(api)['subsystem_map']['subsystem']['name'] == 'system'
    for name in ('system', 'other'):
        assert error_code(map_namespace(api, subsystem=name)) == '72089790'
    assert error_code(map_namespace(api, '/vol/vol1/none')) == '72090007'
    assert error_code(map_namespace(api, subsystem='none')) == '72090021'


def test_map_ends_by_its_address_or_by_a_query(api: Api, namespace: Path) -> None:
    new_subsystem(api)
    map_namespace(api)
    (record,) = api.get(f'{MAPS}?namespace.name=/vol/vol1/ns').json['records']
    url = record['_links']['self']['href']
    assert api.get(url).json['svm']['name'] == 'svm1'
    assert api.delete(url).status_int == 200
    assert error_code(api.delete(url)) == '72090019'
    map_namespace(api)
    query = '?subsystem.name=system&namespace.name=/vol/vol1/ns'
    assert api.delete(f'{MAPS}{query}').json == {'num_records': 1}
    assert shown(api)['status']['mapped'] is False


def test_mapped_namespace_is_deleted_only_with_its_map(
    api: Api, namespace: Path
) -> None:
    new_subsystem(api)
    map_namespace(api)
    url = url_of(api)
    assert error_code(api.delete(url)) == '72089796'
    assert api.delete(f'{url}?allow_delete_while_mapped=true').status_int == 200
    assert api.get(MAPS).json['num_records'] == 0


def test_subsystem_in_use_is_deleted_only_on_request(api: Api, namespace: Path) -> None:
    new_subsystem(api, 'system', ONE)
    map_namespace(api)
    url = subsystem_url(api)
    assert (
        api.get(f'{url}?fields=subsystem_maps').json['subsystem_maps'][0]['namespace'][
            'name'
        ]
        == '/vol/vol1/ns'
    )
    assert error_code(api.delete(url)) == '72090023'
    query = 'allow_delete_while_mapped=true'
    assert error_code(api.delete(f'{url}?{query}')) == '72090024'
    assert api.delete(f'{url}?{query}&allow_delete_with_hosts=true').status_int == 200
    assert error_code(api.get(url)) == '72090001'
    assert shown(api)['status']['mapped'] is False


def test_comment_of_a_subsystem_is_changed(api: Api) -> None:
    new_subsystem(api)
    url = subsystem_url(api)
    assert api.patch(url, {'comment': 'hosts'}).status_int == 200
    assert api.get(url).json['comment'] == 'hosts'
    assert error_code(api.patch(url, {'name': 'new'})) == '262203'


def test_nvme_service_belongs_to_svms_that_have_it(api: Api) -> None:
    (service,) = api.get('/api/protocols/nvme/services').json['records']
    assert service['svm']['name'] == 'svm1'
    svm2 = next(s.uuid for s in api.cluster.svms if s.name == 'svm2')
    assert error_code(api.get(f'/api/protocols/nvme/services/{svm2}')) == '72089651'
