"""/storage/namespaces."""

from ontap_simulator.exceptions import InvalidValueError
from ontap_simulator.models import block_requests
from ontap_simulator.models.block import BlockObject, Place
from ontap_simulator.models.block_objects import LUN_BLOCK, NAMESPACE_BLOCK
from ontap_simulator.models.volumes import Svm, link
from ontap_simulator.query import Record, value
from ontap_simulator.responses import block, changes
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    instance,
)


def list_namespaces(call: Call) -> Answer:
    return collection(
        call,
        [
            _record(call, found)
            for found in block.visible(call, call.cluster.namespaces)
        ],
    )


def get_namespace(call: Call) -> Answer:
    return instance(
        call, _record(call, block.visible_one(call, call.cluster.namespaces))
    )


def create_namespace(call: Call) -> Answer:
    namespaces, body = call.cluster.namespaces, call.body
    way = block_requests.way_of(body, namespaces.codes)
    svm = block.body_svm(call, body)
    if way == 'convert':
        lun = _lun(call, body, svm)
        mapped = call.cluster.lun_maps.is_mapped(lun.uuid)
        return changes.made(
            call,
            namespaces,
            lambda uuid: namespaces.convert(lun, uuid, mapped),
            lambda found: _record(call, found),
            at_once=True,
        )
    place = block.place(call, namespaces, body, svm)
    make = _create if way == 'create' else _clone
    return changes.made(
        call,
        namespaces,
        lambda uuid: make(call, place, uuid),
        lambda found: _record(call, found),
    )


def patch_namespace(call: Call) -> Answer:
    namespaces = call.cluster.namespaces
    found = block.visible_one(call, namespaces)
    return changes.altered(
        call, namespaces, lambda: changes.change(call, namespaces, found)
    )


def patch_namespaces(call: Call) -> Answer:
    return changes.patch_all(
        call, call.cluster.namespaces, lambda found: _record(call, found)
    )


def delete_namespace(call: Call) -> Answer:
    namespaces = call.cluster.namespaces
    found = block.visible_one(call, namespaces)
    return changes.altered(call, namespaces, lambda: _delete(call, found))


def delete_namespaces(call: Call) -> Answer:
    return changes.delete_all(
        call,
        call.cluster.namespaces,
        lambda found: _record(call, found),
        lambda found: _delete(call, found),
    )


def _create(call: Call, place: Place, uuid: str) -> BlockObject:
    namespaces, body = call.cluster.namespaces, call.body
    block_size = _block_size(body)
    return namespaces.create(
        place,
        namespaces.new(
            uuid,
            place,
            os_type=body['os_type'],
            block_size=block_size,
            size=block_requests.size_of(body, namespaces.codes, block_size),
            **block.settings(call, body),
        ),
    )


def _clone(call: Call, place: Place, uuid: str) -> BlockObject:
    namespaces, body = call.cluster.namespaces, call.body
    source = block.clone_source(call, namespaces, body, place.volume.svm)
    return namespaces.clone(
        place,
        source,
        namespaces.new(
            uuid,
            place,
            os_type=source.os_type,
            size=source.size,
            block_size=source.block_size,
            **block.settings(call, body),
        ),
    )


def _delete(call: Call, found: BlockObject) -> None:
    call.cluster.namespaces.delete(found, call.query.flag('allow_delete_while_mapped'))


def _lun(call: Call, body: Record, svm: Svm) -> BlockObject:
    return block.source(
        call,
        call.cluster.luns,
        value(body, 'convert.lun'),
        svm,
        'convert.lun',
        lambda text: call.cluster.namespaces.codes.error(
            'convert_missing', text, 'convert.lun'
        ),
    )


def _block_size(body: Record) -> int:
    default = LUN_BLOCK if body['os_type'] == 'vmware' else NAMESPACE_BLOCK
    found = value(body, 'space.block_size', default=default)
    if str(found) not in {str(LUN_BLOCK), str(NAMESPACE_BLOCK)}:
        raise InvalidValueError('space.block_size', found)
    return int(found)


def _record(call: Call, found: BlockObject) -> Record:
    shown = block.record(call, found)
    shown['space']['block_size'] = found.block_size
    subsystems = call.cluster.subsystems
    if call.query.asks_for('status.mapped'):
        shown['status']['mapped'] = subsystems.is_mapped(found.uuid)
    if call.query.asks_for('subsystem_map'):
        shown |= _map(call, found)
    return shown


def _map(call: Call, found: BlockObject) -> Record:
    for (subsystem, namespace), number in call.cluster.subsystems.maps().items():
        if namespace == found.uuid:
            system = call.cluster.subsystems.get(subsystem)
            return {
                'subsystem_map': {
                    'nsid': f'{number:08x}h',
                    'subsystem': {
                        'uuid': subsystem,
                        'name': system['name'],
                        '_links': system['_links'],
                    },
                    '_links': link(
                        f'/protocols/nvme/subsystem-maps/{subsystem}/{namespace}'
                    ),
                }
            }
    return {}
