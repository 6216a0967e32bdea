"""/storage/file/clone, and how much data clones share."""

from http import HTTPStatus
from urllib.parse import urlencode

from ontap_simulator.errors.common import (
    MissingFieldError,
    NoSuchEntryError,
    NotPermittedError,
    UnsupportedError,
)
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.shared_data import split_load
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.query import Query
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import optional_flag, required
from ontap_simulator.responses.jobs import run_job


def clone_file(call: Call) -> Answer:
    body = call.body
    volume = _body_volume(call, value(body, 'volume', default={}))
    source = required(body, 'source_path')
    destination = required(body, 'destination_path')
    if 'range' in body:
        raise UnsupportedError(
            'This simulator clones whole files only.', target='range'
        )
    overwrite = optional_flag(body, 'overwrite_destination')

    def work(job: Job) -> None:
        call.cluster.files.clone(volume, source, destination, overwrite)
        call.cluster.count_clone('file')

    return run_job(
        call,
        'POST /api/storage/file/clone',
        work,
        status=HTTPStatus.CREATED,
        svm=volume.svm,
    )


def split_status(call: Call) -> Answer:
    """What clones share; clones are never split here."""
    if _split_status_is_empty(call):
        return collection(call, [], 'volume', 'svm')
    return collection(
        call,
        [_split_status(call, volume) for volume in call.volumes()],
        'volume',
        'svm',
        'pending_splits',
        'unsplit_size',
    )


def split_loads(call: Call) -> Answer:
    if _split_status_is_empty(call):
        return collection(call, [], 'node')
    return collection(call, _split_loads(call), 'node')


def split_load_of_node(call: Call) -> Answer:
    _split_status_is_empty(call)
    for record in _split_loads(call):
        if record['node']['uuid'] == call['uuid']:
            return instance(call, record, 'node')
    raise NoSuchEntryError('node.uuid')


def _split_status_is_empty(call: Call) -> bool:
    """
    :raises NotPermittedError: it is not shown at all
    """
    shown = call.cluster.personality.split_status
    if shown == 'refused':
        raise NotPermittedError
    return shown == 'empty'


def _split_status(call: Call, volume: FlexVol) -> Record:
    record: Record = {
        'volume': volume.reference(),
        'svm': volume.svm.reference(),
        'pending_splits': call.cluster.shared_data.pending_splits(volume),
        'unsplit_size': 0,
    }
    # Measuring reads every extent: only for FlexVols that are asked about.
    names = {
        name: text
        for name, text in call.query.filters
        if name.startswith(('volume.', 'svm.'))
    }
    if Query(urlencode(names)).matches(record):
        record['unsplit_size'] = call.cluster.shared_data.unsplit_size(volume)
    return record


def _split_loads(call: Call) -> list[Record]:
    settings = call.cluster.settings
    return [
        split_load(node, settings.split_load_maximum, settings.split_load)
        for node in call.cluster.nodes
    ]


def _body_volume(call: Call, reference: Record) -> FlexVol:
    if not (reference.get('uuid') or reference.get('name')):
        raise MissingFieldError('volume.uuid')
    return call.cluster.find_volume(reference, call.svm)
