"""How LUNs and namespaces are made, changed and deleted: at once or by a job."""

import dataclasses
import uuid
from collections.abc import Callable
from http import HTTPStatus

from ontap_simulator.exceptions import NoSuchEntryError, UnsupportedError
from ontap_simulator.faults import JOB_KINDS
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.block_requests import size_of
from ontap_simulator.query import Record
from ontap_simulator.responses import block
from ontap_simulator.responses.base import Answer, Call, created, run_job

# Since then, POST and PATCH are documented to answer with a job.
_JOBS_SINCE = (9, 16, 1)
_CHANGEABLE = {
    'name',
    'clone',
    'space',
    'comment',
    'auto_delete',
    'enabled',
    'qos_policy',
    'location',
}


def change(call: Call, objects: BlockObjects, found: BlockObject) -> None:
    """Do what a PATCH says to one LUN or namespace."""
    body = call.body
    for name in sorted(set(body) - _CHANGEABLE):
        raise UnsupportedError(f'This simulator cannot change "{name}".', target=name)
    svm = call.cluster.svm(found.svm)
    fields = block.settings(call, body)
    size = size_of(body, objects.codes, found.block_size)
    target = block.place(call, objects, body, svm) if 'name' in body else None
    original = block.clone_source(call, objects, body, svm) if 'clone' in body else None
    if target or original or size:
        objects.check_not_being_filled(found)
    if target and target.name != found.name:
        found = objects.rename(found, target)
    if original:
        found = objects.overwrite(found, original)
    if size is not None:
        found = objects.resize(found, size)
    if fields:
        objects.change(found, **fields)


def patch_all(
    call: Call, objects: BlockObjects, records: Callable[[BlockObject], Record]
) -> Answer:
    """PATCH of what the query selects.

    :raises NoSuchEntryError: it selects nothing
    """
    found = _selected(call, objects, records)
    if not found:
        raise NoSuchEntryError('name')

    def work() -> None:
        for each in found:
            change(call, objects, each)

    return altered(call, objects, work)


def delete_all(
    call: Call,
    objects: BlockObjects,
    records: Callable[[BlockObject], Record],
    delete: Callable[[BlockObject], None],
) -> Answer:
    """DELETE of what the query selects, which may be nothing."""
    found = _selected(call, objects, records)
    if not found:
        return Answer({'num_records': 0})

    def work() -> None:
        for each in found:
            delete(each)

    return altered(call, objects, work)


def _selected(
    call: Call, objects: BlockObjects, records: Callable[[BlockObject], Record]
) -> list[BlockObject]:
    return [o for o in block.visible(call, objects) if call.query.matches(records(o))]


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
            status=201,
        )
    else:
        work(identifier)
        answer = Answer(status=201)
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
