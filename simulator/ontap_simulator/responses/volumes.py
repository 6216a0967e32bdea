"""POST, PATCH and DELETE of /storage/volumes: FlexVols and their FlexClones."""

import dataclasses
import uuid
from http import HTTPStatus

from ontap_simulator.disk.tree import clone_tree
from ontap_simulator.errors.common import NoSuchEntryError, OntapError
from ontap_simulator.models.block import new_serial_number
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, value
from ontap_simulator.responses import volume_bodies as bodies
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job
from ontap_simulator.responses.storage import visible_volume, volume_record

_PATH = '/storage/volumes'
_NO_SNAPSHOT = '1638515'
_IS_ROOT = '917531'


@dataclasses.dataclass(frozen=True)
class _CloneSource:
    """What a FlexClone is made of: a FlexVol, as it is or as it was."""

    parent: FlexVol
    snapshot: Record


def create_volume(call: Call) -> Answer:
    body = call.body
    name = required(body, 'name')
    svm = bodies.svm_of(call, body)
    source = _clone_source(call, body)
    size = bodies.size_of(body) or (source.parent.size if source else bodies.SMALLEST)
    junction = bodies.junction_of(body)
    fields: Record = {
        'junction_path': junction,
        'state': bodies.state_of(body),
        'kind': str(body.get('type', 'rw')).lower(),
        'properties': bodies.properties_of(call, body, svm),
    }
    aggregate = source.parent.aggregate if source else bodies.aggregate_of(call, body)
    volumes, identifier = call.cluster.volumes, str(uuid.uuid4())
    volumes.check(svm, name, junction)

    def work(job: Job) -> None:
        volume = volumes.create(
            svm, aggregate, name, size, identifier=identifier, **fields
        )
        if source:
            _fill(call, volume, source)
        if 'efficiency' in body:
            call.cluster.efficiency.update(volume, body['efficiency'])

    answer = run_job(
        call, f'POST /api{_PATH}/{identifier}', work, status=HTTPStatus.CREATED, svm=svm
    )
    record = {'uuid': identifier, 'name': name, 'svm': svm.reference()}
    shown: Record = {'num_records': 1}
    if call.query.flag('return_records'):
        shown['records'] = [record]
    return Answer(
        {**answer.body, **shown},
        answer.status,
        {'Location': f'/api{_PATH}/{identifier}'},
    )


def patch_volume(call: Call) -> Answer:
    return _patch(call, [visible_volume(call)])


def patch_volumes(call: Call) -> Answer:
    return _patch(call, _selected(call))


def delete_volume(call: Call) -> Answer:
    return _delete(call, [visible_volume(call)])


def delete_volumes(call: Call) -> Answer:
    found = _selected(call)
    return _delete(call, found) if found else Answer({'num_records': 0})


def forget(call: Call, volume: FlexVol) -> None:
    """Delete a FlexVol with its snapshots, LUNs and namespaces."""
    cluster = call.cluster
    for found in cluster.block.inside(volume):
        objects = cluster.luns if found.codes is cluster.luns.codes else None
        (objects or cluster.namespaces).fabric.unmap(found.uuid)
        cluster.block.remove(found.uuid)
    cluster.snapshots.forget(volume)
    parent = value(volume.properties, 'clone.parent_snapshot.uuid')
    if parent:
        cluster.snapshots.hold(parent, volume.uuid, held=False)
    cluster.kept.collection('qtrees').remove(
        lambda record: record['volume']['uuid'] == volume.uuid
    )
    cluster.volumes.delete(volume)


def _selected(call: Call) -> list[FlexVol]:
    space = call.query.wants('space')
    return [
        v for v in call.volumes() if call.query.matches(volume_record(call, v, space))
    ]


def _patch(call: Call, volumes: list[FlexVol]) -> Answer:
    body = call.body
    if not volumes:
        raise NoSuchEntryError('name')
    size = bodies.size_of(body)
    snapshot = _restored(call, volumes[0]) if _restores(call) else None
    changes = [(volume, _changes(call, volume, body, size)) for volume in volumes]
    efficiency = value(body, 'efficiency', default={})
    for volume in volumes:
        call.cluster.efficiency.update(volume, efficiency)

    def work(job: Job) -> None:
        for volume, fields in changes:
            old = volume.name
            call.cluster.volumes.change(volume, **fields)
            if volume.name != old:
                call.cluster.block.renamed(volume, old)
        if snapshot:
            _restore(call, volumes[0], snapshot)

    path = f'{_PATH}/{volumes[0].uuid}' if len(volumes) == 1 else _PATH
    return run_job(call, f'PATCH /api{path}', work)


