"""/protocols/san: igroups, LUN maps, the iSCSI and FC services."""

import uuid

from ontap_simulator.block_exceptions import (
    FCP_SERVICE_MISSING,
    IGROUP_MISSING,
    ISCSI_SERVICE_MISSING,
    MAP_NEEDS_IGROUP,
    MAP_NEEDS_LUN,
    MAP_NO_IGROUP,
    MAP_NO_LUN,
    BlockError,
)
from ontap_simulator.exceptions import InvalidValueError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.igroups import initiator_names
from ontap_simulator.models.lun_maps import HIGHEST_NUMBER
from ontap_simulator.models.services import SanService
from ontap_simulator.models.volumes import Svm, link
from ontap_simulator.query import Record, value
from ontap_simulator.responses import block
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    created,
    instance,
    visible_records,
)

_IGROUPS = '/protocols/san/igroups'
_MAPS = '/protocols/san/lun-maps'


def list_igroups(call: Call) -> Answer:
    return collection(
        call,
        [
            _igroup(call, group)
            for group in visible_records(call, call.cluster.igroups.all())
        ],
    )


def get_igroup(call: Call) -> Answer:
    return instance(call, _igroup(call, _own_igroup(call)))


def create_igroup(call: Call) -> Answer:
    body = call.body
    svm = block.body_svm(call, body)
    identifier = str(uuid.uuid4())
    taken = {
        s['name'] for s in call.cluster.subsystems.all() if s['svm']['name'] == svm.name
    }
    call.cluster.igroups.create(identifier, svm, body, taken)
    return created(
        call,
        f'{_IGROUPS}/{identifier}',
        [_igroup(call, call.cluster.igroups.get(identifier))],
    )


def patch_igroup(call: Call) -> Answer:
    call.cluster.igroups.update(_own_igroup(call)['uuid'], call.body)
    return Answer()


def delete_igroup(call: Call) -> Answer:
    _own_igroup(call)
    call.cluster.lun_maps.free_igroup(
        call['uuid'], call.query.flag('allow_delete_while_mapped')
    )
    call.cluster.igroups.delete(call['uuid'])
    return Answer()


def list_initiators(call: Call) -> Answer:
    group = _own_igroup(call)
    return collection(
        call,
        [_initiator(group, found) for found in group.get('initiators', [])],
        'name',
        'igroup',
    )


def create_initiators(call: Call) -> Answer:
    group, body = _own_igroup(call), call.body
    names = initiator_names(body.get('records') or ([body] if body.get('name') else []))
    call.cluster.lun_maps.check_new_initiators(group, names)
    call.cluster.igroups.add(group['uuid'], names)
    path = f'{_IGROUPS}/{group["uuid"]}/initiators'
    return created(
        call,
        f'{path}/{names[0]}',
        [{'name': name, '_links': link(f'{path}/{name}')} for name in names],
    )


def delete_initiator(call: Call) -> Answer:
    _own_igroup(call)
    if not call.query.flag('allow_delete_while_mapped'):
        call.cluster.lun_maps.check_not_mapped(call['uuid'])
    call.cluster.igroups.remove(call['uuid'], call['name'])
    return Answer()


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


def list_iscsi_services(call: Call) -> Answer:
    return _services(call, 'iscsi')


def get_iscsi_service(call: Call) -> Answer:
    return _service(call, 'iscsi', ISCSI_SERVICE_MISSING)


def list_fcp_services(call: Call) -> Answer:
    return _services(call, 'fcp')


def get_fcp_service(call: Call) -> Answer:
    return _service(call, 'fcp', FCP_SERVICE_MISSING)


def list_fc_interfaces(call: Call) -> Answer:
    return collection(
        call,
        [
            record
            for svm in _with_protocol(call, 'fcp')
            for record in SanService(svm).fc_interfaces(call.cluster.nodes)
        ],
    )


def _services(call: Call, protocol: str) -> Answer:
    return collection(
        call,
        [SanService(svm).record(protocol) for svm in _with_protocol(call, protocol)],
        'svm',
    )


def _service(call: Call, protocol: str, missing: str) -> Answer:
    for svm in _with_protocol(call, protocol):
        if svm.uuid == call['uuid']:
            return instance(call, SanService(svm).record(protocol), 'svm')
    raise BlockError(missing, f'The SVM has no {protocol} service.', 'svm.uuid')


def _with_protocol(call: Call, protocol: str) -> list[Svm]:
    return [
        svm
        for svm in call.cluster.svms
        if call.visible(svm) and protocol in svm.protocols
    ]


def _own_igroup(call: Call) -> Record:
    """The igroup in the path, if the request may see it."""
    for group in visible_records(call, [call.cluster.igroups.get(call['uuid'])]):
        return group
    raise BlockError(IGROUP_MISSING, 'The igroup does not exist.', 'uuid')


def _igroup(call: Call, group: Record) -> Record:
    if not call.query.asks_for('lun_maps'):
        return group
    maps = [
        {
            'logical_unit_number': number,
            'lun': _lun_reference(call.cluster.luns.get(lun)),
        }
        for (lun, igroup), number in call.cluster.lun_maps.all().items()
        if igroup == group['uuid']
    ]
    return {**group, 'lun_maps': maps} if maps else group


def _initiator(group: Record, found: Record) -> Record:
    return {
        **found,
        'igroup': {
            'uuid': group['uuid'],
            'name': group['name'],
            '_links': group['_links'],
        },
    }


def _maps(call: Call) -> list[Record]:
    return visible_records(
        call, [_map(call, *key) for key in call.cluster.lun_maps.all()]
    )


def _map(call: Call, lun: str, igroup: str) -> Record:
    number = call.cluster.lun_maps.get(lun, igroup)
    found, group = call.cluster.luns.get(lun), call.cluster.igroups.get(igroup)
    return {
        'lun': _lun_reference(found),
        'svm': group['svm'],
        'igroup': {
            key: group[key] for key in ('uuid', 'name', 'protocol', 'os_type', '_links')
        },
        'logical_unit_number': number,
        '_links': link(f'{_MAPS}/{lun}/{igroup}'),
    }


def _lun_reference(lun: BlockObject) -> Record:
    return {
        'uuid': lun.uuid,
        'name': lun.name,
        '_links': link(f'/storage/luns/{lun.uuid}'),
    }


def _body_lun(call: Call, body: Record, svm: Svm) -> BlockObject:
    if not (value(body, 'lun.uuid') or value(body, 'lun.name')):
        raise BlockError(MAP_NEEDS_LUN, 'A LUN map needs a LUN.', 'lun.name')
    return block.source(
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
