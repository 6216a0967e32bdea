"""Files on a FlexVol, and FlexClones of them."""

import os
from pathlib import Path

import pytest
from ontap_simulator.disk.directory import Directory

from tests.unit.conftest import Api, error_code


def test_clone_is_a_job_that_succeeds(api: Api, image: Path) -> None:
    response = api.clone('image', 'clone')
    assert response.status_int == 202
    assert response.json['job']['_links']['self']['href'].startswith(
        '/api/cluster/jobs/'
    )
    assert api.ended(response).state == 'success'
    assert (image.parent / 'clone').read_bytes() == image.read_bytes()
    assert api.counters()['file_clones'] == 1


def test_clone_may_be_waited_for_in_the_same_call(api: Api, image: Path) -> None:
    assert api.clone_now('image', 'clone').status_int == 201


def test_clone_and_source_are_independent(api: Api, image: Path) -> None:
    before = image.read_bytes()
    api.clone_now('image', 'clone')
    image.write_bytes(b'changed')
    assert (image.parent / 'clone').read_bytes() == before


def test_clone_has_mode_and_size_of_its_source(api: Api, image: Path) -> None:
    with image.open('r+b') as stream:
        stream.truncate(1 << 30)
    image.chmod(0o640)
    api.clone_now('image', 'clone')
    found = (image.parent / 'clone').stat()
    assert found.st_mode & 0o777 == 0o640
    assert found.st_size == 1 << 30
    assert found.st_blocks * 512 < 1 << 20


def test_clone_of_a_missing_file_fails_in_its_job(api: Api) -> None:
    assert api.failure(api.clone('none', 'clone')) == '13565952'


def test_clone_does_not_overwrite_unless_asked(api: Api, image: Path) -> None:
    (image.parent / 'clone').write_bytes(b'old')
    assert error_code(api.clone_now('image', 'clone')) == '13565952'
    assert api.clone_now('image', 'clone', overwrite_destination=True).status_int == 201
    assert (image.parent / 'clone').read_bytes() == image.read_bytes()


def test_clone_into_a_missing_directory_is_accepted_and_fails(
    api: Api, image: Path
) -> None:
    response = api.clone('image', 'no/clone')
    assert response.status_int == 202
    assert api.ended(response).state == 'failure'


def test_clone_leaves_nothing_behind_when_it_fails(api: Api, image: Path) -> None:
    api.clone_now('image', 'no/clone')
    assert not list((api.cluster.data_dir / 'scratch').iterdir())


@pytest.mark.parametrize('missing', ['source_path', 'destination_path'])
def test_clone_needs_both_paths(api: Api, image: Path, missing: str) -> None:
    response = api.clone('image', 'clone', **{missing: None})
    assert (response.status_int, error_code(response)) == (400, '262212')


def test_clone_needs_a_volume_that_exists(api: Api) -> None:
    assert error_code(api.clone('a', 'b', volume={})) == '262212'
    assert error_code(api.clone('a', 'b', volume={'uuid': 'x'})) == '918235'
    mixed = {'uuid': api.uuid('vol1'), 'name': 'vol2'}
    assert error_code(api.clone('a', 'b', volume=mixed)) == '918235'


def test_partial_clones_are_refused(api: Api, image: Path) -> None:
    assert error_code(api.clone('image', 'b', range=['0:0:2'])) == '3'


OUTSIDE = [
    '../vol2/file',
    'dir/../../vol2/file',
    'link/file',
    '/../../state.json',
    'link',
]


@pytest.mark.parametrize('path', OUTSIDE)
def test_no_path_leads_out_of_the_volume(api: Api, image: Path, path: str) -> None:
    other = api.directory('vol2')
    (other / 'file').write_bytes(b'secret')
    (image.parent / 'dir').mkdir()
    (image.parent / 'link').symlink_to(other)
    encoded = path.replace('.', '%2E').replace('/', '%2F')
    url = f'{api.files("vol1")}/{encoded}'
    assert error_code(api.clone_now(path, 'stolen')) == '13565952'
    if path != 'link':
        assert api.get(f'{url}?return_metadata=true').status_int >= 400
        assert api.delete(url).status_int >= 400
        api.clone_now('image', path)
    assert (other / 'file').read_bytes() == b'secret'
    assert [p.name for p in other.iterdir()] == ['file']
    assert not (image.parent / 'stolen').exists()


def test_stat_shows_size_and_bytes_used(api: Api, image: Path) -> None:
    with image.open('r+b') as stream:
        stream.truncate(1 << 30)
    record = api.get(f'{api.files("vol1")}/image?return_metadata=true').json
    assert record['size'] == 1 << 30
    assert record['bytes_used'] == image.stat().st_blocks * 512
    assert record['type'] == 'file'


@pytest.mark.parametrize('path', ['dir.d%2Ffile%2Eraw', 'dir%2Ed/file.raw'])
def test_paths_may_be_encoded(api: Api, path: str) -> None:
    (api.directory('vol1') / 'dir.d').mkdir()
    (api.directory('vol1') / 'dir.d/file.raw').write_bytes(b'12')
    record = api.get(f'{api.files("vol1")}/{path}?return_metadata=true').json
    assert (record['path'], record['size']) == ('dir.d/file.raw', 2)


def test_names_may_look_encoded(api: Api) -> None:
    (api.directory('vol1') / 'a%2Fb').write_bytes(b'1')
    url = f'{api.files("vol1")}/a%252Fb?return_metadata=true'
    assert api.get(url).json['path'] == 'a%2Fb'


