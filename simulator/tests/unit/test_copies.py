"""File copies and jobs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import DEADLINE, Api, FakeClock, error_code


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f'waited in vain for {what}'
        time.sleep(0.005)


@pytest.fixture
def copied(api: Api) -> Path:
    return api.directory('vol2') / 'copy'


@pytest.fixture
def slow(api: Api) -> None:
    """One block a second of the test's clock."""
    api.settings(copy_throughput=4096)


def test_copy_is_a_job_that_succeeds(api: Api, image: Path, copied: Path) -> None:
    response = api.copy()
    assert response.status_int == 202
    assert api.ended(response).state == 'success'
    assert copied.read_bytes() == image.read_bytes()


def test_copy_may_be_waited_for_in_the_same_call(
    api: Api, image: Path, copied: Path
) -> None:
    assert api.copy(query='?return_timeout=20').status_int == 201


@pytest.mark.usefixtures('slow')
def test_destination_grows_while_it_is_copied(
    api: Api, image: Path, copied: Path, clock: FakeClock
) -> None:
    response = api.copy()
    wait_until(copied.exists, 'the destination to be made')
    assert copied.stat().st_size == 0
    clock.now += 10
    wait_until(lambda: copied.stat().st_size, 'the first blocks')
    assert copied.stat().st_size == 10 * 4096
    assert copied.read_bytes() == image.read_bytes()[: 10 * 4096]
    job = api.get(response.json['job']['_links']['self']['href']).json
    assert job['state'] == 'running'
    assert job['message'] == '40960 of 100000 bytes copied'
    clock.now += 20
    assert api.ended(response).state == 'success'
    assert copied.read_bytes() == image.read_bytes()


@pytest.mark.usefixtures('slow')
def test_request_may_limit_the_throughput(
    api: Api, image: Path, copied: Path, clock: FakeClock
) -> None:
    api.settings(copy_throughput=0)
    image.write_bytes(b'x' * 4_000_000)
    response = api.copy(max_throughput=1_500_000)
    wait_until(copied.exists, 'the destination to be made')
    clock.now += 1
    wait_until(lambda: copied.stat().st_size, 'the first blocks')
    assert 900_000 < copied.stat().st_size <= 1_000_000
    clock.now += 10
    api.ended(response)


@pytest.mark.usefixtures('slow')
def test_throughput_can_be_changed_while_a_copy_runs(
    api: Api, image: Path, copied: Path
) -> None:
    response = api.copy()
    wait_until(copied.exists, 'the destination to be made')
    api.settings(copy_throughput=0)
    assert api.ended(response).state == 'success'


def test_holes_are_copied_as_holes(api: Api, image: Path, copied: Path) -> None:
    with image.open('r+b') as stream:
        stream.truncate(1 << 30)
    api.ended(api.copy())
    assert copied.stat().st_size == 1 << 30
    assert copied.stat().st_blocks * 512 < 1 << 20
    assert api.counters()['bytes_copied'] < 1 << 20


def test_copies_are_counted_by_the_flexvol_that_they_go_to(
    api: Api, image: Path
) -> None:
    assert api.counters()['copies_by_volume'] == {}
    for name in ('a', 'b'):
        api.ended(api.copy(destination=name))
    assert api.counters()['copies_by_volume'] == {'svm1/vol2': 2}
    api.post('/simulator/v1/reset', {})
    assert api.counters()['copies_by_volume'] == {}


def test_empty_file_can_be_copied(api: Api, copied: Path) -> None:
    (api.directory('vol1') / 'image').touch()
    api.ended(api.copy())
    assert copied.stat().st_size == 0


@pytest.mark.usefixtures('slow')
def test_fifty_first_copy_is_refused(api: Api, image: Path) -> None:
    for number in range(50):
        assert api.copy(destination=f'copy{number}').status_int == 202
    response = api.copy(destination='copy50')
    assert (response.status_int, error_code(response)) == (400, '7018877')
    assert api.counters()['peak_concurrent_copies'] == 50


