"""Waits for ONTAP jobs (``/cluster/jobs/{uuid}``).

A job can vanish: about 300 s after its end by design, and on some systems at
once. :class:`JobUnknownError` then means "look at the result itself".
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus

from oslo_log import log as logging

from eic_plugins.ontap.session import (
    JsonObject,
    OntapError,
    OntapRejectedError,
    OntapSession,
    OntapTimeoutError,
    rejected,
)
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

_FIRST_POLL = 0.05
_LONGEST_POLL = 2.0
_BACKOFF = 1.6
_UNKNOWN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""It is no more, or the user may not look."""
_LOOKS = 3
"""Refused in a row, after which nothing is known of the job."""
_FIELDS = 'state,error,code,message,description'


class JobUnknownError(OntapError):
    """The cluster does not know the job (any more)."""


def job_uuid(answer: JsonObject) -> str | None:
    """The job in an answer, None if the work is done."""
    job = answer.get('job') or {}
    uuid = job.get('uuid')
    return str(uuid) if uuid else None


def wait(
    session: OntapSession,
    uuid: str,
    timeout: float,
    clock: Clock = SYSTEM,
    still_running: Callable[[str], None] | None = None,
) -> None:
    """Return when the job has succeeded.

    If the wait is ended by an exception that is no error (a program that is
    asked to end), so is the job: nobody wants what it makes.

    :param timeout: seconds
    :param still_running: called with the job's own message at each look
    :raises OntapRejectedError: the job failed, with its error
    :raises JobUnknownError: the job is not known, or ONTAP refuses to show it
    :raises OntapTimeoutError: it was still going on after ``timeout``; it has
        been asked to end
    """
    try:
        _wait(session, uuid, timeout, clock, still_running)
    except Exception:
        raise
    except BaseException:
        _cancel(session, uuid)
        raise


def _wait(
    session: OntapSession,
    uuid: str,
    timeout: float,
    clock: Clock,
    still_running: Callable[[str], None] | None,
) -> None:
    refused = 0
    deadline = clock.monotonic() + timeout
    for _ in looks(deadline, clock):
        try:
            job = _state(session, uuid, max(deadline - clock.monotonic(), 0.0))
            refused = 0
        except OntapRejectedError as err:
            # A look that is refused says nothing of the work.
            refused += 1
            if refused >= _LOOKS:
                raise JobUnknownError(f'job {uuid}: {err}') from err
            job = {}
        if _succeeded(job):
            return
        if still_running:
            still_running(str(job.get('message') or ''))
    _cancel(session, uuid)
    raise OntapTimeoutError(f'ONTAP job {uuid} had not ended after {timeout:.0f} s')


def _cancel(session: OntapSession, uuid: str) -> None:
    """Ask the job to end: what it makes is not wanted any more."""
    try:
        session.patch(f'/api/cluster/jobs/{uuid}', {}, action='cancel')
    except OntapError as err:
        LOG.warning(
            'ONTAP job %(uuid)s goes on, though nobody waits for it: %(err)s',
            {'uuid': uuid, 'err': err},
        )


def _state(session: OntapSession, uuid: str, patience: float) -> JsonObject:
    try:
        return session.get(f'/api/cluster/jobs/{uuid}', patience, fields=_FIELDS)
    except OntapRejectedError as err:
        if err.status in _UNKNOWN:
            raise JobUnknownError(f'job {uuid}: {err}') from err
        raise


def _succeeded(job: JsonObject) -> bool:
    state = job.get('state')
    if state == 'failure':
        error = job.get('error') or {
            'code': job.get('code', 'none'),
            'message': job.get('message', 'none'),
        }
        raise rejected(HTTPStatus.OK, error)
    return state == 'success'


def looks(deadline: float, clock: Clock) -> Iterator[None]:
    """Yields for each look, and pauses between two looks. The last look is the first
    one after the deadline.

    :param deadline: on ``clock.monotonic``
    """
    for pause in pauses():
        yield
        left = deadline - clock.monotonic()
        if left <= 0:
            return
        clock.sleep(min(pause, left))


def pauses() -> Iterator[float]:
    """Seconds between looks: short at first, then longer, without end."""
    pause = _FIRST_POLL
    while True:
        yield pause
        pause = min(pause * _BACKOFF, _LONGEST_POLL)
