"""/storage/luns, its attributes, and the LUN's copies."""

import dataclasses

from ontap_simulator.block_exceptions import (
    ATTRIBUTE_EXISTS,
    ATTRIBUTE_MISSING,
    BlockError,
)
from ontap_simulator.exceptions import InvalidValueError
from ontap_simulator.models import block_requests
from ontap_simulator.models.block import BlockObject, Place, new_serial_number
from ontap_simulator.models.block_objects import LUN_BLOCK
from ontap_simulator.models.peers import LUN_COPY
from ontap_simulator.models.volumes import Svm, link
from ontap_simulator.query import Record, value
from ontap_simulator.responses import block, changes
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    instance,
    required,
    with_faults,
)

_COPY_FAULTS = ('job_fails', 'job_stalls')
_MEGABYTE = 1 << 20


def list_luns(call: Call) -> Answer:
    return collection(
        call, [_record(call, lun) for lun in block.visible(call, call.cluster.luns)]
    )


def get_lun(call: Call) -> Answer:
    return instance(call, _record(call, block.visible_one(call, call.cluster.luns)))


def create_lun(call: Call) -> Answer:
    luns, body = call.cluster.luns, call.body
    way = block_requests.way_of(body, luns.codes)
    svm = block.body_svm(call, body)
    if way == 'convert':
        namespace = _namespace(call, body, svm)
        mapped = call.cluster.subsystems.is_mapped(namespace.uuid)
        return changes.made(
            call,
            luns,
            lambda uuid: luns.convert(namespace, uuid, mapped),
            lambda lun: _record(call, lun),
            at_once=True,
        )
    place = block.place(call, luns, body, svm)
    if way == 'copy':
        return _copy(call, place, svm)
    make = _create if way == 'create' else _clone
    return changes.made(
        call, luns, lambda uuid: make(call, place, uuid), lambda lun: _record(call, lun)
    )


def patch_lun(call: Call) -> Answer:
    luns = call.cluster.luns
    lun = block.visible_one(call, luns)
    return changes.altered(call, luns, lambda: changes.change(call, luns, lun))


def patch_luns(call: Call) -> Answer:
    return changes.patch_all(call, call.cluster.luns, lambda lun: _record(call, lun))


def delete_lun(call: Call) -> Answer:
    luns = call.cluster.luns
    lun = block.visible_one(call, luns)
    return changes.altered(call, luns, lambda: _delete(call, lun))


def delete_luns(call: Call) -> Answer:
    return changes.delete_all(
        call,
        call.cluster.luns,
        lambda lun: _record(call, lun),
        lambda lun: _delete(call, lun),
    )


def list_attributes(call: Call) -> Answer:
    lun = block.visible_one(call, call.cluster.luns)
    return collection(
        call, [_attribute(lun, name) for name in lun.attributes], 'name', 'lun'
    )


def create_attribute(call: Call) -> Answer:
    lun = block.visible_one(call, call.cluster.luns)
    name, text = block_requests.attribute(call.body)
    if name in lun.attributes:
        raise BlockError(
            ATTRIBUTE_EXISTS, f'The attribute "{name}" exists already.', 'name'
        )
    _set_attributes(call, lun, {**lun.attributes, name: text})
    return Answer(
        status=201,
        headers={'Location': f'/api/storage/luns/{lun.uuid}/attributes/{name}'},
    )


def get_attribute(call: Call) -> Answer:
    lun = _with_attribute(call)
    return instance(call, _attribute(lun, call['name']), 'name', 'lun')


def patch_attribute(call: Call) -> Answer:
    lun = _with_attribute(call)
    name, text = block_requests.attribute(
        {'name': call['name'], 'value': required(call.body, 'value')}
    )
    _set_attributes(call, lun, {**lun.attributes, name: text})
    return Answer()


def delete_attribute(call: Call) -> Answer:
    lun = _with_attribute(call)
    _set_attributes(
        call,
        lun,
        {key: text for key, text in lun.attributes.items() if key != call['name']},
    )
    return Answer()


def _create(call: Call, place: Place, uuid: str) -> BlockObject:
    luns, body = call.cluster.luns, call.body
    return luns.create(
        place,
        luns.new(
            uuid,
            place,
            os_type=body['os_type'],
            size=block_requests.size_of(body, luns.codes, LUN_BLOCK),
            attributes=block_requests.attributes(body),
            **block.settings(call, body),
        ),
    )


def _clone(call: Call, place: Place, uuid: str) -> BlockObject:
    luns, body = call.cluster.luns, call.body
    source = block.clone_source(call, luns, body, place.volume.svm)
    return luns.clone(
        place,
        source,
        luns.new(
            uuid,
            place,
            os_type=source.os_type,
            size=source.size,
            attributes=source.attributes,
            **block.settings(call, body),
        ),
    )


