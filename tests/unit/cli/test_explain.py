"""A word is one volume, server or image, or an error; each is explained by its own."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from keystoneauth1 import exceptions

from eic_plugins.cli import things
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.explain import sentences
from eic_plugins.cli.explain_volume import explain_volume

IMAGE_ID = '6f1d2c3b-0000-4000-8000-000000000001'
SERVER_ID = '6f1d2c3b-0000-4000-8000-000000000002'
SECRET = 'nfs://filer/images/secret'
IMAGE = {
    'id': IMAGE_ID,
    'name': 'debian',
    'status': 'active',
    'disk_format': 'raw',
    'container_format': 'bare',
    'size': 7,
    'direct_url': SECRET,
    'locations': [{'url': SECRET}],
}


def volume(number: int, **fields: Any) -> dict[str, Any]:
    return {
        'id': f'7d3a3f0e-0000-4000-8000-00000000000{number}',
        'name': f'v{number}',
        'status': 'available',
        'bootable': 'true',
        'volume_image_metadata': {'image_id': IMAGE_ID},
        **fields,
    }


class Answer:
    """As requests'."""

    def __init__(self, status: int, document: Any = None) -> None:
        self.status_code = status
        self.ok = status < 400
        self._document = document

    def json(self) -> Any:
        return self._document


class FakeApi:
    """A service that has a few things, two on a page."""

    def __init__(self, kind: str, *shown: Mapping[str, Any]) -> None:
        self.kind = kind
        self.shown = shown
        self.pools: Any = None
        self.silent = False

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        if self.silent:
            raise exceptions.ConnectFailure('https://user:secret@host')
        word = path.rpartition('/')[2]
        if word == 'get_pools':
            return Answer(200, self.pools) if self.pools else Answer(403)
        if word in {'detail', 'images'}:
            return Answer(200, {f'{self.kind}s': self._page(params)})
        for each in self.shown:
            if each['id'] == word:
                return Answer(200, each if self.kind == 'image' else {self.kind: each})
        return Answer(404)

    def _page(self, params: Mapping[str, str]) -> list[Mapping[str, Any]]:
        # Nova finds a name anywhere in a name.
        found = [s for s in self.shown if params.get('name', '') in s['name']]
        ids = [each['id'] for each in found]
        first = ids.index(params['marker']) + 1 if 'marker' in params else 0
        return found[first : first + 2]


class FakeCloud:
    """Three services, and what asks them."""

    def __init__(self, volumes: Any = (), servers: Any = (), images: Any = ()) -> None:
        self.apis = {
            'volume': FakeApi('volume', *volumes),
            'server': FakeApi('server', *servers),
            'image': FakeApi('image', *images),
        }
        self.cloud = things.Cloud(
            things.Service('Cinder', self.apis['volume']),
            things.Service('Nova', self.apis['server']),
            things.Service('Glance', self.apis['image']),
        )

    def told(self, word: str, *kinds: str) -> list[str]:
        thing = self.cloud.find(word, kinds or things.KINDS)
        return list(sentences(self.cloud, thing))


def test_each_thing_is_found_by_its_id_and_by_its_name() -> None:
    found = FakeCloud([volume(1)], [{'id': SERVER_ID, 'name': 's'}], [IMAGE])
    for word in ('v1', volume(1)['id']):
        assert found.cloud.find(word).kind == 'volume'
    for word in ('s', SERVER_ID):
        assert found.cloud.find(word).kind == 'server'
    for word in ('debian', IMAGE_ID):
        assert found.cloud.find(word).kind == 'image'


def test_a_name_of_two_things_is_an_error_until_it_is_said_which() -> None:
    found = FakeCloud([volume(1, name='debian')], [], [IMAGE])
    with pytest.raises(CloudError, match=f'volume 7d3.*; image {IMAGE_ID}.*--volume'):
        found.cloud.find('debian')
    for kind in ('volume', 'image'):
        assert found.cloud.find('debian', (kind,)).kind == kind
    with pytest.raises(CloudError, match='No server has'):
        found.cloud.find('debian', ('server',))


def test_two_volumes_of_one_name_are_an_error() -> None:
    found = FakeCloud([volume(1, name='v'), volume(2, name='v')])
    with pytest.raises(CloudError, match='2 things have the name'):
        found.cloud.find('v')


def test_a_part_of_a_name_is_no_name() -> None:
    found = FakeCloud(servers=[{'id': SERVER_ID, 'name': 'server-1'}])
    with pytest.raises(CloudError, match='No volume or server or image'):
        found.cloud.find('server')


