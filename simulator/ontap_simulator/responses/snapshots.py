"""/storage/volumes/{uuid}/snapshots."""

import uuid
from http import HTTPStatus

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models.jobs import Job
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job
from ontap_simulator.responses.storage import visible_volume


def list_snapshots(call: Call) -> Answer:
    """Those of one FlexVol, or of all: a path may have ``*`` for its UUID."""
    volumes = call.volumes() if call['uuid'] == '*' else [visible_volume(call)]
    found = [each for volume in volumes for each in call.cluster.snapshots.of(volume)]
    return collection(call, found)


def get_snapshot(call: Call) -> Answer:
    return instance(
        call, call.cluster.snapshots.get(visible_volume(call), call['snapshot'])
    )


def create_snapshot(call: Call) -> Answer:
    volume, body = visible_volume(call), call.body
    name, identifier = required(body, 'name'), str(uuid.uuid4())
    snapshots, block = call.cluster.snapshots, call.cluster.block
    snapshots.check_free(volume, name)

    def work(job: Job) -> None:
        snapshots.create(volume, name, body, block.inside(volume), identifier)

    address = f'/storage/volumes/{volume.uuid}/snapshots/{identifier}'
    answer = run_job(
        call, f'POST /api{address}', work, status=HTTPStatus.CREATED, svm=volume.svm
    )
    shown: Record = {'num_records': 1}
    if call.query.flag('return_records'):
        shown['records'] = [{'uuid': identifier, 'name': name}]
    return Answer(
        {**answer.body, **shown}, answer.status, {'Location': f'/api{address}'}
    )


def patch_snapshot(call: Call) -> Answer:
    volume, body = visible_volume(call), call.body
    found = call.cluster.snapshots.get(volume, call['snapshot'])
    if body.get('name', found['name']) != found['name']:
        call.cluster.snapshots.check_free(volume, body['name'])
    return run_job(
        call,
        f'PATCH /api{found["_links"]["self"]["href"][4:]}',
        lambda job: call.cluster.snapshots.change(volume, found['uuid'], body),
    )


def patch_snapshots(call: Call) -> Answer:
    volume, body = visible_volume(call), call.body
    found = [
        snapshot
        for snapshot in call.cluster.snapshots.of(volume)
        if call.query.matches(snapshot)
    ]
    if not found:
        raise NoSuchEntryError('name')

    def work(job: Job) -> None:
        for snapshot in found:
            call.cluster.snapshots.change(volume, snapshot['uuid'], body)

    return run_job(call, f'PATCH /api{call.path}', work)


def delete_snapshot(call: Call) -> Answer:
    volume = visible_volume(call)
    found = call.cluster.snapshots.get(volume, call['snapshot'])
    return _delete(call, [found])


def delete_snapshots(call: Call) -> Answer:
    found = [
        snapshot
        for snapshot in call.cluster.snapshots.of(visible_volume(call))
        if call.query.matches(snapshot)
    ]
    if not found:
        return Answer({'num_records': 0, 'records': []})
    return _delete(call, found)


def _delete(call: Call, found: list[Record]) -> Answer:
    volume, snapshots = visible_volume(call), call.cluster.snapshots

    def work(job: Job) -> None:
        for snapshot in found:
            snapshots.delete(volume, snapshot['uuid'])

    return run_job(call, f'DELETE /api{call.path}', work)