@pytest.mark.usefixtures('slow')
def test_place_is_free_again_when_a_copy_ends(api: Api, image: Path) -> None:
    api.settings(copy_limit=1)
    first = api.copy()
    assert error_code(api.copy(destination='other')) == '7018877'
    api.settings(copy_throughput=0)
    api.ended(first)
    assert api.ended(api.copy(destination='other')).state == 'success'


def test_copy_of_a_missing_file_is_refused(api: Api) -> None:
    assert error_code(api.copy()) == '6684674'


def test_copy_does_not_overwrite(api: Api, image: Path, copied: Path) -> None:
    copied.write_bytes(b'old')
    response = api.copy()
    assert (response.status_int, error_code(response)) == (409, '131089')
    assert copied.read_bytes() == b'old'


def test_copy_into_a_directory_keeps_the_name(api: Api, image: Path) -> None:
    (api.directory('vol2') / 'dir').mkdir()
    api.ended(api.copy(destination='dir'))
    assert (api.directory('vol2') / 'dir/image').exists()


def test_copy_accepts_the_volumes_name_before_the_path(
    api: Api, image: Path, copied: Path
) -> None:
    api.ended(api.copy('vol1/image', 'vol2/copy'))
    assert copied.exists()


def test_copy_fails_if_there_is_no_space(api: Api, image: Path) -> None:
    assert api.failure(api.copy(to='tiny')) == '131100'
    assert not list(api.directory('tiny').iterdir())


def test_copy_between_svms_needs_a_peering(api: Api, image: Path) -> None:
    assert error_code(api.copy(to='vol3')) == '7013361'
    api.post(
        '/api/svm/peers',
        {'svm.name': 'svm2', 'peer.svm.name': 'svm1', 'applications': ['snapmirror']},
    )
    assert error_code(api.copy(to='vol3')) == '7013360'
    peer = api.get('/api/svm/peers').json['records'][0]['uuid']
    api.patch(f'/api/svm/peers/{peer}', {'applications': ['file_copy']})
    assert api.ended(api.copy(to='vol3')).state == 'success'
    api.patch(f'/api/svm/peers/{peer}', {'state': 'suspended'})
    assert error_code(api.copy(destination='x', to='vol3')) == '7012362'


def test_peering_with_another_cluster_is_refused(api: Api) -> None:
    response = api.post(
        '/api/svm/peers',
        {
            'svm.name': 'svm1',
            'peer': {'svm': {'name': 'svm2'}, 'cluster': {'name': 'other'}},
            'applications': ['file_copy'],
        },
    )
    assert error_code(response) == '7012365'


def test_same_svms_are_peered_once(api: Api) -> None:
    body = {'svm.name': 'svm1', 'name': 'svm2', 'applications': ['file_copy']}
    assert api.post('/api/svm/peers', body).status_int == 202
    assert api.post('/api/svm/peers', body).status_int == 409


def test_one_request_copies_between_two_volumes_alone(api: Api, image: Path) -> None:
    response = api.post(
        '/api/storage/file/copy',
        {
            'files_to_copy': [
                api.pair('image', 'a', 'vol2'),
                api.pair('image', 'b', 'tiny'),
            ]
        },
    )
    assert error_code(response) == '7012352'


def test_several_files_are_copied_by_one_job(api: Api, image: Path) -> None:
    response = api.post(
        '/api/storage/file/copy',
        {
            'files_to_copy': [
                api.pair('image', 'a', 'vol2'),
                api.pair('image', 'b', 'vol2'),
            ]
        },
    )
    assert api.ended(response).state == 'success'
    assert api.counters()['file_copies']['finished'] == 2


@pytest.mark.parametrize(
    'body',
    [
        {},
        {'files_to_copy': []},
        {'files_to_copy': 'x'},
        {'files_to_copy': ['x']},
        {'files_to_copy': [{}]},
    ],
)
def test_incomplete_copies_are_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post('/api/storage/file/copy', body).status_int == 400