def _copy(call: Call, place: Place, svm: Svm) -> Answer:
    """The LUN is made at once; its data comes later."""
    cluster, body = call.cluster, call.body
    source = block.source(
        call,
        cluster.luns,
        value(body, 'copy.source'),
        _source_svm(call, svm),
        'copy.source',
        lambda text: cluster.luns.codes.error('clone_missing', text, 'copy.source'),
    )
    most = _throughput(body)
    # These faults are about the copy, not about the job that begins it.
    faults = [fault for fault in call.faults if fault.kind in _COPY_FAULTS]
    rest = [fault for fault in call.faults if fault.kind not in _COPY_FAULTS]

    def begin(uuid: str) -> BlockObject:
        copies = cluster.lun_copies
        copies.reserve()
        try:
            lun = cluster.luns.create(
                place,
                dataclasses.replace(
                    source,
                    uuid=uuid,
                    svm=svm.name,
                    volume=place.volume.name,
                    path=place.path,
                    copying=True,
                    from_file='',
                    created=cluster.clock.time(),
                    thin_provisioning=False,
                    serial_number=new_serial_number(uuid),
                ),
            )
        except BaseException:
            copies.release()
            raise
        work = copies.work(source, lun, most)
        copies.start(source, lun, most, with_faults(faults, work, copies.release))
        return lun

    return changes.made(
        dataclasses.replace(call, faults=rest),
        cluster.luns,
        begin,
        lambda lun: _record(call, lun),
    )


def _source_svm(call: Call, svm: Svm) -> Svm:
    """The SVM that a copy reads from: the peer, if one is named."""
    peer = value(call.body, 'copy.source.peer', default={})
    name = peer.get('name') or peer.get('uuid')
    if not name:
        return svm
    return call.cluster.peers.peer_for(svm, str(name), LUN_COPY, call.cluster.svms)


def _namespace(call: Call, body: Record, svm: Svm) -> BlockObject:
    return block.source(
        call,
        call.cluster.namespaces,
        value(body, 'convert.namespace'),
        svm,
        'convert.namespace',
        lambda text: call.cluster.luns.codes.error(
            'convert_missing', text, 'convert.namespace'
        ),
    )


def _delete(call: Call, lun: BlockObject) -> None:
    call.cluster.luns.delete(
        lun,
        call.query.flag('allow_delete_while_mapped'),
        before=lambda: call.cluster.lun_copies.cancel(lun.uuid),
    )


def _throughput(body: Record) -> int:
    most = value(body, 'copy.source.max_throughput', default=0)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise InvalidValueError('copy.source.max_throughput', most)
    return -(-most // _MEGABYTE) * _MEGABYTE


def _with_attribute(call: Call) -> BlockObject:
    lun = block.visible_one(call, call.cluster.luns)
    if call['name'] not in lun.attributes:
        raise BlockError(
            ATTRIBUTE_MISSING, 'The specified attribute was not found.', 'name'
        )
    return lun


def _set_attributes(call: Call, lun: BlockObject, attributes: dict[str, str]) -> None:
    call.cluster.luns.change(lun, attributes=attributes)


def _attribute(lun: BlockObject, name: str) -> Record:
    return {
        'lun': {'uuid': lun.uuid},
        'name': name,
        'value': lun.attributes[name],
        '_links': link(f'/storage/luns/{lun.uuid}/attributes/{name}'),
    }


def _record(call: Call, lun: BlockObject) -> Record:
    shown = block.record(call, lun)
    shown['class'] = 'regular'
    shown['serial_number'] = lun.serial_number
    shown['serial_number_hex'] = lun.serial_number.encode().hex()
    shown['space']['scsi_thin_provisioning_support_enabled'] = lun.thin_provisioning
    shown |= _costly(call, lun)
    if call.query.asks_for('status.mapped'):
        shown['status']['mapped'] = call.cluster.lun_maps.is_mapped(lun.uuid)
    return shown


def _costly(call: Call, lun: BlockObject) -> Record:
    """What is not shown unless it is asked for by name."""
    shown: Record = {}
    if call.query.asks_for('lun_maps'):
        shown['lun_maps'] = _maps(call, lun)
    if call.query.asks_for('copy'):
        shown['copy'] = call.cluster.lun_copies.record(lun)
    if call.query.asks_for('attributes'):
        shown['attributes'] = [
            {'name': name, 'value': text} for name, text in lun.attributes.items()
        ]
    return {name: content for name, content in shown.items() if content}


def _maps(call: Call, lun: BlockObject) -> list[Record]:
    shown = []
    for (uuid, igroup), number in call.cluster.lun_maps.all().items():
        if uuid == lun.uuid:
            group = call.cluster.igroups.get(igroup)
            shown.append(
                {
                    'logical_unit_number': number,
                    'igroup': {
                        'uuid': igroup,
                        'name': group['name'],
                        '_links': group['_links'],
                    },
                    '_links': link(f'/protocols/san/lun-maps/{lun.uuid}/{igroup}'),
                }
            )
    return shown
