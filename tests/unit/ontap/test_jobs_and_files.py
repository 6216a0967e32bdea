"""Work on ONTAP: done at once, later, never, or nobody knows."""

from typing import Any

import pytest

from eic_plugins.engine.failures import fill_failure
from eic_plugins.model import Reason
from eic_plugins.ontap import jobs
from eic_plugins.ontap.files import (
    CopyForbiddenError,
    DestinationMissingError,
    Files,
    PlaceGoneError,
    SvmNotPeeredError,
)
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapTimeoutError,
    OntapUnreachableError,
)
from tests.unit.factories import stored
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession, no_such_file, no_such_job

CLONE = ('POST', '/api/storage/file/clone')
COPY = ('POST', '/api/storage/file/copy')
JOB = ('GET', '/api/cluster/jobs/job-1')
CANCEL = ('PATCH', '/api/cluster/jobs/job-1')
STAT = ('GET', '/api/storage/volumes/')
RUNNING = {'job': {'uuid': 'job-1'}}


def clone(session: Any) -> None:
    Files(session).clone(stored(path='a'), stored(path='b'), timeout=1)


def test_a_clone_that_is_done_at_once_is_one_call() -> None:
    session = FakeSession({CLONE: {}})
    clone(session)
    assert [call[:2] for call in session.calls] == [CLONE]
    assert session.calls[0][2] == {
        'volume': {'uuid': stored().flexvol.uuid, 'name': 'images_vol'},
        'source_path': 'a',
        'destination_path': 'b',
    }


def test_a_clone_that_goes_on_is_waited_for() -> None:
    session = FakeSession(
        {CLONE: RUNNING, JOB: [{'state': 'running'}, {'state': 'success'}]}
    )
    clone(session)
    assert len(session.calls) == 3


def test_a_failed_job_raises_ontaps_own_error() -> None:
    session = FakeSession(
        {
            CLONE: RUNNING,
            JOB: {
                'state': 'failure',
                'error': {'code': 13565952, 'message': 'no space'},
            },
        }
    )
    with pytest.raises(OntapRejectedError, match=r'13565952.*no space'):
        clone(session)


@pytest.mark.parametrize(
    'lost',
    [
        {CLONE: RUNNING, JOB: no_such_job()},
        {CLONE: OntapUnreachableError('connection reset')},
    ],
)
def test_a_clone_of_unknown_end_counts_if_it_is_there(lost: dict[Any, Any]) -> None:
    session = FakeSession({**lost, STAT: {'records': [{'size': 5}]}})
    clone(session)
    assert session.calls[-1][0] == 'GET'


@pytest.mark.parametrize(
    'job',
    [OntapForbiddenError(403, '6', 'no'), [OntapRejectedError(500, '1', 'no')] * 3],
)
def test_a_job_that_ontap_does_not_show_is_judged_by_its_result(
    job: OntapForbiddenError | list[Any],
) -> None:
    looks = [*job] if isinstance(job, list) else job
    session = FakeSession(
        {CLONE: RUNNING, JOB: looks, STAT: {'records': [{'size': 5}]}}
    )
    clone(session)
    assert session.calls[-1][0] == 'GET'
    with pytest.raises(DestinationMissingError):
        clone(FakeSession({CLONE: RUNNING, JOB: job, STAT: no_such_file()}))


def test_a_look_at_a_job_that_is_refused_once_is_repeated() -> None:
    busy = OntapRejectedError(429, '1', 'later')
    session = FakeSession(
        {
            CLONE: RUNNING,
            JOB: [busy, busy, {'state': 'running'}, busy, busy, {'state': 'success'}],
        }
    )
    clone(session)
    assert len(session.calls) == 7


def test_a_clone_of_unknown_end_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DestinationMissingError):
        clone(FakeSession({CLONE: RUNNING, JOB: no_such_job(), STAT: no_such_file()}))


def test_a_clone_that_got_no_answer_and_had_no_effect_is_asked_for_again() -> None:
    session = FakeSession(
        {CLONE: [OntapUnreachableError('connection reset'), {}], STAT: no_such_file()}
    )
    clone(session)
    assert [call[0] for call in session.calls] == ['POST', 'GET', 'POST']


