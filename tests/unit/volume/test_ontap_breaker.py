"""What counts for and against ONTAP, of what a volume from an image came to."""

import dataclasses
import types
from typing import Any

import pytest

from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Reason, Refusal
from eic_plugins.ontap.session import (
    Endpoint,
    OntapError,
    OntapSession,
    OntapUnreachableError,
)
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.volume.cluster import Cluster


class Backend:
    """As much of what is known of a cluster as an outcome changes."""

    def __init__(self) -> None:
        nothing = types.SimpleNamespace(forget=lambda: None, add=lambda *_: None)
        self.breaker = CircuitBreaker('ONTAP', 'x', 2, 30.0)
        self.seen = []
        own = {
            'breaker': self.breaker,
            'metrics': types.SimpleNamespace(
                ontap=lambda *, answered: self.seen.append(answered)
            ),
        }
        others = {field.name: nothing for field in dataclasses.fields(Cluster)}
        self.cluster = Cluster(**(others | own))

    def learns(self, route: Any, *reasons: Any) -> None:
        self.cluster.learn(
            'pool',
            'image',
            Outcome(
                route,
                tuple(Refusal.of_everything(reason) for reason in reasons),
                1.0,
                0,
            ),
        )

    @property
    def asks(self) -> Any:
        return self.breaker.allows()


WITHOUT_ASKING = [
    Reason.IMAGE_NOT_ACTIVE,
    Reason.CONTAINER_NOT_BARE,
    Reason.ENCRYPTED,
    Reason.SIGNATURE_INCOMPLETE,
    Reason.SIGNATURE_INVALID,
    Reason.IMAGE_TOO_LARGE,
    Reason.DOWNLOAD_FAILED,
    Reason.INSPECTION_FAILED,
    Reason.WAIT_TIMED_OUT,
    Reason.INTERNAL_ERROR,
]


@pytest.mark.parametrize('reason', WITHOUT_ASKING)
def test_what_an_image_is_refused_for_says_nothing_of_ontap(reason: Reason) -> None:
    backend = Backend()
    for _ in range(9):
        backend.learns(CINDER_DOWNLOAD, reason)
    assert backend.asks
    assert backend.seen == []
    backend.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
    backend.learns(CINDER_DOWNLOAD, reason)
    backend.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
    assert not backend.asks, 'an image of a user made a silent cluster well'


@pytest.mark.parametrize(
    ('route', 'reasons'),
    [
        ('cached', []),
        ('flexclone', [Reason.NOT_CACHED]),
        (CINDER_DOWNLOAD, [Reason.CLONE_FAILED]),
        (CINDER_DOWNLOAD, [Reason.ONTAP_BUSY]),
    ],
)
def test_a_cluster_that_answers_is_well(route: str, reasons: list[Any]) -> None:
    backend = Backend()
    for _ in range(9):
        backend.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
        backend.learns(route, *reasons)
        assert backend.asks
    assert backend.seen == [False, True] * 9


def test_what_cannot_be_written_says_nothing_of_ontap() -> None:
    session = OntapSession(Endpoint('127.0.0.1', 1, 'http', 'u', 'p'))
    with pytest.raises(OntapError, match='cannot be written') as raised:
        session.post('/api/storage/luns', {'space': {'size': float('nan')}})
    assert not isinstance(raised.value, OntapUnreachableError)
