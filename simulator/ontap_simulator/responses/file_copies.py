"""/storage/file/copy."""

import errno
import stat
from http import HTTPStatus

from ontap_simulator.errors.common import (
    InvalidValueError,
    MissingFieldError,
    NoSuchSvmError,
    NoSuchVolumeError,
)
from ontap_simulator.errors.files import (
    NO_SUCH_SVM,
    NO_SUCH_VOLUME,
    CopyPlaceError,
    FileError,
    NotPeeredError,
    SeveralVolumesError,
)
from ontap_simulator.models.copies import Pair
from ontap_simulator.models.peers import FILE_COPY
from ontap_simulator.models.source_watch import FileRef
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job

_MEGABYTE = 1_000_000


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
        status=HTTPStatus.CREATED,
        svm=pairs[0].source.volume.svm,
        abandoned=lambda: copies.release(len(pairs)),
    )


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
    volume = _volume(call, entry, end, reference)
    path = _resolved(call, entry, end, volume)
    return FileRef(volume, call.cluster.files.followed(volume, path))


def _volume(call: Call, entry: Record, end: str, reference: Record) -> FlexVol:
    name = value(entry, f'{end}.svm.name') or value(entry, f'{end}.svm.uuid')
    try:
        svm = call.cluster.svm(name) if name else call.svm
    except NoSuchSvmError as err:
        raise CopyPlaceError(NO_SUCH_SVM, err.message) from err
    try:
        return call.cluster.find_volume(reference, svm)
    except NoSuchVolumeError as err:
        raise CopyPlaceError(NO_SUCH_VOLUME, err.message) from err


def _resolved(call: Call, entry: Record, end: str, volume: FlexVol) -> str:
    path = str(required(entry, f'{end}.path'))
    wanted = call.cluster.personality.copy_path
    if wanted == 'relative':
        return path
    inside = _without_volume(volume, path)
    if wanted == 'with_volume' and inside == path:
        raise FileError(errno.ENOENT, path)
    return inside


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
        raise NotPeeredError(
            source.svm.name,
            destination.svm.name,
            call.cluster.peers.why_not(source.svm, destination.svm, FILE_COPY),
        )


def _throughput(body: Record) -> int:
    most = value(body, 'max_throughput', default=0)
    if not isinstance(most, int) or most < 0:
        raise InvalidValueError('max_throughput', most)
    return max(most - most % _MEGABYTE, _MEGABYTE) if most else 0