def test_a_second_clone_refused_because_the_first_came_through_is_right() -> None:
    exists = OntapRejectedError(409, '13565952', 'exists')
    session = FakeSession(
        {
            CLONE: [OntapUnreachableError('connection reset'), exists],
            STAT: [no_such_file(), *[{'records': [{'size': 5}]}] * 2],
        }
    )
    clone(session)
    assert len(session.calls) == 5


def test_a_clone_whose_job_is_unknown_may_come_about_a_moment_later() -> None:
    """As on FSx: 202, the job is 404 at once, and the work goes on."""
    whole, part = {'records': [{'size': 5}]}, {'records': [{'size': 4}]}
    session = FakeSession(
        {
            CLONE: RUNNING,
            JOB: no_such_job(),
            # The destination, and its source if there is one.
            STAT: [no_such_file(), part, whole, whole, whole],
        }
    )
    clone(session)
    assert session.answers[STAT] == []


def test_a_part_of_a_clone_is_none() -> None:
    found: Any = [{'records': [{'size': size}]} for size in (4, 5)]
    session = FakeSession({CLONE: RUNNING, JOB: no_such_job(), STAT: found * 999})
    clock = FakeClock()
    with pytest.raises(DestinationMissingError, match='part'):
        Files(session, clock).clone(stored(path='a'), stored(path='b'), timeout=9)
    assert clock.now == 9


def test_a_clone_that_gets_no_answer_twice_is_an_error() -> None:
    with pytest.raises(DestinationMissingError):
        clone(
            FakeSession(
                {CLONE: OntapUnreachableError('connection reset'), STAT: no_such_file()}
            )
        )


def test_a_rename_takes_no_query() -> None:
    """NetApp's reference lists return_timeout for every other file call."""
    session = FakeSession({('PATCH', '/api/storage/volumes/'): {}})
    Files(session).rename(stored(path='a'), stored(path='b'))
    assert session.calls[0][2] == ({'path': 'b'}, {})


@pytest.mark.parametrize('code', ['6684674', '131074'])
def test_every_code_for_no_such_file_is_known(code: str) -> None:
    gone = OntapRejectedError(500, code, 'No such file or directory')
    assert Files(FakeSession({STAT: gone})).stat(stored()) is None


def test_a_copy_of_unknown_end_is_an_error_even_if_a_file_is_there() -> None:
    session = FakeSession({COPY: RUNNING, JOB: no_such_job()})
    with pytest.raises(jobs.JobUnknownError):
        copy(session, FakeClock())


def test_a_copy_names_volume_svm_and_path_at_both_ends() -> None:
    session = FakeSession({COPY: {}})
    copy(session, FakeClock())
    (pair,) = session.calls[0][2]['files_to_copy']
    assert pair['source'] == {
        'volume': {'uuid': stored().flexvol.uuid, 'name': 'images_vol'},
        'svm': {'name': 'svm_gold'},
        'path': 'a',
    }
    assert pair['destination']['volume']['name'] == 'gold_vol'


def test_polling_starts_fast_and_backs_off() -> None:
    clock = FakeClock()
    session = FakeSession({JOB: [{'state': 'running'}] * 12 + [{'state': 'success'}]})
    jobs.wait(session, 'job-1', timeout=60, clock=clock)
    pauses = clock.pauses
    assert pauses[0] == 0.05
    assert pauses == sorted(pauses)
    assert max(pauses) == 2.0


def test_a_job_that_never_ends_runs_into_the_deadline() -> None:
    session = FakeSession({JOB: {'state': 'running'}, CANCEL: {}})
    with pytest.raises(OntapTimeoutError, match='job-1'):
        jobs.wait(session, 'job-1', timeout=0)


def test_a_job_that_nobody_waits_for_any_more_is_cancelled() -> None:
    session = FakeSession(
        {JOB: {'state': 'running'}, CANCEL: OntapRejectedError(404, '4', 'gone')}
    )
    with pytest.raises(OntapTimeoutError):
        jobs.wait(session, 'job-1', timeout=0)
    assert session.calls[-1][:2] == ('PATCH', '/api/cluster/jobs/job-1')
    assert session.calls[-1][2][1] == {'action': 'cancel'}


