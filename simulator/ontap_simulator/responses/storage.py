"""/storage/volumes and their snapshots; /snapmirror/relationships."""

from ontap_simulator.errors.common import NoSuchEntryError, UnsupportedError
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.jobs import run_job


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


def list_relationships(call: Call) -> Answer:
    return collection(call, [], 'uuid')


def visible_volume(call: Call) -> FlexVol:
    """The FlexVol in the path, if the request may see it."""
    volume = call.cluster.volume(call['uuid'])
    if not call.visible(volume.svm):
        raise NoSuchEntryError('volume.uuid')
    return volume


def _volume(call: Call, volume: FlexVol, space: bool) -> Record:
    savings = call.query.asks_for('efficiency.space_savings')
    return volume.record(call.cluster.efficiency.record(volume, savings), space)


def _patch(call: Call, volumes: list[FlexVol]) -> Answer:
    body = call.body
    for name in set(body) - {'efficiency'}:
        raise UnsupportedError(
            f'This simulator cannot change "{name}" of a volume.', target=name
        )
    changes = value(body, 'efficiency', default={})
    for volume in volumes:
        call.cluster.efficiency.update(volume, changes)
    return run_job(call, 'PATCH /api/storage/volumes', lambda job: None)
