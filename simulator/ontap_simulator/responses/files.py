"""/storage/volumes/{uuid}/files."""

from http import HTTPStatus
from urllib.parse import unquote

from ontap_simulator.errors.common import (
    InvalidValueError,
    MissingFieldError,
)
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.storage import visible_volume

_DIRECTORY_MODE = '755'


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
    return Answer(status=HTTPStatus.CREATED)


def patch_file(call: Call) -> Answer:
    """Rename or resize. A QoS policy is checked, and has no effect."""
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
