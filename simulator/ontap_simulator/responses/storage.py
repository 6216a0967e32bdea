"""GET of /storage/volumes; /snapmirror/relationships."""

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call, collection, instance


def list_volumes(call: Call) -> Answer:
    space = call.query.wants('space')
    return collection(
        call, [volume_record(call, volume, space) for volume in call.volumes()]
    )


def get_volume(call: Call) -> Answer:
    volume = visible_volume(call)
    space = not call.query.fields or call.query.wants('space')
    return instance(call, volume_record(call, volume, space))


def list_relationships(call: Call) -> Answer:
    return collection(call, [], 'uuid')


def visible_volume(call: Call) -> FlexVol:
    """The FlexVol in the path, if the request may see it."""
    volume = call.cluster.volume(call['uuid'])
    if not call.visible(volume.svm):
        raise NoSuchEntryError('volume.uuid')
    return volume


def volume_record(call: Call, volume: FlexVol, space: bool) -> Record:
    """A FlexVol as a GET shows it; ``space`` costs time."""
    savings = call.query.asks_for('efficiency.space_savings')
    return volume.record(call.cluster.efficiency.record(volume, savings), space)
