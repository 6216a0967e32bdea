"""What copies of files and of LUNs have in common: a place each, and progress.

A cluster runs 50 of them at once, of both kinds together.
"""

from collections.abc import Callable
from typing import TypeVar

from oslo_log import log as logging

from eic_plugins.model import StoredObject
from eic_plugins.ontap import jobs
from eic_plugins.ontap.session import OntapRejectedError
from eic_plugins.support.clock import Clock

LOG = logging.getLogger(__name__)
Answer = TypeVar('Answer')

_NO_PLACE = '7018877'
_PROGRESS_SECONDS = 30.0


def start(begin: Callable[[], Answer], deadline: float, clock: Clock) -> Answer:
    """Begin a copy when the cluster has a place for it.

    :param begin: asks ONTAP for it
    :param deadline: how long to wait for a place, as a time of ``clock.monotonic``
    :raises OntapRejectedError: there was no place in time; or what ``begin``
        raises
    """
    pauses = jobs.pauses()
    while True:
        try:
            return begin()
        except OntapRejectedError as err:
            pause = next(pauses)
            if err.code != _NO_PLACE or deadline - clock.monotonic() <= pause:
                raise
        LOG.debug('All places for copies of the cluster are taken.')
        clock.sleep(pause)


class Progress:
    """Says every half minute how a copy gets on.

    :param keep: called then
    """

    def __init__(
        self, destination: StoredObject, keep: Callable[[], None], clock: Clock
    ) -> None:
        self._destination = destination
        self._keep = keep
        self._clock = clock
        self._began = self._said = clock.monotonic()

    def __call__(self, message: str) -> None:
        now = self._clock.monotonic()
        if now - self._said < _PROGRESS_SECONDS:
            return
        self._said = now
        self._keep()
        LOG.info(
            'The copy to %(file)s in FlexVol %(flexvol)s goes on after '
            '%(seconds).0f s. %(message)s',
            {
                'file': self._destination.name,
                'message': message,
                'flexvol': self._destination.flexvol.name,
                'seconds': now - self._began,
            },
        )
