"""Faults on request."""

import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.errors.common import DropConnectionError
from ontap_simulator.models.files import Files

from tests.unit.conftest import (
    DEADLINE,
    Api,
    error_code,
    wait_for_end_of_threads,
)

CLONE = {'method': 'POST', 'path': '/file/clone$'}


def test_error_is_answered_in_place_of_the_work(api: Api, image: Path) -> None:
    api.fault('error', match=CLONE, status=503, code='8', message='busy')
    response = api.clone('image', 'clone')
    assert (response.status_int, response.json) == (
        503,
        {'error': {'code': '8', 'message': 'busy'}},
    )
    assert not (image.parent / 'clone').exists()


def test_error_may_say_when_to_try_again(api: Api) -> None:
    api.fault('error', status=429, retry_after=7)
    api.fault('error', nth=2, status=503)
    busy, down = api.get('/api/cluster'), api.get('/api/cluster')
    assert (busy.status_int, busy.headers['Retry-After']) == (429, '7')
    assert (down.status_int, down.headers.get('Retry-After')) == (503, None)


def test_too_many_requests_have_ontaps_code_and_are_not_done(
    api: Api, image: Path
) -> None:
    api.fault('too_many_requests', match=CLONE, retry_after=7)
    response = api.clone('image', 'clone')
    assert (response.status_int, error_code(response)) == (429, '262160')
    assert response.headers['Retry-After'] == '7'
    assert not (image.parent / 'clone').exists()


def test_only_what_is_beyond_a_rate_is_too_many(api: Api, image: Path) -> None:
    api.fault('too_many_requests', match=CLONE, beyond=2, count=None)
    codes = [api.clone('image', f'clone{n}').status_int for n in range(4)]
    assert codes[:2] == [202, 202]
    assert 429 in codes
    assert api.get('/api/cluster').status_int == 200
    for n, code in enumerate(codes):
        if code == 429:
            time.sleep(0.5)
            assert api.clone('image', f'clone{n}').status_int == 202


def test_when_to_come_back_may_be_a_date(api: Api) -> None:
    api.fault('too_many_requests', retry_after=60, as_date=True)
    told = parsedate_to_datetime(api.get('/api/cluster').headers['Retry-After'])
    assert 55 < told.timestamp() - time.time() <= 60


@pytest.mark.parametrize('effect', ['none', 'done'])
def test_what_is_not_available_may_have_been_done(
    api: Api, image: Path, effect: str
) -> None:
    api.fault('unavailable', match=CLONE, effect=effect, code='8', retry_after=2)
    response = api.clone_now('image', 'clone')
    assert (response.status_int, error_code(response)) == (503, '8')
    assert response.headers['Retry-After'] == '2'
    assert (image.parent / 'clone').exists() is (effect == 'done')


def test_fault_hits_once_unless_told_otherwise(api: Api) -> None:
    api.fault('error')
    assert api.get('/api/cluster').status_int == 500
    assert api.get('/api/cluster').status_int == 200


def test_fault_hits_from_the_nth_request_on(api: Api) -> None:
    api.fault('error', nth=2, count=2)
    found = [api.get('/api/cluster').status_int for _ in range(4)]
    assert found == [200, 500, 500, 200]


def test_fault_without_count_hits_until_it_is_deleted(api: Api) -> None:
    fault = api.fault('error', count=None)
    assert {api.get('/api/cluster').status_int for _ in range(3)} == {500}
    api.delete(f'/simulator/v1/faults/{fault}')
    assert api.get('/api/cluster').status_int == 200


@pytest.mark.parametrize(
    'match', [{'method': 'POST'}, {'path': '^/api/storage'}, {'user': 'eic'}]
)
def test_fault_hits_only_what_matches(api: Api, match: dict[str, Any]) -> None:
    api.fault('error', match=match)
    assert api.get('/api/cluster').status_int == 200


def test_faults_can_be_listed_with_their_hits(api: Api) -> None:
    api.fault('error', match={'path': 'cluster'}, nth=2)
    for _ in range(3):
        api.get('/api/cluster')
    (fault,) = api.get('/simulator/v1/faults').json['faults']
    assert (fault['seen'], fault['hits'], fault['kind']) == (3, 1, 'error')


def test_all_faults_can_be_deleted(api: Api) -> None:
    api.fault('error', count=None)
    api.delete('/simulator/v1/faults')
    assert api.get('/api/cluster').status_int == 200
    assert api.delete('/simulator/v1/faults/1').status_int == 404


def test_latency_is_in_the_record_of_the_call(api: Api) -> None:
    api.fault('latency', seconds=0.01)
    api.get('/api/cluster')
    assert api.calls()[0]['seconds'] >= 0.01


def test_connection_is_dropped_before_the_effect(api: Api, image: Path) -> None:
    api.fault('drop_connection', match=CLONE)
    with pytest.raises(DropConnectionError):
        api.clone_now('image', 'clone')
    assert not (image.parent / 'clone').exists()


def test_connection_is_dropped_after_the_effect(api: Api, image: Path) -> None:
    api.fault('drop_connection', match=CLONE, when='after')
    with pytest.raises(DropConnectionError):
        api.clone_now('image', 'clone')
    assert (image.parent / 'clone').exists()
    assert api.calls()[0]['status'] is None


