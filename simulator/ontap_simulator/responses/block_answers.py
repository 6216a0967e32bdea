"""Answers to POST, PATCH and DELETE of LUNs and namespaces: at once, or by a job."""

import dataclasses
import uuid
from collections.abc import Callable
from http import HTTPStatus

from ontap_simulator.fault_kinds import JOB_KINDS
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.records import Record
from ontap_simulator.responses import block
from ontap_simulator.responses.base import Answer, Call, created
from ontap_simulator.responses.jobs import run_job

# From this version on, the reference has POST and PATCH answer with a job.
_JOBS_SINCE = (9, 16, 1)


def altered(call: Call, objects: BlockObjects, work: Callable[[], object]) -> Answer:
    """The answer to PATCH or DELETE: at once, or by a job."""
    description = f'{call.method} /api{block.PATHS[objects.codes.noun]}'
    if not answers_by_job(call):
        work()
        return Answer()
    return run_job(call, description, lambda job: _run(work))


def made(
    call: Call,
    objects: BlockObjects,
    work: Callable[[str], BlockObject],
    records: Callable[[BlockObject], Record],
    *,
    at_once: bool = False,
) -> Answer:
    """The answer to POST: at once, or by a job.

    :param work: makes the LUN or namespace of that UUID
    :param at_once: never by a job, whatever the version is
    """
    identifier = str(uuid.uuid4())
    path = block.PATHS[objects.codes.noun]
    if answers_by_job(call) and not at_once:
        answer = run_job(
            call,
            f'POST /api{path}',
            lambda job: _run(lambda: work(identifier)),
            status=HTTPStatus.CREATED,
        )
    else:
        work(identifier)
        answer = Answer(status=HTTPStatus.CREATED)
    address = f'{path}/{identifier}'
    if answer.status != HTTPStatus.CREATED:
        return dataclasses.replace(answer, headers={'Location': f'/api{address}'})
    done = created(call, address, [records(objects.get(identifier))])
    return dataclasses.replace(done, body={**answer.body, **done.body})


def answers_by_job(call: Call) -> bool:
    """Whether this cluster does such work by a job, or a fault wants one."""
    version = tuple(int(part) for part in call.cluster.version.split('.'))
    return version >= _JOBS_SINCE or any(
        fault.kind in JOB_KINDS for fault in call.faults
    )


def _run(work: Callable[[], object]) -> None:
    work()
