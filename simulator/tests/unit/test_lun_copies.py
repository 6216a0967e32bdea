"""LUN copies: progress, failure, cancelling, the limit, peerings."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import (
    DEADLINE,
    MIB,
    Api,
    FakeClock,
    error_code,
    wait_for_end_of_threads,
)

BLOCK = 4096


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f'waited in vain for {what}'
        time.sleep(0.005)


@pytest.fixture
def lun(api: Api) -> Path:
    """A LUN with ten blocks of data."""
    api.new_lun(comment='an image', attributes=[{'name': 'image', 'value': 'one'}])
    file = api.directory('vol1') / 'lun'
    with file.open('r+b') as stream:
        stream.write(b'0123456789abcdef' * (10 * BLOCK // 16))
    return file


@pytest.fixture
def copied(api: Api) -> Path:
    return api.directory('vol2') / 'copy'


@pytest.fixture
def slow(api: Api) -> None:
    """One block a second of the test's clock."""
    api.settings(copy_throughput=BLOCK)


def progress(api: Api, name: str = '/vol/vol2/copy') -> Any:
    return api.lun(name)['copy']['source']['progress']


def wait_for_end(api: Api, name: str = '/vol/vol2/copy') -> Any:
    wait_until(
        lambda: progress(api, name)['state'] in {'complete', 'failed'},
        'the copy to end',
    )
    return progress(api, name)


def test_copy_has_everything_of_its_source_but_its_identity(
    api: Api, lun: Path, copied: Path
) -> None:
    assert api.copy_lun().status_int == 201
    assert wait_for_end(api)['state'] == 'complete'
    assert copied.read_bytes() == lun.read_bytes()
    copy, source = api.lun('/vol/vol2/copy'), api.lun()
    for field in ('comment', 'attributes', 'os_type'):
        assert copy[field] == source[field]
    assert copy['space']['size'] == MIB
    for field in ('uuid', 'serial_number'):
        assert copy[field] != source[field]


@pytest.mark.usefixtures('slow')
def test_progress_is_read_at_source_and_destination(
    api: Api, lun: Path, copied: Path, clock: FakeClock
) -> None:
    api.copy_lun()
    wait_until(lambda: progress(api)['state'] == 'replicating', 'the copy')
    assert (copied.stat().st_size, progress(api)['percent_complete']) == (MIB, 0)
    clock.now += 5
    wait_until(lambda: progress(api)['percent_complete'], 'the first blocks')
    assert progress(api) == {
        'state': 'replicating',
        'percent_complete': 50,
        'elapsed': 5,
        'volume_snapshot_blocked': False,
    }
    (destination,) = api.lun()['copy']['destinations']
    assert destination['progress']['percent_complete'] == 50
    clock.now += 20
    assert wait_for_end(api)['percent_complete'] == 100


def test_progress_is_gone_two_minutes_after_the_end(
    api: Api, lun: Path, clock: FakeClock
) -> None:
    api.copy_lun()
    wait_for_end(api)
    clock.now += 119
    assert progress(api)['state'] == 'complete'
    clock.now += 2
    assert 'copy' not in api.lun('/vol/vol2/copy')
    assert 'copy' not in api.lun()


@pytest.mark.usefixtures('slow')
def test_progress_is_shown_only_when_it_is_asked_for(api: Api, lun: Path) -> None:
    api.copy_lun()
    assert 'copy' not in api.lun('/vol/vol2/copy', fields='*')


@pytest.mark.usefixtures('slow')
def test_deleting_the_destination_cancels_the_copy(
    api: Api, lun: Path, copied: Path
) -> None:
    api.copy_lun()
    assert api.delete(api.lun_url('/vol/vol2/copy')).status_int == 200
    assert not copied.exists()
    assert api.counters()['lun_copies']['running'] == 0
    assert api.copy_lun().status_int == 201


@pytest.mark.usefixtures('slow')
def test_source_may_be_written_to_while_it_is_copied(
    api: Api, lun: Path, copied: Path
) -> None:
    before = lun.read_bytes()
    api.copy_lun()
    wait_until(lambda: progress(api)['state'] == 'replicating', 'the copy')
    with lun.open('r+b') as stream:
        stream.write(b'written by a host')
    api.settings(copy_throughput=0)
    assert wait_for_end(api)['state'] == 'complete'
    assert copied.read_bytes() == before


@pytest.mark.usefixtures('slow')
def test_copy_fails_when_its_source_is_deleted(
    api: Api, lun: Path, copied: Path
) -> None:
    api.copy_lun()
    wait_until(lambda: progress(api)['state'] == 'replicating', 'the copy')
    api.delete(api.lun_url())
    api.settings(copy_throughput=0)
    found = wait_for_end(api)
    assert (found['state'], found['failure']['code']) == ('failed', '131142')
    assert copied.exists()


