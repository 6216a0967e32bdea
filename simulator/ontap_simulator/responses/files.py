"""/storage/volumes/{uuid}/files, /storage/file/clone and /storage/file/copy."""

import errno
import stat
from urllib.parse import unquote, urlencode

from ontap_simulator.exceptions import (
    FileError,
    InvalidValueError,
    MissingFieldError,
    NoSuchEntryError,
    NotPeeredError,
    SeveralVolumesError,
    UnexpectedArgumentError,
    UnsupportedError,
)
from ontap_simulator.models.copies import Pair
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.peers import FILE_COPY
from ontap_simulator.models.shared_data import split_load
from ontap_simulator.models.source_watch import FileRef
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.query import Query, Record, value
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    instance,
    optional_flag,
    required,
    run_job,
)
from ontap_simulator.responses.storage import visible_volume

_DIRECTORY_MODE = '755'
_MEGABYTE = 1_000_000


def get_file(call: Call) -> Answer:
    volume, path = visible_volume(call), _path(call)
    if not call.query.flag('return_metadata'):
        return collection(
            call, call.cluster.files.list(volume, path), 'path', 'name', 'type'
        )
    record = call.cluster.files.stat(volume, path)
    return instance(call, record, 'path', 'name', 'type')


def post_file(call: Call) -> Answer:
    body = call.body
    if value(body, 'type') != 'directory':
        raise InvalidValueError('type', value(body, 'type'))
    mode = str(value(body, 'unix_permissions', default=_DIRECTORY_MODE))
    try:
        bits = int(mode, 8)
    except ValueError as err:
        raise InvalidValueError('unix_permissions', mode) from err
    call.cluster.files.make_directory(visible_volume(call), _path(call), bits)
    return Answer(status=201)


def patch_file(call: Call) -> Answer:
    """Rename or resize; a QoS policy is taken note of by nobody."""
    if call.query.get('return_timeout'):
        # Clone, copy and delete have it; the reference of this call does not.
        raise UnexpectedArgumentError('return_timeout')
    volume, path, body = visible_volume(call), _path(call), call.body
    to = value(body, 'path')
    if to is not None:
        # Cinder encodes the new path as it does the old one in the URL.
        call.cluster.files.rename(volume, path, unquote(str(to)))
    elif 'size' in body:
        call.cluster.files.resize(volume, path, _size(body))
    elif 'qos_policy' in body:
        _check_policy(call, volume, path, body)
    else:
        raise MissingFieldError('path')
    return Answer()


def delete_file(call: Call) -> Answer:
    call.cluster.files.delete(
        visible_volume(call), _path(call), call.query.flag('recurse')
    )
    return Answer()


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
        call, 'POST /api/storage/file/clone', work, status=201, svm=volume.svm
    )


def copy_files(call: Call) -> Answer:
    body = call.body
    pairs = [_pair(call, entry) for entry in required(body, 'files_to_copy', list)]
    if not pairs:
        raise MissingFieldError('files_to_copy')
    _check_volumes(call, pairs)
    for pair in pairs:
        call.cluster.files.stat(pair.source.volume, pair.source.path)
        call.cluster.files.check_plain(pair.source.volume, pair.source.path)
    copies = call.cluster.copies
    most = _throughput(body)
    call.query.return_timeout  # noqa: B018 - refused before places are taken
    copies.reserve(len(pairs))
    return run_job(
        call,
        'POST /api/storage/file/copy',
        copies.work(pairs, most),
        status=201,
        svm=pairs[0].source.volume.svm,
        abandoned=lambda: copies.release(len(pairs)),
    )


def split_status(call: Call) -> Answer:
    """What clones share; clones are never split here."""
    return collection(
        call,
        [_split_status(call, volume) for volume in call.volumes()],
        'volume',
        'svm',
        'pending_splits',
        'unsplit_size',
    )


def split_loads(call: Call) -> Answer:
    return collection(call, _split_loads(call), 'node')


def split_load_of_node(call: Call) -> Answer:
    for record in _split_loads(call):
        if record['node']['uuid'] == call['uuid']:
            return instance(call, record, 'node')
    raise NoSuchEntryError('node.uuid')


def _split_status(call: Call, volume: FlexVol) -> Record:
    record: Record = {
        'volume': volume.reference(),
        'svm': volume.svm.reference(),
        'pending_splits': call.cluster.shared_data.pending_splits(volume),
        'unsplit_size': 0,
    }
    # Measuring reads every extent: not for FlexVols that are not asked about.
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


def _path(call: Call) -> str:
    # A server may hand over %2F as it is, or as a slash; "." as %2E.
    return unquote(call.parameters.get('path', ''))


def _size(body: Record) -> int:
    text = str(body['size'])
    if not text.isdecimal():
        raise InvalidValueError('size', text)
    return int(text)


def _check_policy(call: Call, volume: FlexVol, path: str, body: Record) -> None:
    call.cluster.files.stat(volume, path)
    name = value(body, 'qos_policy.name')
    if name not in {'', 'none'} and not any(
        name in {policy['name'], policy['uuid']} for policy in call.cluster.qos.all()
    ):
        raise InvalidValueError('qos_policy.name', name)


def _body_volume(call: Call, reference: Record) -> FlexVol:
    if not (reference.get('uuid') or reference.get('name')):
        raise MissingFieldError('volume.uuid')
    return call.cluster.find_volume(reference, call.svm)


def _pair(call: Call, entry: object) -> Pair:
    if not isinstance(entry, dict):
        raise InvalidValueError('files_to_copy', entry)
    source = _file(call, entry, 'source')
    destination = _file(call, entry, 'destination')
    return Pair(source, _into_directory(destination, source))


def _file(call: Call, entry: Record, end: str) -> FileRef:
    reference = value(entry, f'{end}.volume', default={})
    if not (reference.get('uuid') or reference.get('name')):
        raise MissingFieldError(f'files_to_copy.{end}.volume.uuid')
    name = value(entry, f'{end}.svm.name') or value(entry, f'{end}.svm.uuid')
    volume = call.cluster.find_volume(
        reference, call.cluster.svm(name) if name else call.svm
    )
    path = required(entry, f'{end}.path')
    return FileRef(volume, _without_volume(volume, path))


def _without_volume(volume: FlexVol, path: str) -> str:
    """Cinder puts the volume's name in front of a path."""
    first, _, rest = path.lstrip('/').partition('/')
    if not rest or first != volume.name:
        return path
    try:
        volume.directory.stat(first)
    except OSError:
        return rest
    return path


def _into_directory(destination: FileRef, source: FileRef) -> FileRef:
    try:
        mode = destination.volume.directory.stat(destination.path).st_mode
    except OSError:
        return destination
    if not stat.S_ISDIR(mode):
        raise FileError(errno.EEXIST, destination.path)
    name = source.path.rpartition('/')[2]
    return FileRef(destination.volume, f'{destination.path}/{name}')


def _check_volumes(call: Call, pairs: list[Pair]) -> None:
    source, destination = pairs[0].source.volume, pairs[0].destination.volume
    if any(
        (pair.source.volume, pair.destination.volume) != (source, destination)
        for pair in pairs
    ):
        raise SeveralVolumesError
    if source.svm != destination.svm and not call.cluster.peers.allow(
        source.svm, destination.svm, FILE_COPY
    ):
        raise NotPeeredError(source.svm.name, destination.svm.name)


def _throughput(body: Record) -> int:
    most = value(body, 'max_throughput', default=0)
    if not isinstance(most, int) or most < 0:
        raise InvalidValueError('max_throughput', most)
    return max(most - most % _MEGABYTE, _MEGABYTE) if most else 0