@pytest.mark.parametrize('silent', ['server', 'image'])
def test_a_volume_is_explained_though_another_service_is_silent(silent: str) -> None:
    found = FakeCloud([volume(1)])
    found.apis[silent].silent = True
    assert found.told('v1') == list(explain_volume(volume(1)))
    with pytest.raises(CloudError, match='could not be asked: ConnectFailure') as said:
        found.told('v2')
    assert 'secret' not in str(said.value)


def test_a_service_that_says_no_is_told() -> None:
    class Refusing(FakeApi):
        def get(self, path: str, params: Mapping[str, str]) -> Answer:
            return Answer(503)

    service = things.Service('Cinder', Refusing('volume'))
    with pytest.raises(CloudError, match='Cinder answered 503'):
        service.get('/volumes')


def server(*volumes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    attached = [{'id': each['id']} for each in volumes]
    return {
        'id': SERVER_ID,
        'name': 's',
        'status': 'ACTIVE',
        'image': '',
        'os-extended-volumes:volumes_attached': attached,
        **fields,
    }


def attached(number: int, device: str, **fields: Any) -> dict[str, Any]:
    at = [{'server_id': SERVER_ID, 'device': device}]
    return volume(number, attachments=at, metadata={'eic_route': 'cached'}, **fields)


def test_a_server_is_its_boot_volume() -> None:
    boot, data = attached(1, '/dev/vda'), attached(2, '/dev/vdb', bootable='false')
    lines = FakeCloud([boot, data], [server(data, boot)]).told('s')
    assert lines == [f'Server {SERVER_ID} (s) is ACTIVE.', *explain_volume(boot)]


def test_of_two_volumes_that_can_be_booted_the_root_device_counts_if_it_is_told() -> (
    None
):
    boot, other = attached(1, '/dev/vdb'), attached(2, '/dev/vda')
    root = {'OS-EXT-SRV-ATTR:root_device_name': '/dev/vdb'}
    administrators = FakeCloud([boot, other], [server(other, boot, **root)])
    assert administrators.told('s')[1:] == list(explain_volume(boot))
    users = FakeCloud([boot, other], [server(other, boot)]).told('s')
    assert users[1:] == [*explain_volume(other), *explain_volume(boot)]


def test_a_server_on_novas_own_disk_is_told_so() -> None:
    lines = FakeCloud([], [server(image={'id': IMAGE_ID})]).told('s')
    assert 'had no part' in lines[1]
    assert 'No volume' in lines[2]


def of_image() -> Iterator[dict[str, Any]]:
    for number, route in enumerate(('cached', 'cached', 'download', None)):
        metadata = {'eic_route': route} if route else {}
        yield volume(number, metadata=metadata)
    yield volume(5, volume_image_metadata={'image_id': 'another'})


def test_an_images_volumes_are_counted_by_route_over_all_pages() -> None:
    lines = FakeCloud(of_image(), images=[IMAGE]).told('debian')
    assert lines[1:5] == [
        'Volumes from it that you may see: 4.',
        '- cached: 2',
        '- download: 1',
        '- no outcome of EIC: 1',
    ]
    assert 'administrators alone' in lines[5]
    assert lines[-1].endswith(f'eic plan --image {IMAGE_ID}')
    assert SECRET not in str(lines)


def test_administrators_are_told_in_which_pools_it_is_cached() -> None:
    found = FakeCloud(images=[{**IMAGE, 'disk_format': 'qcow2'}])
    found.apis['volume'].pools = {
        'pools': [
            {'name': 'h@a#one', 'capabilities': {'eic': {'cached': [IMAGE_ID]}}},
            {'name': 'h@a#two', 'capabilities': {'eic': {'cached': []}}},
            {'name': 'h@ceph#rbd', 'capabilities': {}},
        ]
    }
    lines = found.told('debian')
    assert f'eic images convert {IMAGE_ID}' in lines[1]
    assert lines[2] == 'No volume that you may see is from it.'
    assert lines[3].startswith('Cached in 1 of the 2 pools of EIC')
    assert lines[4] == '- h@a#one'


def test_an_owner_cannot_send_commands_to_an_operators_terminal() -> None:
    odd = '\x1b]0;owned\x07'
    image = {**IMAGE, 'name': odd, 'eic_converted_from': odd}
    volumes = [volume(1, metadata={'eic_route': odd})]
    lines = FakeCloud(volumes, [server(name=odd)], [image])
    for word in (IMAGE_ID, SERVER_ID):
        assert all(line.isprintable() for line in lines.told(word))
