"""Waits when ONTAP says that it is too busy, and asks again.

ONTAP answers 429 (code 262160, with ``Retry-After``) to too many requests, 429 or
503 with code 7 if a resource has reached its limit, and 409 or 503 with code 8 if
one is in use. A 429 was not executed. A 503 means that it was not either, but it
may also come from what stands before ONTAP, of which nobody knows: a request that
is sent again after one is :attr:`Reply.unsure`.

Whoever is told that there are too many requests (429) stands in the line of all who
were, see :mod:`eic_plugins.ontap.line`. A 503 or 409 may be about one object alone:
such a request waits for itself.
"""

import contextlib
import dataclasses
import email.utils
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http import HTTPStatus

import requests
from oslo_log import log as logging

from eic_plugins.ontap.line import Left, Line, Visit
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds that a request waits in all, if whoever asks has no deadline; and that it
stands in a line that does not move.
"""
LONGEST = 150.0
"""Seconds that it stands in a line that moves: Nova looks at a new volume for 183 s
by default.
"""
_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, _UNAVAILABLE})
_RETRY_AFTER = 'Retry-After'
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_SPREAD = 0.5
"""The part of a wait by which it is made longer at most, so that workers spread."""
_LEAST_SPREAD = 1.0
"""Seconds."""

Watch = Callable[[float], AbstractContextManager[None]]
"""What surrounds each wait of so many seconds: 0 if there is no time left for one."""


def unwatched(_seconds: float) -> AbstractContextManager[None]:
    """Nobody counts the waits."""
    return contextlib.nullcontext()


@dataclasses.dataclass(frozen=True)
class Reply:
    """The last answer to a request.

    ``unsure`` if an earlier one was a 503: this one may then be about what the
    request has done before.
    """

    response: requests.Response
    unsure: bool = False


class Throttle:
    """Sends requests again for as long as the cluster says that it is busy."""

    def __init__(
        self,
        watch: Watch = unwatched,
        clock: Clock = SYSTEM,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._line = Line(clock)
        self._chance = chance

    def reply(
        self, send: Callable[[], requests.Response], patience: float = PATIENCE
    ) -> Reply:
        """The first answer that is not "later", or the last one in time.

        :param patience: seconds that may be waited in all; more in a line that moves
        """
        left = self._left(patience)
        unsure = False
        with self._line.visit() as visit:
            for pause in _pauses():
                response = send()
                if not _is_busy(response):
                    visit.served()
                    break
                unsure = unsure or response.status_code == _UNAVAILABLE
                if not self._wait(visit, response, pause, left):
                    break
        return Reply(response, unsure)

    def _left(self, patience: float) -> Left:
        began = self._clock.monotonic()

        def left() -> float:
            moved = max(began, self._line.served_at)
            stands = min(moved + min(patience, PATIENCE), began + LONGEST)
            return max(began + patience, stands) - self._clock.monotonic()

        return left

    def _wait(
        self, visit: Visit, response: requests.Response, pause: float, left: Left
    ) -> bool:
        """Wait as the answer says; False if there is no time for that."""
        told = self._told(response)
        least = pause if told is None else told
        in_line = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        if least > left():
            with self._watch(0.0):
                return False
        spread = max(least * _SPREAD, _LEAST_SPREAD if told else pause)
        seconds = min(least + spread * self._chance(), left())
        LOG.info(
            'ONTAP is too busy (HTTP %(status)d), and is asked again in '
            '%(seconds).1f s.',
            {'status': response.status_code, 'seconds': seconds},
        )
        with self._watch(seconds):
            if in_line:
                return visit.turn(seconds, left)
            self._clock.sleep(seconds)
            return True

    def _told(self, response: requests.Response) -> float | None:
        """Seconds to wait as told, None if that is not said."""
        text = response.headers.get(_RETRY_AFTER, '').strip()
        if text.isascii() and text.replace('.', '', 1).isdigit():
            return float(text)
        then = _seconds(text)
        if then is None:
            return None
        # By the cluster's own clock, if it says what time it is there.
        now = _seconds(response.headers.get('Date', ''))
        return max(then - (self._clock.time() if now is None else now), 0.0)


def _is_busy(response: requests.Response) -> bool:
    if response.status_code in BUSY:
        return True
    # In use, and said to be free later.
    return (
        response.status_code == HTTPStatus.CONFLICT and _RETRY_AFTER in response.headers
    )


def _seconds(date: str) -> float | None:
    """A date of HTTP in seconds since the epoch."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _pauses() -> Iterator[float]:
    """Seconds between attempts, where nobody says how many."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
