"""/protocols/san/igroups and their initiators."""

import uuid

from ontap_simulator.errors.block import (
    IGROUP_MISSING,
    BlockError,
)
from ontap_simulator.errors.common import NoSuchEntryError, UnsupportedError
from ontap_simulator.models.initiators import initiator_names
from ontap_simulator.records import Record, link
from ontap_simulator.responses import block
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    created,
    instance,
    visible_records,
)
from ontap_simulator.responses.lun_maps import lun_reference

_IGROUPS = '/protocols/san/igroups'


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
    if body.get('igroups'):
        raise UnsupportedError(
            'This simulator has no nested igroups.', target='igroups'
        )
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


def get_initiator(call: Call) -> Answer:
    group = _own_igroup(call)
    for found in group.get('initiators', []):
        if found['name'] == call['name']:
            return instance(call, _initiator(group, found), 'name', 'igroup')
    raise NoSuchEntryError('name')


def patch_initiator(call: Call) -> Answer:
    group = _own_igroup(call)
    call.cluster.igroups.change(group['uuid'], call['name'], call.body)
    return Answer()


def delete_initiator(call: Call) -> Answer:
    _own_igroup(call)
    if not call.query.flag('allow_delete_while_mapped'):
        call.cluster.lun_maps.check_not_mapped(call['uuid'])
    call.cluster.igroups.remove(call['uuid'], call['name'])
    return Answer()


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
            'lun': lun_reference(call.cluster.luns.get(lun)),
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
