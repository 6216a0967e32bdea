"""/protocols/san/lun-maps."""

from ontap_simulator.errors.block import (
    MAP_NEEDS_IGROUP,
    MAP_NEEDS_LUN,
    MAP_NO_IGROUP,
    MAP_NO_LUN,
    NO_SUCH_NODE,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError, NoSuchEntryError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.lun_maps import HIGHEST_NUMBER
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link, value
from ontap_simulator.responses import block, block_sources
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    created,
    instance,
    visible_records,
)

_MAPS = '/protocols/san/lun-maps'


def list_maps(call: Call) -> Answer:
    return collection(call, _maps(call), 'lun', 'igroup', 'svm')


def get_map(call: Call) -> Answer:
    return instance(
        call, _map(call, call['lun'], call['igroup']), 'lun', 'igroup', 'svm'
    )


def create_map(call: Call) -> Answer:
    body = call.body
    svm = block.body_svm(call, body)
    lun = _body_lun(call, body, svm)
    igroup = _body_igroup(call, body, svm)
    number = value(body, 'logical_unit_number')
    if number is not None and (
        type(number) is not int or not 0 <= number <= HIGHEST_NUMBER
    ):
        raise InvalidValueError('logical_unit_number', number)
    call.cluster.lun_maps.create(lun, igroup, number)
    return created(
        call,
        f'{_MAPS}/{lun.uuid}/{igroup["uuid"]}',
        [_map(call, lun.uuid, igroup['uuid'])],
    )


def delete_map(call: Call) -> Answer:
    call.cluster.luns.get(call['lun'])
    if all(group['uuid'] != call['igroup'] for group in call.cluster.igroups.all()):
        raise BlockError(MAP_NO_IGROUP, 'The igroup does not exist.')
    call.cluster.lun_maps.delete(call['lun'], call['igroup'])
    return Answer()


def delete_maps(call: Call) -> Answer:
    found = [each for each in _maps(call) if call.query.matches(each)]
    for each in found:
        call.cluster.lun_maps.delete(each['lun']['uuid'], each['igroup']['uuid'])
    return Answer({'num_records': len(found)})


def _maps(call: Call) -> list[Record]:
    return visible_records(
        call, [_map(call, *key) for key in call.cluster.lun_maps.all()]
    )


def _map(call: Call, lun: str, igroup: str) -> Record:
    number = call.cluster.lun_maps.get(lun, igroup)
    found, group = call.cluster.luns.get(lun), call.cluster.igroups.get(igroup)
    return {
        'lun': lun_reference(found),
        'svm': group['svm'],
        'igroup': {
            key: group[key] for key in ('uuid', 'name', 'protocol', 'os_type', '_links')
        },
        'logical_unit_number': number,
        'reporting_nodes': _reporting(call, lun, igroup),
        '_links': link(f'{_MAPS}/{lun}/{igroup}'),
    }


def list_reporting_nodes(call: Call) -> Answer:
    _map(call, call['lun'], call['igroup'])
    found = _reporting(call, call['lun'], call['igroup'])
    return collection(call, [_node(call, node) for node in found])


def get_reporting_node(call: Call) -> Answer:
    for node in _reporting(call, call['lun'], call['igroup']):
        if node['uuid'] == call['uuid']:
            return instance(call, _node(call, node))
    raise NoSuchEntryError('uuid')


def add_reporting_node(call: Call) -> Answer:
    _map(call, call['lun'], call['igroup'])
    body = call.body
    for node in call.cluster.nodes:
        if {body.get('name', node.name), body.get('uuid', node.uuid)} == {
            node.name,
            node.uuid,
        }:
            call.cluster.lun_maps.report(call['lun'], call['igroup'], node.name, True)
            shown = _node(call, node.reference())
            return created(call, shown['_links']['self']['href'][4:], [shown])
    raise BlockError(NO_SUCH_NODE, 'The node does not exist.', 'name')


def remove_reporting_node(call: Call) -> Answer:
    for node in _reporting(call, call['lun'], call['igroup']):
        if node['uuid'] == call['uuid']:
            call.cluster.lun_maps.report(
                call['lun'], call['igroup'], node['name'], False
            )
            return Answer()
    raise NoSuchEntryError('uuid')


def _reporting(call: Call, lun: str, igroup: str) -> list[Record]:
    """The nodes by which the initiators reach the LUN: its owner, and those added."""
    volume = call.cluster.block.volume(call.cluster.luns.get(lun))
    names = {volume.aggregate.node.name, *call.cluster.lun_maps.nodes(lun, igroup)}
    return [n.reference() for n in call.cluster.nodes if n.name in names]


def _node(call: Call, node: Record) -> Record:
    path = f'{_MAPS}/{call["lun"]}/{call["igroup"]}/reporting-nodes/{node["uuid"]}'
    return {**node, '_links': link(path)}


def lun_reference(lun: BlockObject) -> Record:
    return {
        'uuid': lun.uuid,
        'name': lun.name,
        '_links': link(f'/storage/luns/{lun.uuid}'),
    }


def _body_lun(call: Call, body: Record, svm: Svm) -> BlockObject:
    if not (value(body, 'lun.uuid') or value(body, 'lun.name')):
        raise BlockError(MAP_NEEDS_LUN, 'A LUN map needs a LUN.', 'lun.name')
    return block_sources.source(
        call,
        call.cluster.luns,
        body['lun'],
        svm,
        'lun',
        lambda text: BlockError(MAP_NO_LUN, text, 'lun'),
    )


def _body_igroup(call: Call, body: Record, svm: Svm) -> Record:
    wanted = value(body, 'igroup', default={})
    if not (wanted.get('uuid') or wanted.get('name')):
        raise BlockError(MAP_NEEDS_IGROUP, 'A LUN map needs an igroup.', 'igroup.name')
    for group in call.cluster.igroups.all():
        if group['svm']['name'] == svm.name and all(
            wanted.get(key) in {None, group[key]} for key in ('uuid', 'name')
        ):
            return group
    raise BlockError(MAP_NO_IGROUP, 'The specified igroup does not exist.', 'igroup')