def test_vanished_job_has_done_its_work(
    api: Api, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = Files.clone

    def slowly(*args: Any) -> None:
        time.sleep(0.1)
        clone(*args)

    monkeypatch.setattr(Files, 'clone', slowly)
    api.fault('job_vanishes')
    response = api.clone_now('image', 'clone')
    assert response.status_int == 202
    href = response.json['job']['_links']['self']['href']
    assert error_code(api.get(href)) == '4'
    assert (image.parent / 'clone').exists()


def test_vanished_job_may_have_lost_its_work(api: Api, image: Path) -> None:
    api.fault('job_vanishes', effect='lost')
    assert api.clone('image', 'clone').status_int == 202
    wait_for_end_of_threads()
    assert not (image.parent / 'clone').exists()


def test_lost_copy_frees_its_place(api: Api, image: Path) -> None:
    api.settings(copy_limit=1)
    api.fault('job_vanishes', match={'path': 'copy'}, effect='lost')
    api.copy()
    wait_for_end_of_threads()
    assert api.ended(api.copy()).state == 'success'


def test_failed_job_has_the_code_that_was_asked_for(api: Api, image: Path) -> None:
    api.fault('job_fails', code='917812', message='out of luck')
    job = api.ended(api.clone('image', 'clone'))
    assert job.error
    assert (job.state, job.error.code, job.message) == (
        'failure',
        '917812',
        'out of luck',
    )
    assert not (image.parent / 'clone').exists()


def test_failed_job_is_an_error_within_return_timeout(api: Api, image: Path) -> None:
    api.fault('job_fails', code='917812')
    assert error_code(api.clone_now('image', 'clone')) == '917812'


def test_stalled_job_runs_until_the_fault_is_deleted(api: Api, image: Path) -> None:
    fault = api.fault('job_stalls', match=CLONE)
    response = api.clone('image', 'clone')
    assert not api.job(response).done.is_set()
    assert not (image.parent / 'clone').exists()
    api.delete(f'/simulator/v1/faults/{fault}')
    assert api.ended(response).state == 'success'
    assert (image.parent / 'clone').exists()


def test_stalled_job_can_be_cancelled(api: Api, image: Path) -> None:
    api.fault('job_stalls', match=CLONE)
    response = api.clone('image', 'clone')
    api.patch(response.json['job']['_links']['self']['href'], {'action': 'cancel'})
    assert api.job(response).done.wait(DEADLINE)
    assert api.job(response).state == 'failure'


def test_cancelled_job_does_not_go_on_when_its_fault_is_deleted(
    api: Api, image: Path
) -> None:
    fault = api.fault('job_stalls', match=CLONE)
    response = api.clone('image', 'clone')
    api.patch(response.json['job']['_links']['self']['href'], {'action': 'cancel'})
    api.delete(f'/simulator/v1/faults/{fault}')
    assert api.job(response).done.wait(DEADLINE)
    assert api.job(response).state == 'failure'
    assert not (image.parent / 'clone').exists()


def test_full_volume_has_no_place_for_clones_and_copies(api: Api, image: Path) -> None:
    for volume in ('vol1', 'vol2'):
        api.fault('volume_full', svm='svm1', volume=volume, count=None)
    clone = api.clone_now('image', 'clone')
    assert error_code(clone) == '13565952'
    assert 'No space left' in clone.json['error']['message']
    assert api.failure(api.copy()) == '131100'


def test_full_volume_is_full_alone(api: Api, image: Path) -> None:
    api.fault('volume_full', svm='svm1', volume='vol2', count=None)
    assert api.clone_now('image', 'clone').status_int == 201


def test_control_api_is_never_hit(api: Api) -> None:
    api.fault('error', count=None)
    assert api.get('/simulator/v1/counters').status_int == 200


@pytest.mark.parametrize(
    'body',
    [
        {},
        {'kind': 'none'},
        {'kind': 'latency'},
        {'kind': 'latency', 'seconds': -1},
        {'kind': 'latency', 'seconds': 'x'},
        {'kind': 'error', 'status': 200},
        {'kind': 'error', 'code': 'x'},
        {'kind': 'error', 'retry_after': -1},
        {'kind': 'too_many_requests', 'as_date': 'yes'},
        {'kind': 'too_many_requests', 'beyond': -1},
        {'kind': 'unavailable', 'code': '4'},
        {'kind': 'error', 'nth': 0},
        {'kind': 'error', 'count': 0},
        {'kind': 'error', 'match': {'path': '('}},
        {'kind': 'error', 'match': {'other': 'x'}},
        {'kind': 'error', 'match': 'x'},
        {'kind': 'error', 'typo': 1},
        {'kind': 'volume_full', 'svm': 'svm1'},
        {'kind': 'drop_connection', 'when': 'never'},
        {'kind': 'job_vanishes', 'effect': 'half'},
    ],
)
def test_wrong_faults_are_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post('/simulator/v1/faults', body).status_int == 400
    assert api.get('/simulator/v1/faults').json == {'faults': []}
