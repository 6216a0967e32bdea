"""/storage/luns/{uuid}/attributes: names and texts that a LUN carries."""

from http import HTTPStatus

from ontap_simulator.errors.block import (
    ATTRIBUTE_EXISTS,
    ATTRIBUTE_MISSING,
    BlockError,
)
from ontap_simulator.models import lun_attributes
from ontap_simulator.models.block import BlockObject
from ontap_simulator.records import Record, link
from ontap_simulator.responses import block
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required


def list_attributes(call: Call) -> Answer:
    lun = block.visible_one(call, call.cluster.luns)
    return collection(
        call, [_attribute(lun, name) for name in lun.attributes], 'name', 'lun'
    )


def create_attribute(call: Call) -> Answer:
    lun = block.visible_one(call, call.cluster.luns)
    name, text = lun_attributes.attribute(call.body)
    if name in lun.attributes:
        raise BlockError(
            ATTRIBUTE_EXISTS, f'The attribute "{name}" exists already.', 'name'
        )
    _set_attributes(call, lun, {**lun.attributes, name: text})
    return Answer(
        status=HTTPStatus.CREATED,
        headers={'Location': f'/api/storage/luns/{lun.uuid}/attributes/{name}'},
    )


def get_attribute(call: Call) -> Answer:
    lun = _with_attribute(call)
    return instance(call, _attribute(lun, call['name']), 'name', 'lun')


def patch_attribute(call: Call) -> Answer:
    lun = _with_attribute(call)
    name, text = lun_attributes.attribute(
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
