"""Jobs: work that a request starts, and the faults that hit it."""

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

from ontap_simulator.errors.common import OntapError
from ontap_simulator.faults import Fault
from ontap_simulator.models.jobs import Job, Work
from ontap_simulator.models.svms import Svm
from ontap_simulator.personality import SLOW_SECONDS, Personality
from ontap_simulator.responses.base import Answer, Call

_VANISHING_SECONDS = 1.0


def run_job(
    call: Call,
    description: str,
    work: Work,
    *,
    status: int = HTTPStatus.OK,
    svm: Svm | None = None,
    abandoned: Callable[[], None] = lambda: None,
) -> Answer:
    """Start work, wait for it as long as return_timeout says.

    :param status: the answer's when the work has ended by then
    :param abandoned: called in place of the work if a fault prevents it
    """
    traits = call.cluster.personality
    timeout = call.query.return_timeout
    if traits.return_timeout == 'ignored':
        timeout = 0
    job = call.cluster.jobs.start(
        description,
        with_faults(call.faults, paced(traits, work), abandoned),
        svm.reference() if svm else None,
    )
    if any(fault.kind == 'job_vanishes' for fault in call.faults):
        job.hidden = True
        # The work ends before the answer, unless it is a long copy.
        job.done.wait(_VANISHING_SECONDS)
        return Answer({'job': job.link()}, HTTPStatus.ACCEPTED)
    if traits.job_links == 'missing':
        # Hidden, and with its work done by then: as measured on FSx.
        job.hidden = True
    if not timeout or not job.done.wait(timeout):
        return Answer({'job': job.link()}, HTTPStatus.ACCEPTED)
    if job.error is not None:
        raise job.error
    return Answer({'job': job.link()}, status)


def paced(traits: Personality, work: Work) -> Work:
    """Work that begins late on a slow cluster."""

    def run(job: Job) -> None:
        if traits.speed == 'slow':
            time.sleep(SLOW_SECONDS)
        work(job)

    return run


def with_faults(
    faults: Sequence[Fault], work: Work, abandoned: Callable[[], None]
) -> Work:
    """Work that suffers the faults first, which may be the end of it."""

    def run(job: Job) -> None:
        try:
            for fault in faults:
                _suffer(fault, job)
        except _WorkLostError:
            abandoned()
            return
        except OntapError:
            abandoned()
            raise
        work(job)

    return run


class _WorkLostError(Exception):
    """The job ends without having done its work."""


def _suffer(fault: Fault, job: Job) -> None:
    if fault.kind in {'job_stalls', 'job_pauses'}:
        job.paused = fault.kind == 'job_pauses'
        while not fault.deleted.wait(0.05):
            job.check_cancelled()
        # The fault may have been deleted right after that.
        job.check_cancelled()
        job.paused = False
    elif fault.kind == 'job_fails':
        raise OntapError(fault.parameters['message'], code=fault.parameters['code'])
    elif fault.kind == 'job_vanishes' and fault.parameters['effect'] == 'lost':
        raise _WorkLostError
