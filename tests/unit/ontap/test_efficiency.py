"""What ONTAP tells of deduplication is read; a scan is waited for until it ends."""

from typing import Any

import pytest

from eic_plugins.ontap.efficiency import Deduplication, Efficiency
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession, no_such_job

UUID = '5f098ebc-32c8-11eb-8dde-005056ace228'
PATH = f'/api/storage/volumes/{UUID}'
JOB = '/api/cluster/jobs/'
IDLE = Deduplication(UUID, 'svm1', 'vol1', 'enabled', 'idle', mode='background')


def record(status: str = 'idle', **efficiency: Any) -> dict[str, Any]:
    return {
        'uuid': UUID,
        'name': 'vol1',
        'svm': {'name': 'svm1'},
        'efficiency': {'state': 'enabled', 'op_state': status, **efficiency},
    }


def efficiency(
    *looks: Any, **answers: Any
) -> tuple[Efficiency, FakeSession, FakeClock]:
    clock = FakeClock()
    session = FakeSession(
        {('GET', PATH): list(looks), ('PATCH', PATH): answers.get('patch', {})}
        | answers.get('more', {})
    )
    return Efficiency(session, clock), session, clock


def test_all_that_volume_efficiency_show_prints_is_read() -> None:
    found, _, _ = efficiency(
        record(
            'active',
            progress='25 KB (2%) Done',
            policy={'name': 'auto'},
            dedupe='both',
            last_op_begin='b',
            last_op_end='e',
            last_op_state='Success',
            last_op_err='-',
            space_savings={'total': 7, 'total_percent': 1},
        )
        | {'space': {'used': 70}}
    )
    assert found.of(UUID) == Deduplication(
        UUID,
        'svm1',
        'vol1',
        'enabled',
        'active',
        '25 KB (2%) Done',
        'auto',
        'both',
        70,
        7,
        1,
        ('b', 'e'),
        'Success',
        '-',
    )


def test_a_volume_of_which_nothing_is_told_is_read_all_the_same() -> None:
    found, _, _ = efficiency({'uuid': UUID})
    nothing = found.of(UUID)
    assert nothing == Deduplication(UUID, '', '')
    assert not nothing.enabled
    assert not nothing.busy


def test_root_volumes_are_no_pools() -> None:
    session = FakeSession({('GET', '/api/storage/volumes'): {'records': [record()]}})
    assert [each.flexvol for each in Efficiency(session).of_svm('svm1')] == ['vol1']
    ((_, _, asked),) = session.calls
    assert (asked['svm.name'], asked['is_svm_root']) == ('svm1', 'false')


@pytest.mark.parametrize(
    ('state', 'mode', 'enabled', 'to_set'),
    [
        ('disabled', 'none', False, 'background'),
        ('enabled', 'none', False, 'background'),
        ('enabled', 'inline', False, 'both'),
        ('enabled', 'background', True, 'background'),
        ('disabled', 'background', False, 'background'),
        ('enabled', 'both', True, 'background'),
    ],
)
def test_on_is_what_deduplicates_afterwards(
    state: str, mode: str, enabled: bool, to_set: str
) -> None:
    found = Deduplication(UUID, 'svm1', 'vol1', state, mode=mode)
    assert (found.enabled, found.mode_to_set) == (enabled, to_set)


def test_it_is_turned_on_and_looked_at() -> None:
    found, session, _ = efficiency(record(dedupe='background'))
    off = Deduplication(UUID, 'svm1', 'vol1', 'disabled', mode='none')
    assert found.turn_on(off).enabled
    assert session.calls[0][2][0] == {'efficiency': {'dedupe': 'background'}}


@pytest.mark.parametrize(
    ('old_data', 'scanner'),
    [
        (False, {'state': 'active'}),
        (True, {'state': 'active', 'scan_old_data': True, 'dedupe': True}),
    ],
)
def test_a_scan_is_of_new_data_or_of_all(
    old_data: bool, scanner: dict[str, object]
) -> None:
    found, session, _ = efficiency()
    found.start(UUID, old_data)
    assert session.calls[0][2][0] == {'efficiency': {'scanner': scanner}}


def test_a_change_ends_with_its_job() -> None:
    job = [{'state': 'running'}, {'state': 'success'}]
    found, _, _ = efficiency(patch={'job': {'uuid': 'j'}}, more={('GET', JOB): job})
    found.start(UUID, False)
    assert job == []


def test_a_job_that_fails_is_an_error() -> None:
    failed = {'state': 'failure', 'error': {'code': '1', 'message': 'no'}}
    found, _, _ = efficiency(
        patch={'job': {'uuid': 'j'}}, more={('GET', JOB): [failed]}
    )
    with pytest.raises(OntapRejectedError, match='no'):
        found.start(UUID, True)


def test_a_job_that_vanished_is_none() -> None:
    found, _, _ = efficiency(
        patch={'job': {'uuid': 'j'}}, more={('GET', JOB): no_such_job()}
    )
    found.start(UUID, True)


def test_a_scan_is_followed_until_it_is_idle() -> None:
    found, _, clock = efficiency(
        record(), record('pending'), record('active', progress='50%'), record('idle')
    )
    statuses = [each.status for each in found.follow(IDLE)]
    assert statuses == ['idle', 'pending', 'active', 'idle']
    assert len(clock.pauses) == 3


def test_a_scan_that_ended_before_the_first_look_is_seen_by_its_time() -> None:
    found, _, clock = efficiency(record('idle', last_op_end='later'))
    assert len(list(found.follow(IDLE))) == 1
    assert clock.pauses == []


def test_a_scan_that_never_begins_is_not_waited_for_for_ever() -> None:
    found, _, clock = efficiency(*(record() for _ in range(100)))
    assert {each.status for each in found.follow(IDLE)} == {'idle'}
    assert 10 <= clock.now < 14


def test_a_look_that_fails_says_nothing_of_the_scan() -> None:
    lost = OntapUnreachableError('no answer')
    found, _, _ = efficiency(record('active'), lost, lost, record('idle'))
    assert [each.status for each in found.follow(IDLE)] == ['active', 'idle']


def test_a_cluster_that_is_gone_is_not_asked_for_ever() -> None:
    lost = [OntapUnreachableError('no answer') for _ in range(10)]
    found, session, _ = efficiency(*lost)
    with pytest.raises(OntapUnreachableError):
        list(found.follow(IDLE))
    assert len(session.calls) == 5


def test_a_role_that_may_not_look_is_told_at_once() -> None:
    found, session, _ = efficiency(OntapForbiddenError(403, '6', 'not authorized'))
    with pytest.raises(OntapForbiddenError):
        list(found.follow(IDLE))
    assert len(session.calls) == 1
