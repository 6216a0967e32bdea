"""Files go from SVM to SVM only where the two are peered for it."""

from typing import Any

import pytest

from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapRejectedError
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_ontap import FakeSession, no_such_job

PEERS = ('GET', '/api/svm/peers')
CREATE = ('POST', '/api/svm/peers')


def peering(svm: Any = 'gold', other: Any = 'silver', **fields: Any) -> Any:
    return {
        'records': [
            {
                'svm': {'name': svm},
                'peer': {'svm': {'name': other}},
                'state': 'peered',
                'applications': ['file_copy'],
                **fields,
            }
        ]
    }


NONE = {'records': []}


@pytest.mark.parametrize('found', [peering(), peering('silver', 'gold')])
def test_a_peering_counts_in_both_directions(found: dict[str, Any]) -> None:
    assert Peers(FakeSession({PEERS: found})).may_copy('gold', 'silver')


@pytest.mark.parametrize(
    'found',
    [
        NONE,
        peering(state='pending'),
        peering(applications=['snapmirror']),
        peering(other='bronze'),
        peering(applications=[]),
    ],
)
def test_anything_else_is_no_peering(found: dict[str, Any]) -> None:
    assert not Peers(FakeSession({PEERS: found})).may_copy('gold', 'silver')


def test_an_svm_needs_no_peering_with_itself() -> None:
    assert Peers(FakeSession({})).may_copy('gold', 'gold')


def test_a_yes_is_remembered_and_a_no_is_not() -> None:
    session = FakeSession({PEERS: [NONE, peering()]})
    peers = Peers(session)
    assert [peers.may_copy('gold', 'silver') for _ in range(4)] == [
        False,
        True,
        True,
        True,
    ]
    assert len(session.calls) == 2


def test_a_yes_is_asked_for_again_after_a_while_or_a_refusal() -> None:
    clock = FakeClock()
    session = FakeSession({PEERS: peering()})
    peers = Peers(session, clock=clock)
    peers.may_copy('gold', 'silver')
    clock.now = 601.0
    peers.may_copy('gold', 'silver')
    peers.forget()
    peers.may_copy('gold', 'silver')
    assert len(session.calls) == 3


def test_a_peering_is_made_with_an_svm_that_is_named_and_no_other() -> None:
    session = FakeSession({PEERS: NONE})
    assert not Peers(session, ['gold', 'bronze']).may_copy('gold', 'silver')
    assert [call[0] for call in session.calls] == ['GET']
    session = FakeSession({PEERS: [NONE, peering()], CREATE: {}})
    assert Peers(session, ['silver']).may_copy('gold', 'silver')
    assert session.calls[1][2] == {
        'svm': {'name': 'gold'},
        'peer': {'svm': {'name': 'silver'}},
        'applications': ['file_copy'],
    }


def test_a_user_who_may_not_look_copies_nothing() -> None:
    denied = OntapRejectedError(403, '6', 'not authorized')
    assert not Peers(FakeSession({PEERS: denied})).may_copy('gold', 'silver')


def test_a_peering_whose_job_nobody_knows_is_looked_for() -> None:
    """As on FSx: the job is 404, and the peering is made a moment later."""
    session = FakeSession(
        {
            PEERS: [NONE, NONE, peering()],
            CREATE: {'job': {'uuid': 'job-1'}},
            ('GET', '/api/cluster/jobs/'): no_such_job(),
        }
    )
    peers = Peers(session, ['silver'], FakeClock())
    assert peers.may_copy('gold', 'silver')
