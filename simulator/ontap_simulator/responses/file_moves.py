"""/storage/file/moves: files get another FlexVol, and take no time for it here."""

import uuid
from http import HTTPStatus

from ontap_simulator.errors.common import InvalidValueError, MissingFieldError
from ontap_simulator.models.files import file_errors
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, link, value
from ontap_simulator.responses.base import Answer, Call, collection
from ontap_simulator.responses.jobs import run_job

_PATH = '/storage/file/moves'
Place = tuple[FlexVol, str]


def list_moves(call: Call) -> Answer:
    found = call.cluster.kept.collection('file_moves').all()
    return collection(call, found, 'uuid', 'index', 'node')


def move_files(call: Call) -> Answer:
    moves = call.body.get('files_to_move')
    if not isinstance(moves, dict):
        raise MissingFieldError('files_to_move')
    sources = [_place(call, each) for each in moves.get('sources', [])]
    destinations = [_place(call, each) for each in moves.get('destinations', [])]
    pairs = _pairs(sources, destinations)
    for volume, path in (*sources, *destinations):
        call.cluster.files.check_plain(volume, path)
    identifier, node = str(uuid.uuid4()), call.cluster.nodes[0].reference()
    kept = call.cluster.kept.collection('file_moves')

    def work(job: Job) -> None:
        for index, ((volume, path), (other, to)) in enumerate(pairs):
            with file_errors(path):
                volume.directory.move(path, other.directory, to)
            kept.add(
                {
                    'uuid': identifier,
                    'index': index,
                    'node': node,
                    'source': _shown(volume, path),
                    'destination': _shown(other, to),
                    'scanner': {'state': 'complete', 'percent': 100},
                    '_links': link(f'{_PATH}/{node["uuid"]}/{identifier}/{index}'),
                }
            )

    answer = run_job(call, f'POST /api{_PATH}', work, status=HTTPStatus.CREATED)
    location = f'/api{_PATH}/{node["uuid"]}/{identifier}/0'
    return Answer(answer.body, answer.status, {'Location': location})


def get_move(call: Call) -> Answer:
    found = [
        record
        for record in call.cluster.kept.collection('file_moves').all()
        if record['uuid'] == call['uuid']
    ]
    return Answer(found[0] if found else {})


def _place(call: Call, reference: Record) -> Place:
    svm = value(reference, 'svm.name')
    volume = call.cluster.find_volume(
        value(reference, 'volume', default={}), call.cluster.svm(svm) if svm else None
    )
    return volume, str(reference.get('path', ''))


def _pairs(
    sources: list[Place], destinations: list[Place]
) -> list[tuple[Place, Place]]:
    if len(destinations) == 1 and destinations[0][1].endswith('/'):
        volume, directory = destinations[0]
        destinations = [
            (volume, directory + path.rpartition('/')[2]) for _, path in sources
        ]
    if len(sources) != len(destinations) or not sources:
        raise InvalidValueError('files_to_move', len(destinations))
    return list(zip(sources, destinations, strict=True))


def _shown(volume: FlexVol, path: str) -> Record:
    return {'volume': volume.reference(), 'svm': volume.svm.reference(), 'path': path}