@pytest.mark.usefixtures('slow')
@pytest.mark.parametrize(
    'change',
    [
        {'space.size': 2 * MIB},
        {'name': '/vol/vol2/new'},
        {'clone.source.name': '/vol/vol2/other'},
    ],
)
def test_lun_that_is_being_filled_is_not_changed(
    api: Api, lun: Path, change: dict[str, Any]
) -> None:
    api.new_lun('/vol/vol2/other')
    api.copy_lun()
    response = api.patch(api.lun_url('/vol/vol2/copy'), change)
    assert error_code(response) == '7018919'


@pytest.mark.usefixtures('slow')
def test_files_and_luns_share_the_limit(api: Api, lun: Path, image: Path) -> None:
    api.settings(copy_limit=2)
    assert api.copy(destination='file').status_int == 202
    assert api.copy_lun().status_int == 201
    assert error_code(api.copy_lun('/vol/vol2/second')) == '7018877'
    assert error_code(api.copy(destination='second')) == '7018877'
    assert api.lun('/vol/vol2/second') is None
    counters = api.counters()
    assert counters['peak_concurrent_copies'] == 2
    assert counters['lun_copies']['started'] == 1


def test_place_is_free_again_when_the_destination_is_there(api: Api, lun: Path) -> None:
    api.settings(copy_limit=1)
    assert error_code(api.copy_lun('/vol/vol1/lun')) == '5374242'
    assert api.copy_lun().status_int == 201


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'copy.source.name': '/vol/vol1/none'}, '5374875'),
        ({'comment': 'x'}, '5374943'),
        ({'os_type': 'linux'}, '5374943'),
        ({'to': '/vol/none/copy'}, '917927'),
        ({'copy.source.max_throughput': -1}, '262197'),
    ],
)
def test_wrong_copy_is_refused(
    api: Api, lun: Path, changes: dict[str, str], code: str
) -> None:
    assert error_code(api.copy_lun(**changes)) == code
    assert api.counters()['lun_copies']['running'] == 0


def test_copy_without_space_fails(api: Api, lun: Path) -> None:
    with lun.open('r+b') as stream:
        stream.write(b'x' * 128 * 1024)
    api.copy_lun('/vol/tiny/copy')
    found = wait_for_end(api, '/vol/tiny/copy')
    assert (found['state'], found['failure']['code']) == ('failed', '131100')


def test_source_in_another_svm_needs_a_peering(api: Api, lun: Path) -> None:
    changes = {'svm.name': 'svm2', 'copy.source.peer.name': 'svm1'}
    assert error_code(api.copy_lun('/vol/vol3/copy', **changes)) == '26345673'
    api.post(
        '/api/svm/peers',
        {'svm.name': 'svm2', 'peer.svm.name': 'svm1', 'applications': ['file_copy']},
    )
    assert error_code(api.copy_lun('/vol/vol3/copy', **changes)) == '26345673'
    peer = api.get('/api/svm/peers').json['records'][0]['uuid']
    api.patch(f'/api/svm/peers/{peer}', {'applications': ['lun_copy']})
    assert api.copy_lun('/vol/vol3/copy', **changes).status_int == 201
    assert wait_for_end(api, '/vol/vol3/copy')['state'] == 'complete'


POST = {'method': 'POST', 'path': '/storage/luns$'}


def test_fault_fails_the_copy_and_not_the_request(
    api: Api, lun: Path, copied: Path
) -> None:
    api.fault('job_fails', match=POST, code='42', message='broken')
    assert api.copy_lun().status_int == 201
    found = wait_for_end(api)
    assert (found['state'], found['failure']) == (
        'failed',
        {'code': '42', 'message': 'broken'},
    )
    assert api.counters()['lun_copies']['failed'] == 1
    assert copied.stat().st_blocks == 0


def test_fault_stalls_the_copy_until_it_is_deleted(api: Api, lun: Path) -> None:
    fault = api.fault('job_stalls', match=POST)
    api.copy_lun()
    assert progress(api)['state'] == 'preparing'
    api.delete(f'/simulator/v1/faults/{fault}')
    assert wait_for_end(api)['state'] == 'complete'


def test_stalled_copy_can_be_cancelled(api: Api, lun: Path) -> None:
    api.fault('job_stalls', match=POST)
    api.copy_lun()
    assert api.delete(api.lun_url('/vol/vol2/copy')).status_int == 200
    assert api.counters()['lun_copies']['running'] == 0


@pytest.mark.parametrize(('effect', 'there'), [('done', True), ('lost', False)])
def test_job_of_a_new_lun_may_vanish(api: Api, effect: str, there: bool) -> None:
    api.fault('job_vanishes', match=POST, effect=effect)
    response = api.new_lun()
    assert response.status_int == 202
    assert api.get(response.json['job']['_links']['self']['href']).status_int == 404
    wait_for_end_of_threads()
    assert (api.lun() is not None) == there
