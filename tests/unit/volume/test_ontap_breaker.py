"""What counts for and against ONTAP, of what a volume from an image came to."""

import types

import pytest

from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Reason, Refusal
from eic_plugins.ontap.session import (
    Endpoint,
    OntapError,
    OntapSession,
    OntapUnreachableError,
)
from eic_plugins.support.breaker import CircuitBreaker
from eic_plugins.volume.base import VolumeFromImage


class Driver:
    """What ``_learn`` uses of a driver."""

    def __init__(self):
        self._ontap_breaker = CircuitBreaker('ONTAP', 'x', 2, 30.0)
        self._namespace = self._peers = types.SimpleNamespace(forget=lambda: None)
        self.seen = []
        self._metrics = types.SimpleNamespace(
            ontap=lambda *, answered: self.seen.append(answered)
        )
        self._report = types.SimpleNamespace(add=lambda *_: None)

    def learns(self, route, *reasons):
        VolumeFromImage._learn(
            self,
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
    def asks(self):
        return self._ontap_breaker.allows()


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
def test_what_an_image_is_refused_for_says_nothing_of_ontap(reason):
    driver = Driver()
    for _ in range(9):
        driver.learns(CINDER_DOWNLOAD, reason)
    assert driver.asks
    assert driver.seen == []
    driver.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
    driver.learns(CINDER_DOWNLOAD, reason)
    driver.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
    assert not driver.asks, 'an image of a user made a silent cluster well'


@pytest.mark.parametrize(
    ('route', 'reasons'),
    [
        ('cached', []),
        ('flexclone', [Reason.NOT_CACHED]),
        (CINDER_DOWNLOAD, [Reason.CLONE_FAILED]),
    ],
)
def test_a_cluster_that_answers_is_well(route, reasons):
    driver = Driver()
    for _ in range(9):
        driver.learns(CINDER_DOWNLOAD, Reason.ONTAP_UNREACHABLE)
        driver.learns(route, *reasons)
        assert driver.asks
    assert driver.seen == [False, True] * 9


def test_what_cannot_be_written_says_nothing_of_ontap():
    session = OntapSession(Endpoint('127.0.0.1', 1, 'http', 'u', 'p'))
    with pytest.raises(OntapError, match='cannot be written') as raised:
        session.post('/api/storage/luns', {'space': {'size': float('nan')}})
    assert not isinstance(raised.value, OntapUnreachableError)