def _changes(call: Call, volume: FlexVol, body: Record, size: int | None) -> Record:
    move = value(body, 'movement.destination_aggregate')
    fields: Record = {
        'name': str(body.get('name', volume.name)),
        'size': size or volume.size,
        'junction_path': bodies.junction_of(body, volume.junction_path),
        'state': bodies.state_of(body) if 'state' in body else volume.state,
        'properties': bodies.properties_of(call, body, volume.svm, volume.properties),
    }
    if move:
        aggregate = bodies.aggregate_named(call.cluster.aggregates, move)
        fields['aggregate'] = aggregate.name
        fields['properties']['movement'] = {
            'state': 'success',
            'percent_complete': 100,
            'destination_aggregate': {'name': aggregate.name},
        }
    if value(body, 'clone.split_initiated') or (
        value(body, 'clone.is_flexclone') is False
    ):
        parent = value(volume.properties, 'clone.parent_snapshot.uuid')
        if parent:
            call.cluster.snapshots.hold(parent, volume.uuid, held=False)
        fields['properties']['clone'] = {'is_flexclone': False}
    return fields


def _delete(call: Call, volumes: list[FlexVol]) -> Answer:
    for volume in volumes:
        if volume.is_svm_root and any(
            v.svm == volume.svm and v is not volume for v in call.cluster.volumes
        ):
            raise OntapError(
                f'The volume "{volume.name}" is the root of its SVM.', code=_IS_ROOT
            )

    def work(job: Job) -> None:
        for volume in volumes:
            forget(call, volume)

    return run_job(call, f'DELETE /api{_PATH}/{volumes[0].uuid}', work)


def _restores(call: Call) -> bool:
    return any(key.startswith('restore_to.') for key, _ in call.query.items) or (
        'restore_to' in call.body
    )


def _restored(call: Call, volume: FlexVol) -> Record:
    wanted = value(call.body, 'restore_to.snapshot', default={})
    identifier = call.query.get('restore_to.snapshot.uuid') or wanted.get('uuid')
    name = call.query.get('restore_to.snapshot.name') or wanted.get('name')
    if not (identifier or name):
        raise OntapError('No snapshot was specified.', code=_NO_SNAPSHOT)
    if identifier:
        return call.cluster.snapshots.get(volume, str(identifier))
    return call.cluster.snapshots.named(volume, str(name))


def _restore(call: Call, volume: FlexVol, snapshot: Record) -> None:
    block = call.cluster.block
    then = call.cluster.snapshots.restore(volume, snapshot['uuid'])
    for found in block.inside(volume):
        block.remove(found.uuid)
    for found in then:
        block.put(dataclasses.replace(found, volume=volume.name))


def _clone_source(call: Call, body: Record) -> _CloneSource | None:
    parent = bodies.parent_of(call, body, bodies.svm_of(call, body))
    if parent is None:
        return None
    snapshots, wanted = call.cluster.snapshots, value(body, 'clone.parent_snapshot')
    if wanted:
        found = (
            snapshots.get(parent, str(wanted['uuid']))
            if wanted.get('uuid')
            else snapshots.named(parent, str(wanted.get('name')))
        )
    else:
        found = snapshots.create(
            parent,
            f'clone_{body["name"]}.{uuid.uuid4().hex[:8]}',
            {},
            call.cluster.block.inside(parent),
        )
    return _CloneSource(parent, found)


def _fill(call: Call, volume: FlexVol, source: _CloneSource) -> None:
    cluster, snapshot = call.cluster, source.snapshot
    files = cluster.snapshots.directory(source.parent, snapshot['uuid'])
    clone_tree(files.root, volume.files.root)
    for found in cluster.snapshots.block(snapshot['uuid']):
        identifier = str(uuid.uuid4())
        serial = new_serial_number(identifier) if found.serial_number else ''
        cluster.block.put(
            dataclasses.replace(
                found,
                uuid=identifier,
                svm=volume.svm.name,
                volume=volume.name,
                serial_number=serial,
            )
        )
    cluster.snapshots.hold(snapshot['uuid'], volume.uuid, held=True)
    clone = {
        'is_flexclone': True,
        'parent_volume': {'name': source.parent.name, 'uuid': source.parent.uuid},
        'parent_svm': source.parent.svm.reference(),
        'parent_snapshot': {'name': snapshot['name'], 'uuid': snapshot['uuid']},
        'split_initiated': False,
    }
    cluster.volumes.change(volume, properties={**volume.properties, 'clone': clone})