@pytest.mark.usefixtures('slow')
@pytest.mark.parametrize(
    'change',
    [
        lambda image: image.unlink(),
        lambda image: image.write_bytes(b'other content'),
        lambda image: image.rename(image.with_name('moved')),
    ],
)
def test_copy_fails_if_its_source_changes(
    api: Api, image: Path, copied: Path, change: Callable[[Path], object]
) -> None:
    response = api.copy()
    wait_until(copied.exists, 'the destination to be made')
    change(image)
    api.settings(copy_throughput=0)
    assert api.ended(response).state == 'failure'


@pytest.mark.usefixtures('slow')
def test_cancelled_copy_leaves_what_it_has_copied(
    api: Api, image: Path, copied: Path, clock: FakeClock
) -> None:
    response = api.copy()
    wait_until(copied.exists, 'the destination to be made')
    clock.now += 1
    wait_until(lambda: copied.stat().st_size, 'the first blocks')
    href = response.json['job']['_links']['self']['href']
    assert api.patch(href, {'action': 'cancel'}).status_int == 200
    assert api.ended(response).state == 'failure'
    assert copied.stat().st_size == 4096
    assert api.counters()['file_copies']['running'] == 0


def test_job_is_gone_five_minutes_after_its_end(
    api: Api, image: Path, clock: FakeClock
) -> None:
    response = api.clone('image', 'clone')
    api.ended(response)
    href = response.json['job']['_links']['self']['href']
    clock.now += 299
    assert api.get(href).json['state'] == 'success'
    clock.now += 2
    assert (api.get(href).status_int, error_code(api.get(href))) == (404, '4')


def test_failed_job_shows_its_error(api: Api) -> None:
    response = api.clone('none', 'clone')
    api.ended(response)
    job = api.get(response.json['job']['_links']['self']['href']).json
    assert job['state'] == 'failure'
    assert job['error']['code'] == '13565952'
    assert job['code'] == 13565952
    assert 'No such file' in job['error']['message']
    assert job['svm']['name'] == 'svm1'


def test_jobs_can_be_listed(api: Api, image: Path) -> None:
    api.ended(api.clone('image', 'clone'))
    jobs = api.get('/api/cluster/jobs?state=success&fields=description').json
    assert [j['description'] for j in jobs['records']] == [
        'POST /api/storage/file/clone'
    ]


def test_ended_job_cannot_be_cancelled(api: Api, image: Path) -> None:
    response = api.clone('image', 'clone')
    api.ended(response)
    href = response.json['job']['_links']['self']['href']
    assert error_code(api.patch(f'{href}?action=cancel', {})) == '458762'


def test_only_cancel_is_a_jobs_action(api: Api, image: Path) -> None:
    response = api.clone('image', 'clone')
    href = response.json['job']['_links']['self']['href']
    assert api.patch(f'{href}?action=pause', {}).status_int == 400


@pytest.mark.parametrize('source', ['link', 'directory/image', '../vol2/image'])
def test_copy_follows_no_symbolic_link(api: Api, image: Path, source: str) -> None:
    (image.parent / 'link').symlink_to(image)
    (image.parent / 'directory').symlink_to(image.parent)
    response = api.copy(source)
    assert response.status_int >= 400 or api.ended(response).state == 'failure'
    assert list(api.directory('vol2').iterdir()) == []


@pytest.mark.parametrize('destination', ['link', 'directory/copy', '../vol1/copy'])
def test_copy_writes_through_no_symbolic_link(
    api: Api, image: Path, tmp_path: Path, destination: str
) -> None:
    outside = tmp_path / 'outside'
    outside.mkdir()
    (api.directory('vol2') / 'link').symlink_to(outside / 'file')
    (api.directory('vol2') / 'directory').symlink_to(outside)
    response = api.copy(destination=destination)
    assert response.status_int >= 400 or api.ended(response).state == 'failure'
    assert list(outside.iterdir()) == []
    assert not (image.parent / 'copy').exists()
