"""The guard stops clones near ONTAP's limits, and asks only now and then."""

import logging
from typing import Any

import pytest

from eic_plugins.ontap.clone_limits import SHARED_DATA_LIMIT, CloneLimits
from eic_plugins.ontap.session import OntapRejectedError, OntapUnreachableError
from tests.unit.factories import flexvol
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession

GOLD, IMAGES = flexvol('gold_vol'), flexvol('images_vol')
STATUS = ('GET', '/api/storage/file/clone/split-status')
LOADS = ('GET', '/api/storage/file/clone/split-loads')
TIB = 1024**4
SPLIT_MAXIMUM = 32 * TIB


def refused() -> Any:
    return OntapRejectedError(403, '6', 'not authorized for that command')


SINCE_9_15 = {'version': {'generation': 9, 'major': 15, 'minor': 1}}
BEFORE_9_15 = {'version': {'generation': 9, 'major': 14, 'minor': 1}}


def cluster(shared: Any = 0, load: Any = None, version: Any = SINCE_9_15) -> Any:
    """GOLD on node 1, IMAGES on node 2; ``shared`` is of GOLD."""
    return {
        ('GET', '/api/cluster'): version,
        STATUS: {
            'records': [
                {'volume': {'uuid': GOLD.uuid}, 'unsplit_size': shared},
                {'volume': {'uuid': IMAGES.uuid}, 'unsplit_size': 0},
            ]
        },
        LOADS: {
            'records': [
                {
                    'node': {'uuid': 'node1'},
                    'load': load
                    or {
                        'maximum': SPLIT_MAXIMUM,
                        'current': 0,
                        'token_reserved': 0,
                        'allowable': SPLIT_MAXIMUM,
                    },
                },
                {
                    'node': {'uuid': 'node2'},
                    'load': {
                        'maximum': SPLIT_MAXIMUM,
                        'current': 0,
                        'token_reserved': 0,
                        'allowable': SPLIT_MAXIMUM,
                    },
                },
            ]
        },
        ('GET', '/api/storage/aggregates'): {
            'records': [
                {'uuid': 'aggr1', 'node': {'uuid': 'node1'}},
                {'uuid': 'aggr2', 'node': {'uuid': 'node2'}},
            ]
        },
        ('GET', '/api/storage/volumes'): {
            'records': [
                {'uuid': GOLD.uuid, 'aggregates': [{'uuid': 'aggr1'}]},
                {'uuid': IMAGES.uuid, 'aggregates': [{'uuid': 'aggr2'}]},
            ]
        },
    }


def watched(answers: Any, percent: Any = 95, clock: Any = None) -> Any:
    session = FakeSession(answers)
    limits = CloneLimits(session, percent, clock or FakeClock(1000.0))
    limits.refresh([GOLD, IMAGES])
    return limits, session