def test_a_long_copy_says_that_its_source_is_in_use() -> None:
    class SlowClock(FakeClock):
        def sleep(self, _seconds: Any) -> None:
            self.now += 31

    clock = SlowClock()
    session = FakeSession(
        {
            ('POST', '/api/storage/file/copy'): {'job': {'uuid': 'job-1'}},
            JOB: [
                {'state': 'running'},
                {'state': 'running', 'message': 'half'},
                {'state': 'success'},
            ],
        }
    )
    kept = []
    Files(session, clock).copy(
        stored(), stored('gold_vol'), 100, keep=lambda: kept.append(clock.now)
    )
    assert kept == [31.0]


def test_deleting_what_is_not_there_is_no_error() -> None:
    session = FakeSession({('DELETE', '/api/storage/volumes/'): no_such_file()})
    Files(session).delete(stored())
    assert len(session.calls) == 1


def test_a_file_that_is_not_there_has_no_stat() -> None:
    assert Files(FakeSession({STAT: no_such_file()})).stat(stored()) is None


def test_slashes_in_a_path_are_encoded() -> None:
    session = FakeSession({('DELETE', '/api/storage/volumes/'): {}})
    Files(session).delete(stored(path='a b/c'))
    assert session.calls[0][1].endswith('/files/a%20b%2Fc')


def limit_reached() -> Any:
    return OntapRejectedError(400, '7018877', 'maximum number of copies')


def copy(session: Any, clock: Any, timeout: Any = 60, throughput: Any = 0) -> None:
    Files(session, clock).copy(
        stored(path='a'), stored('gold_vol', 'b'), timeout, throughput
    )


def test_a_copy_waits_for_one_of_the_clusters_places() -> None:
    clock = FakeClock()
    session = FakeSession({COPY: [limit_reached(), limit_reached(), {}]})
    copy(session, clock)
    assert len(session.calls) == 3
    assert len(clock.pauses) == 2


def test_a_copy_does_not_wait_for_a_place_for_ever() -> None:
    clock = FakeClock()
    with pytest.raises(OntapRejectedError, match='7018877'):
        copy(FakeSession({COPY: limit_reached()}), clock, timeout=10)
    assert clock.now <= 10


def test_another_refusal_of_a_copy_is_not_waited_out() -> None:
    clock = FakeClock()
    with pytest.raises(OntapRejectedError, match='7012362'):
        copy(FakeSession({COPY: OntapRejectedError(400, '7012362', 'no peer')}), clock)
    assert clock.pauses == []


@pytest.mark.parametrize(('throughput', 'sent'), [(0, None), (5_000_000, 5_000_000)])
def test_a_cap_on_throughput_is_ontaps_to_keep(
    throughput: int, sent: int | None
) -> None:
    session = FakeSession({COPY: {}})
    copy(session, FakeClock(), throughput=throughput)
    assert session.calls[0][2].get('max_throughput') == sent


@pytest.mark.parametrize(
    ('code', 'kind', 'reason'),
    [
        ('7012362', SvmNotPeeredError, Reason.SVM_NOT_PEERED),
        ('7013360', SvmNotPeeredError, Reason.SVM_NOT_PEERED),
        ('7013361', SvmNotPeeredError, Reason.SVM_NOT_PEERED),
        ('7012363', CopyForbiddenError, Reason.COPY_FORBIDDEN),
        ('917506', PlaceGoneError, Reason.PLACE_GONE),
        ('2621464', PlaceGoneError, Reason.PLACE_GONE),
        ('7018866', OntapRejectedError, Reason.FILL_FAILED),
    ],
)
def test_a_copy_that_is_refused_says_what_it_lacks(
    code: str, kind: type[Exception], reason: Reason
) -> None:
    refused = OntapRejectedError(400, code, 'no')
    failed = {'state': 'failure', 'error': {'code': code, 'message': 'no'}}
    for answers in ({COPY: refused}, {COPY: RUNNING, JOB: failed}):
        with pytest.raises(kind) as raised:
            Files(FakeSession(answers)).copy(
                stored(), stored('silver_vol', svm='svm_silver'), 10
            )
        assert type(raised.value) is kind
        assert fill_failure(raised.value) == (reason, False)
