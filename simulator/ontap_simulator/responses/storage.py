"""/storage/volumes, aggregates, disks and QoS policies; /snapmirror."""

from ontap_simulator.exceptions import NoSuchEntryError, UnsupportedError
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.query import Record, value
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    instance,
    required,
    run_job,
)


def list_volumes(call: Call) -> Answer:
    space = call.query.wants('space')
    return collection(call, [_volume(call, volume, space) for volume in call.volumes()])


def get_volume(call: Call) -> Answer:
    volume = visible_volume(call)
    space = not call.query.fields or call.query.wants('space')
    return instance(call, _volume(call, volume, space))


def patch_volume(call: Call) -> Answer:
    return _patch(call, [visible_volume(call)])


def patch_volumes(call: Call) -> Answer:
    space = call.query.wants('space')
    return _patch(
        call, [v for v in call.volumes() if call.query.matches(_volume(call, v, space))]
    )


def list_snapshots(call: Call) -> Answer:
    visible_volume(call)
    return collection(call, [])


def delete_snapshots(call: Call) -> Answer:
    visible_volume(call)
    return Answer({'num_records': 0, 'records': []})


def list_aggregates(call: Call) -> Answer:
    used = call.query.wants('space')
    return collection(
        call,
        [
            aggregate.record(_used(call, aggregate.name) if used else 0)
            for aggregate in call.cluster.aggregates
        ],
    )


def get_aggregate(call: Call) -> Answer:
    for aggregate in call.cluster.aggregates:
        if aggregate.uuid == call['uuid']:
            return instance(call, aggregate.record(_used(call, aggregate.name)))
    raise NoSuchEntryError('uuid')


def list_disks(call: Call) -> Answer:
    return collection(call, [a.disk() for a in call.cluster.aggregates], 'name')


def list_relationships(call: Call) -> Answer:
    return collection(call, [], 'uuid')


def list_policies(call: Call) -> Answer:
    return collection(call, _policies(call))


def get_policy(call: Call) -> Answer:
    return instance(call, call.cluster.qos.get(call['uuid']))


def create_policy(call: Call) -> Answer:
    body = call.body
    required(body, 'name')
    svm = call.svm or call.cluster.svm(required(body, 'svm.name'))
    record = call.cluster.qos.create(svm, body)
    answer = run_job(
        call, 'POST /api/storage/qos/policies', lambda job: None, status=201, svm=svm
    )
    return Answer(
        answer.body, answer.status, {'Location': record['_links']['self']['href']}
    )


def patch_policy(call: Call) -> Answer:
    call.cluster.qos.update(call['uuid'], call.body)
    return _policy_job(call)


def delete_policy(call: Call) -> Answer:
    call.cluster.qos.delete(call['uuid'])
    return _policy_job(call)


def patch_policies(call: Call) -> Answer:
    found = [p for p in _policies(call) if call.query.matches(p)]
    if not found:
        raise NoSuchEntryError('name')
    for policy in found:
        call.cluster.qos.update(policy['uuid'], call.body)
    return _policy_job(call)


def delete_policies(call: Call) -> Answer:
    found = [p for p in _policies(call) if call.query.matches(p)]
    for policy in found:
        call.cluster.qos.delete(policy['uuid'])
    return _policy_job(call) if found else Answer({'num_records': 0})


def visible_volume(call: Call) -> FlexVol:
    """The FlexVol in the path, if the request may see it."""
    volume = call.cluster.volume(call['uuid'])
    if not call.visible(volume.svm):
        raise NoSuchEntryError('volume.uuid')
    return volume


def _volume(call: Call, volume: FlexVol, space: bool) -> Record:
    return volume.record(call.cluster.efficiency.get(volume.uuid), space)


def _patch(call: Call, volumes: list[FlexVol]) -> Answer:
    body = call.body
    for name in set(body) - {'efficiency'}:
        raise UnsupportedError(
            f'This simulator cannot change "{name}" of a volume.', target=name
        )
    changes = value(body, 'efficiency', default={})
    for volume in volumes:
        call.cluster.efficiency.update(volume.uuid, changes)
    return run_job(call, 'PATCH /api/storage/volumes', lambda job: None)


def _used(call: Call, aggregate: str) -> int:
    return sum(
        volume.used()
        for volume in call.cluster.volumes
        if volume.aggregate.name == aggregate
    )


def _policies(call: Call) -> list[Record]:
    return [
        policy
        for policy in call.cluster.qos.all()
        if call.svm is None or call.svm.name == policy['svm']['name']
    ]


def _policy_job(call: Call) -> Answer:
    return run_job(call, f'{call.method} /api/storage/qos/policies', lambda job: None)