def test_a_flexvol_far_from_the_limits_is_cloned_in() -> None:
    limits, _ = watched(cluster(shared=64 * TIB))
    assert not limits.reached(GOLD)
    assert limits.used(GOLD) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ('shared', 'reached'),
    [
        (SHARED_DATA_LIMIT * 95 // 100 - 1, False),
        (SHARED_DATA_LIMIT * 95 // 100, True),
        (SHARED_DATA_LIMIT * 2, True),
    ],
)
def test_near_its_shared_data_limit_a_flexvol_takes_no_more_clones(
    shared: int, reached: bool
) -> None:
    limits, _ = watched(cluster(shared=shared))
    assert limits.reached(GOLD) is reached
    assert not limits.reached(IMAGES)


@pytest.mark.parametrize(
    'load',
    [
        {'current': SPLIT_MAXIMUM, 'allowable': 0},
        {'current': SPLIT_MAXIMUM},
        {'current': SPLIT_MAXIMUM // 2, 'token_reserved': SPLIT_MAXIMUM // 2},
        {'allowable': SPLIT_MAXIMUM // 100},
    ],
)
def test_a_node_that_splits_as_much_as_it_can_takes_no_more_clones(
    load: dict[str, Any],
) -> None:
    limits, _ = watched(cluster(load={'maximum': SPLIT_MAXIMUM, **load}))
    assert limits.reached(GOLD)
    assert not limits.reached(IMAGES), 'it is on another node'


def test_a_node_without_a_known_maximum_limits_nothing() -> None:
    limits, _ = watched(cluster(load={'maximum': 0, 'allowable': 0}))
    assert not limits.reached(GOLD)


def test_a_lower_percentage_stops_sooner() -> None:
    limits, _ = watched(cluster(shared=64 * TIB), percent=10)
    assert limits.reached(GOLD)


def test_zero_percent_turns_the_guard_off() -> None:
    limits, session = watched(cluster(shared=SHARED_DATA_LIMIT), percent=0)
    assert not limits.reached(GOLD)
    assert session.calls == []


def test_no_volume_asks_and_the_statistics_ask_every_five_minutes() -> None:
    clock = FakeClock(1000.0)
    limits, session = watched(cluster(), clock=clock)
    asked = len(session.calls)
    assert asked == 5
    clock.now += 299
    limits.refresh([GOLD, IMAGES])
    limits.reached(GOLD)
    limits.used(GOLD)
    assert len(session.calls) == asked
    clock.now += 2
    limits.refresh([GOLD, IMAGES])
    assert len(session.calls) == 2 * asked - 1, 'the release is known by then'


def test_only_the_svms_of_the_backend_are_asked_for() -> None:
    _, session = watched(cluster())
    asked = {path: params.get('svm.name') for _, path, params in session.calls}
    assert asked[STATUS[1]] == asked['/api/storage/volumes'] == 'svm_gold'


def test_before_the_first_look_clones_go_on() -> None:
    limits = CloneLimits(FakeSession({}), 95)
    assert not limits.reached(GOLD)
    assert limits.used(GOLD) is None


def test_a_user_that_may_not_read_it_clones_on_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock(1000.0)
    answers = {**cluster(), STATUS: refused(), LOADS: refused()}
    limits, _ = watched(answers, clock=clock)
    clock.now += 301
    limits.refresh([GOLD, IMAGES])
    assert not limits.reached(GOLD)
    assert limits.used(GOLD) is None
    assert [record.levelname for record in caplog.records] == ['INFO', 'INFO']
    assert 'shared data' in caplog.messages[0]
    assert 'split load' in caplog.messages[1]


def test_who_may_read_one_of_the_two_is_guarded_by_that() -> None:
    limits, _ = watched({**cluster(shared=SHARED_DATA_LIMIT), LOADS: refused()})
    assert limits.reached(GOLD)


def test_what_was_known_stays_while_the_cluster_does_not_answer() -> None:
    clock = FakeClock(1000.0)
    answers = cluster(shared=SHARED_DATA_LIMIT)
    limits, session = watched(answers, clock=clock)
    session.answers[STATUS] = OntapUnreachableError('no answer')
    session.answers[LOADS] = OntapUnreachableError('no answer')
    clock.now += 301
    limits.refresh([GOLD, IMAGES])
    assert limits.reached(GOLD)


def test_reaching_a_limit_and_leaving_it_is_logged_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock(1000.0)
    limits, session = watched(cluster(shared=SHARED_DATA_LIMIT), clock=clock)
    clock.now += 301
    limits.refresh([GOLD, IMAGES])
    session.answers.update(cluster())
    clock.now += 301
    limits.refresh([GOLD, IMAGES])
    assert not limits.reached(GOLD)
    assert [record.levelname for record in caplog.records] == ['WARNING', 'INFO']
    assert all('gold_vol' in message for message in caplog.messages)


def saving(saved: int | None, version: Any, status: Any = None) -> Any:
    """A cluster whose FlexVol GOLD saves so many bytes."""
    answers = cluster(version=version)
    answers[STATUS] = status or AssertionError('it was asked')
    efficiency = {} if saved is None else {'space_savings': {'total': saved}}
    answers['GET', '/api/storage/volumes'] = {
        'records': [
            {
                'uuid': GOLD.uuid,
                'efficiency': efficiency,
                'aggregates': [{'uuid': 'aggr1'}],
            }
        ]
    }
    return answers


def test_before_9_15_what_efficiency_saves_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    limits, _ = watched(saving(SHARED_DATA_LIMIT, BEFORE_9_15))
    assert limits.reached(GOLD)
    limits.forget()
    limits.refresh([GOLD])
    assert caplog.text.count('(9.14.1) does not tell how much data clones share') == 1


def test_before_9_15_it_is_said_once_if_nothing_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    limits, _ = watched(saving(None, BEFORE_9_15))
    limits.forget()
    limits.refresh([GOLD])
    assert not limits.reached(GOLD)
    assert caplog.text.count('shared data are not watched') == 1


def test_whose_release_may_not_be_read_is_seen_by_its_refusal() -> None:
    """As with the user of an SVM."""
    unknown = OntapRejectedError(400, '262197', 'no such field')
    limits, _ = watched(saving(SHARED_DATA_LIMIT, refused(), unknown))
    assert limits.reached(GOLD)
