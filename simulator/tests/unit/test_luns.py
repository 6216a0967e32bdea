"""LUNs: create, clone, rename, resize, delete, attributes."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import MIB, Api, error_code


@pytest.fixture
def lun(api: Api) -> Path:
    """The file of a LUN with something in it."""
    assert api.new_lun().status_int == 201
    file = api.directory('vol1') / 'lun'
    with file.open('r+b') as stream:
        stream.write(b'content')
    return file


def test_lun_is_a_sparse_file_of_its_volume(api: Api) -> None:
    response = api.new_lun()
    file = api.directory('vol1') / 'lun'
    assert response.headers['Location'].endswith(api.lun()['uuid'])
    assert (file.stat().st_size, file.stat().st_blocks) == (MIB, 0)
    assert file.stat().st_mode & 0o007 == 0


def test_new_lun_may_be_returned(api: Api) -> None:
    (record,) = api.new_lun('/vol/vol1/lun', '?return_records=true').json['records']
    assert record['location']['logical_unit'] == 'lun'
    assert record['status'] == {
        'state': 'online',
        'container_state': 'online',
        'read_only': False,
    }


@pytest.mark.parametrize(
    ('size', 'expected'),
    [('4096', 4096), ('1M', MIB), ('2 GiB', 2 << 30), (5000, 5120)],
)
def test_size_may_have_a_unit_and_is_made_of_blocks(
    api: Api, size: object, expected: int
) -> None:
    api.new_lun(**{'space.size': size})
    assert api.lun()['space']['size'] == expected


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'space.size': 100}, '5374124'),
        ({'space.size': '200T'}, '5374125'),
        ({'space.size': 'large'}, '262197'),
        ({'space.size': -5}, '5374130'),
        ({'space.size': None}, '5374884'),
        ({'os_type': None}, '5374884'),
        ({'os_type': 'beos'}, '262197'),
        ({'comment': 'c' * 255}, '262197'),
        ({'qos_policy.name': 'none-such'}, '8454243'),
        ({'svm.name': 'none'}, '2621462'),
        ({'svm.name': None}, '2621707'),
        ({'name': '/vol/none/lun'}, '917927'),
        ({'name': '/vol/vol1/a b'}, '5374121'),
        ({'name': '/vol/vol1/..'}, '5374121'),
        ({'name': '/vol/vol1/'}, '5374862'),
        ({'name': 'lun'}, '5374859'),
        ({'name': '/vol/vol1/none/lun'}, '5242927'),
        ({'name': '/vol/vol1/a/b/c'}, '5374121'),
        ({'location.volume.name': 'vol2'}, '5374858'),
        ({'location.logical_unit': 'other'}, '5374861'),
    ],
)
def test_wrong_lun_is_refused_and_not_made(
    api: Api, changes: dict[str, Any], code: str
) -> None:
    assert error_code(api.new_lun(**changes)) == code
    assert not list(api.directory('vol1').iterdir())


def test_lun_may_be_named_by_its_location(api: Api) -> None:
    body = {
        'svm.name': 'svm1',
        'os_type': 'linux',
        'space.size': MIB,
        'location.volume.uuid': api.uuid('vol2'),
        'location.logical_unit': 'lun',
    }
    assert api.post('/api/storage/luns', body).status_int == 201
    assert api.lun('/vol/vol2/lun')['location']['volume']['name'] == 'vol2'


def test_lun_may_be_in_a_qtree(api: Api) -> None:
    (api.directory('vol1') / 'qtree').mkdir()
    api.new_lun('/vol/vol1/qtree/lun')
    assert api.lun('/vol/vol1/qtree/lun')['location']['qtree'] == {'name': 'qtree'}
    assert (api.directory('vol1') / 'qtree/lun').exists()


def test_name_can_be_used_once(api: Api, lun: Path, image: Path) -> None:
    assert error_code(api.new_lun()) == '5374242'
    assert error_code(api.new_namespace('/vol/vol1/lun')) == '72089725'
    assert error_code(api.new_lun('/vol/vol1/image')) == '5374242'
    assert lun.read_bytes()[:7] == b'content'


def test_svm_may_be_that_of_the_request(api: Api) -> None:
    body = {'name': '/vol/vol3/lun', 'os_type': 'linux', 'space.size': MIB}
    response = api.call('POST', '/api/storage/luns', body, {'X-Dot-SVM-Name': 'svm2'})
    assert response.status_int == 201
    scoped = api.get('/api/storage/luns', X_Dot_SVM_Name='svm1').json
    assert scoped['num_records'] == 0


def test_clone_has_the_data_size_and_type_of_its_source(api: Api, lun: Path) -> None:
    assert api.clone_lun(comment='mine').status_int == 201
    clone, source = api.lun('/vol/vol1/clone'), api.lun()
    assert (lun.parent / 'clone').read_bytes() == lun.read_bytes()
    for field in ('space', 'os_type'):
        assert clone[field] == source[field]
    assert clone['serial_number'] != source['serial_number']
    assert clone['comment'] == 'mine'
    assert api.counters()['lun_clones'] == 1


def test_clone_does_not_take_over_thin_provisioning(api: Api) -> None:
    api.new_lun(**{'space.scsi_thin_provisioning_support_enabled': 'true'})
    api.clone_lun()
    assert api.lun()['space']['scsi_thin_provisioning_support_enabled'] is True
    assert (
        api.lun('/vol/vol1/clone')['space']['scsi_thin_provisioning_support_enabled']
        is False
    )


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'to': '/vol/vol2/clone'}, '1260121'),
        ({'to': '/vol/vol1/lun'}, '1260136'),
        ({'to': '/vol/vol1/image'}, '1260136'),
        ({'source': '/vol/vol1/none'}, '5374875'),
        ({'clone.source.uuid': 'other'}, '5374874'),
        ({'os_type': 'linux'}, '5374883'),
        ({'space.size': MIB}, '5374883'),
        ({'copy.source.name': '/vol/vol1/lun'}, '5374942'),
    ],
)
def test_wrong_clone_is_refused(
    api: Api, lun: Path, image: Path, changes: dict[str, str], code: str
) -> None:
    assert error_code(api.clone_lun(**changes)) == code
    assert len(list(lun.parent.iterdir())) == 2


def test_lun_can_be_filled_again_with_the_data_of_another(api: Api, lun: Path) -> None:
    api.new_lun('/vol/vol1/other')
    other = lun.parent / 'other'
    before = api.lun('/vol/vol1/other')
    with other.open('rb') as reader:
        response = api.patch(
            api.lun_url('/vol/vol1/other'), {'clone.source.name': '/vol/vol1/lun'}
        )
        assert response.status_int == 200
        assert reader.read(7) == b'content'
    after = api.lun('/vol/vol1/other')
    for field in ('uuid', 'serial_number'):
        assert after[field] == before[field]


def test_rename_keeps_data_and_identity(api: Api, lun: Path) -> None:
    before = api.lun()
    response = api.patch(api.lun_url(), {'name': '/vol/vol1/new'})
    assert response.status_int == 200
    after = api.lun('/vol/vol1/new')
    assert (after['uuid'], after['serial_number']) == (
        before['uuid'],
        before['serial_number'],
    )
    assert (lun.parent / 'new').read_bytes()[:7] == b'content'
    assert not lun.exists()


def test_rename_to_a_name_in_use_is_refused(api: Api, lun: Path) -> None:
    api.new_lun('/vol/vol1/other')
    response = api.patch(api.lun_url(), {'name': '/vol/vol1/other'})
    assert error_code(response) == '1254196'


def test_lun_moves_to_another_volume_with_its_data(api: Api, lun: Path) -> None:
    before, url = lun.stat().st_ino, api.lun_url()
    assert api.patch(url, {'name': '/vol/vol2/moved'}).status_int == 200
    moved = api.directory('vol2') / 'moved'
    assert (moved.read_bytes()[:7], moved.stat().st_ino) == (b'content', before)
    assert not lun.exists()
    shown = api.get(f'{url}?fields=movement,location.volume.name').json
    assert shown['location']['volume']['name'] == 'vol2'
    assert shown['movement']['progress']['state'] == 'complete'
    assert shown['movement']['paths']['source'] == '/vol/vol1/lun'


def test_lun_does_not_move_onto_another_one(api: Api, lun: Path) -> None:
    (api.directory('vol2') / 'there').write_bytes(b'other')
    response = api.patch(api.lun_url(), {'name': '/vol/vol2/there'})
    assert response.status_int == 409
    assert lun.exists()
    assert (api.directory('vol2') / 'there').read_bytes() == b'other'


def test_lun_grows_and_never_shrinks(api: Api, lun: Path) -> None:
    url = api.lun_url()
    assert api.patch(url, {'space.size': 2 * MIB}).status_int == 200
    assert lun.stat().st_size == 2 * MIB
    assert error_code(api.patch(url, {'space.size': 2 * MIB})) == '1254226'
    assert error_code(api.patch(url, {'space.size': MIB})) == '5374892'
    assert lun.read_bytes()[:7] == b'content'


def test_luns_that_a_query_selects_are_changed(api: Api, lun: Path) -> None:
    response = api.patch(
        '/api/storage/luns?name=/vol/vol1/lun&svm.name=svm1',
        {'comment': 'cached', 'enabled': False},
    )
    assert response.status_int == 200
    assert api.lun()['comment'] == 'cached'
    assert api.lun()['status']['state'] == 'offline'
    nothing = api.patch('/api/storage/luns?name=/vol/vol1/none', {'comment': 'x'})
    assert error_code(nothing) == '4'


def test_what_cannot_be_changed_is_refused(api: Api, lun: Path) -> None:
    response = api.patch(api.lun_url(), {'os_type': 'windows', 'comment': 'x'})
    assert error_code(response) == '262203'
    assert 'comment' not in api.lun()


def test_delete_removes_lun_and_file(api: Api, lun: Path) -> None:
    url = api.lun_url()
    assert api.delete(url).status_int == 200
    assert not lun.exists()
    assert error_code(api.delete(url)) == '5374875'


def test_delete_by_query_may_select_nothing(api: Api, lun: Path) -> None:
    # As Cinder does it: "svm" in place of "svm.name".
    other = api.delete('/api/storage/luns?name=/vol/vol1/lun&svm=svm2')
    assert (other.status_int, lun.exists()) == (200, True)
    api.delete('/api/storage/luns?name=/vol/vol1/lun&svm=svm1')
    assert not lun.exists()


def test_luns_can_be_filtered_by_what_they_are(api: Api, lun: Path) -> None:
    api.new_lun('/vol/vol2/large', **{'space.size': 4 * MIB})
    path = '/api/storage/luns?fields=comment&'
    assert api.names(f'{path}location.volume.name=vol2') == ['/vol/vol2/large']
    assert api.names(f'{path}space.size=>2M') == ['/vol/vol2/large']
    assert api.names(f'{path}name=*/lun') == ['/vol/vol1/lun']
    assert api.names(f'{path}status.mapped=true') == []


def test_costly_fields_are_shown_when_they_are_named(api: Api, lun: Path) -> None:
    whole = api.get(api.lun_url()).json
    starred = api.get(f'{api.lun_url()}?fields=*').json
    for record in (whole, starred):
        assert not {'auto_delete', 'lun_maps', 'copy', 'attributes'} & set(record)
        assert 'mapped' not in record['status']
    named = api.get(f'{api.lun_url()}?fields=status.mapped,auto_delete').json
    assert named['status'] == {'mapped': False}
    assert named['auto_delete'] is False


def test_attributes_are_kept_with_a_lun_and_its_clones(api: Api) -> None:
    api.new_lun(attributes=[{'name': 'image', 'value': 'one'}])
    url = f'{api.lun_url()}/attributes'
    assert error_code(api.post(url, {'name': 'image', 'value': '2'})) == '5374930'
    assert api.post(url, {'name': 'size', 'value': '2'}).status_int == 201
    assert api.patch(f'{url}/image', {'value': 'two'}).status_int == 200
    assert api.get(f'{url}/image').json['value'] == 'two'
    api.clone_lun()
    assert api.delete(f'{url}/image').status_int == 200
    assert error_code(api.get(f'{url}/image')) == '5374931'
    assert {a['name'] for a in api.lun('/vol/vol1/clone')['attributes']} == {
        'image',
        'size',
    }


@pytest.mark.parametrize(
    ('attributes', 'code'),
    [
        ([{'name': 'a'}], '5374928'),
        ([{'name': 'a', 'value': ''}], '5374928'),
        ([{'name': 'a', 'value': 'v' * 4092}], '5374929'),
        ([{'name': 'a', 'value': 'v'}] * 2, '5374932'),
    ],
)
def test_wrong_attributes_are_refused(
    api: Api, attributes: list[dict[str, str]], code: str
) -> None:
    assert error_code(api.new_lun(attributes=attributes)) == code


def test_lun_without_space_is_not_made(api: Api, lun: Path) -> None:
    api.fault('volume_full', svm='svm1', volume='vol1', count=2)
    assert error_code(api.clone_lun()) == '13565952'
    assert error_code(api.new_lun('/vol/vol1/other')) == '131100'
    assert [p.name for p in lun.parent.iterdir()] == ['lun']


def test_lun_is_no_plain_file(api: Api, lun: Path) -> None:
    url = f'{api.files("vol1")}/lun'
    assert api.get(f'{url}?return_metadata=true').json['type'] == 'lun'
    assert error_code(api.delete(url)) == '131073'
    assert error_code(api.patch(url, {'path': 'other'})) == '131073'
    assert error_code(api.clone_now('lun', 'clone')) == '3'
    assert error_code(api.copy('lun')) == '3'
    assert lun.exists()


def test_directory_with_a_lun_is_not_deleted(api: Api) -> None:
    (api.directory('vol1') / 'qtree').mkdir()
    api.new_lun('/vol/vol1/qtree/lun')
    url = f'{api.files("vol1")}/qtree?recurse=true'
    assert error_code(api.delete(url)) == '131073'
    assert api.lun('/vol/vol1/qtree/lun')


class TestFromFile:
    def make(self, api: Api, **changes: str) -> str:
        response = api.post(
            '/api/private/cli/lun',
            {
                'vserver': 'svm1',
                'path': '/vol/vol1/lun',
                'file-path': '/vol/vol1/raw',
                'ostype': 'linux',
                **changes,
            },
        )
        return '' if response.status_int == 201 else error_code(response)

    @pytest.fixture
    def raw(self, api: Api) -> Path:
        file = api.directory('vol1') / 'raw'
        file.write_bytes(os.urandom(8192))
        return file

    def test_lun_has_the_data_of_the_file(self, api: Api, raw: Path) -> None:
        assert not self.make(api)
        assert api.lun()['space']['size'] == 8192
        assert (raw.parent / 'lun').read_bytes() == raw.read_bytes()

    def test_file_cannot_be_deleted_before_the_lun(self, api: Api, raw: Path) -> None:
        self.make(api)
        url = f'{api.files("vol1")}/raw'
        assert error_code(api.delete(url)) == '131073'
        api.delete(api.lun_url())
        assert api.delete(url).status_int == 200

    def test_file_may_become_the_lun_itself(self, api: Api, raw: Path) -> None:
        assert not self.make(api, path='/vol/vol1/raw')
        assert [p.name for p in raw.parent.iterdir()] == ['raw']
        assert api.lun('/vol/vol1/raw')

    @pytest.mark.parametrize(
        ('changes', 'code'),
        [
            ({'file-path': '/vol/vol1/none'}, '6684674'),
            ({'path': '/vol/vol2/lun'}, '262197'),
            ({'ostype': 'beos'}, '262197'),
        ],
    )
    def test_wrong_request_is_refused(
        self, api: Api, raw: Path, changes: dict[str, str], code: str
    ) -> None:
        assert self.make(api, **changes) == code

    def test_file_without_whole_blocks_is_refused(self, api: Api, raw: Path) -> None:
        raw.write_bytes(b'x' * 5000)
        assert self.make(api) == '5374130'

    def test_file_becomes_a_lun_once(self, api: Api, raw: Path) -> None:
        self.make(api)
        assert self.make(api, path='/vol/vol1/other') == '5374242'


def test_what_a_lun_has_reserved_is_not_available(api: Api) -> None:
    def available() -> int:
        found = api.get(f'/api/storage/volumes/{api.uuid("vol1")}?fields=space').json
        return int(found['space']['available'])

    before = available()
    api.new_lun(**{'space.size': 1 << 30})
    assert available() == before
    api.new_lun(
        '/vol/vol1/reserved',
        **{'space.size': 1 << 30, 'space.guarantee.requested': True},
    )
    assert available() == before - (1 << 30)
    with (api.directory('vol1') / 'reserved').open('r+b') as stream:
        stream.write(b'x' * MIB)
    assert available() == before - (1 << 30)
    api.patch(
        api.lun_url('/vol/vol1/reserved'),
        {'space': {'guarantee': {'requested': False}}},
    )
    assert available() == before - MIB


def test_a_clone_may_find_its_source_busy(api: Api, lun: Path) -> None:
    api.fault('device_busy', count=1)
    body = {
        'svm': {'name': 'svm1'},
        'name': '/vol/vol1/clone',
        'clone': {'source': {'uuid': api.lun_url().rpartition('/')[2]}},
    }
    refused = api.post('/api/storage/luns', body)
    assert 'Device busy' in refused.json['error']['message']
    assert not lun.with_name('clone').exists()
    assert api.post('/api/storage/luns', body).status_int == 201