def test_stat_of_a_missing_file_is_6684674(api: Api) -> None:
    response = api.get(f'{api.files("vol1")}/none?return_metadata=true')
    assert (response.status_int, error_code(response)) == (404, '6684674')


def test_directories_are_listed_and_filtered(api: Api, image: Path) -> None:
    (image.parent / 'dir').mkdir()
    assert api.names(api.files('vol1')) == ['.', '..', 'dir', 'image']
    assert api.names(f'{api.files("vol1")}?type=file&fields=size') == ['image']


def test_file_is_not_listed_as_a_directory(api: Api, image: Path) -> None:
    assert api.get(f'{api.files("vol1")}/image').status_int == 400


def test_rename_moves_a_file(api: Api, image: Path) -> None:
    content = image.read_bytes()
    response = api.patch(f'{api.files("vol1")}/image', {'path': 'new%2Eraw'})
    assert response.status_int == 200
    assert (image.parent / 'new.raw').read_bytes() == content


def test_rename_does_not_overwrite(api: Api, image: Path) -> None:
    (image.parent / 'new').write_bytes(b'old')
    response = api.patch(f'{api.files("vol1")}/image', {'path': 'new'})
    assert response.status_int == 409
    assert (image.parent / 'new').read_bytes() == b'old'


def test_rename_ignores_return_timeout(api: Api, image: Path) -> None:
    response = api.patch(
        f'{api.files("vol1")}/image?return_timeout=15', {'path': 'new'}
    )
    assert response.status_int == 200
    assert not image.exists()


@pytest.mark.parametrize('size', [3, 9000])
def test_a_file_is_cut_off_or_grows_with_zeros(
    api: Api, image: Path, size: int
) -> None:
    content = image.read_bytes()
    response = api.patch(f'{api.files("vol1")}/image', {'size': size})
    assert response.status_int == 200
    assert image.read_bytes() == content[:size].ljust(size, b'\0')


@pytest.mark.parametrize('size', [-1, 'much'])
def test_a_file_gets_no_such_size(api: Api, image: Path, size: object) -> None:
    content = image.read_bytes()
    assert (
        error_code(api.patch(f'{api.files("vol1")}/image', {'size': size})) == '262197'
    )
    assert image.read_bytes() == content


def test_delete_removes_a_file_once(api: Api, image: Path) -> None:
    url = f'{api.files("vol1")}/image'
    assert api.delete(url).status_int == 200
    assert error_code(api.delete(url)) == '6684674'


def test_full_directory_is_deleted_only_with_recurse(api: Api) -> None:
    (api.directory('vol1') / 'dir/below').mkdir(parents=True)
    url = f'{api.files("vol1")}/dir'
    assert error_code(api.delete(url)) == '131138'
    assert api.delete(f'{url}?recurse=true').status_int == 200
    assert not (api.directory('vol1') / 'dir').exists()


def test_directories_can_be_made(api: Api) -> None:
    url = f'{api.files("vol1")}/dir'
    body = {'type': 'directory', 'unix_permissions': '750'}
    assert api.post(url, body).status_int == 201
    assert api.post(url, body).status_int == 409
    assert (api.directory('vol1') / 'dir').stat().st_mode & 0o777 == 0o750


def test_symbolic_links_are_shown_and_never_followed(api: Api) -> None:
    (api.directory('vol1') / 'link').symlink_to('/etc/passwd')
    record = api.get(f'{api.files("vol1")}/link?return_metadata=true').json
    assert (record['type'], record['target']) == ('symlink', '/etc/passwd')


def test_fifo_is_not_waited_for(api: Api) -> None:
    os.mkfifo(api.directory('vol1') / 'fifo')
    assert error_code(api.clone_now('fifo', 'clone')) == '13565952'


def test_qos_policy_of_a_file_must_exist(api: Api, image: Path) -> None:
    url = f'{api.files("vol1")}/image'
    assert api.patch(url, {'qos_policy.name': 'none'}).status_int == 200
    assert api.patch(url, {'qos_policy.name': 'missing'}).status_int == 400
    assert error_code(api.patch(url, {})) == '262190'


def test_overwriting_clone_replaces_the_file_at_once(tmp_path: Path) -> None:
    directory = Directory(tmp_path / 'root', tmp_path / 'scratch')
    (tmp_path / 'root/a').write_bytes(b'new')
    (tmp_path / 'root/b').write_bytes(b'old')
    with (tmp_path / 'root/b').open('rb') as reader:
        directory.clone('a', 'b', overwrite=True)
        assert reader.read() == b'old'
    assert (tmp_path / 'root/b').read_bytes() == b'new'


def test_deleting_or_renaming_a_symbolic_link_leaves_what_it_points_to(
    api: Api, image: Path
) -> None:
    for name in ('first', 'second'):
        (image.parent / name).symlink_to(image)
    before = image.read_bytes()
    assert api.delete(f'{api.files("vol1")}/first').status_int < 400
    assert api.patch(f'{api.files("vol1")}/second', {'path': 'third'}).status_int < 400
    assert image.read_bytes() == before
    assert (image.parent / 'third').is_symlink()
    assert not (image.parent / 'first').is_symlink()


def test_clone_over_a_symbolic_link_replaces_the_link(
    api: Api, image: Path, tmp_path: Path
) -> None:
    target = tmp_path / 'target'
    target.write_bytes(b'outside')
    (image.parent / 'clone').symlink_to(target)
    assert error_code(api.clone_now('image', 'clone')) == '13565952'
    api.clone_now('image', 'clone', overwrite_destination=True)
    assert target.read_bytes() == b'outside'
    assert not (image.parent / 'clone').is_symlink()
