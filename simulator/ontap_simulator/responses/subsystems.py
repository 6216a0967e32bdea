"""/protocols/nvme/subsystems."""

import uuid

from ontap_simulator.errors.block import (
    SUBSYSTEM_MISSING,
    BlockError,
)
from ontap_simulator.records import Record
from ontap_simulator.responses import block
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    created,
    instance,
    visible_records,
)
from ontap_simulator.responses.subsystem_maps import namespace_reference

SUBSYSTEMS = '/protocols/nvme/subsystems'


def list_subsystems(call: Call) -> Answer:
    return collection(
        call,
        [
            _subsystem(call, system)
            for system in visible_records(call, call.cluster.subsystems.all())
        ],
        'uuid',
        'name',
        'svm',
    )


def get_subsystem(call: Call) -> Answer:
    system = own_subsystem(call)
    return instance(call, _subsystem(call, system), 'uuid', 'name', 'svm')


def create_subsystem(call: Call) -> Answer:
    body = call.body
    svm = block.body_svm(call, body)
    identifier = str(uuid.uuid4())
    taken = {
        group['name']
        for group in call.cluster.igroups.all()
        if group['svm']['name'] == svm.name
    }
    call.cluster.subsystems.create(identifier, svm, body, taken)
    return created(
        call, f'{SUBSYSTEMS}/{identifier}', [call.cluster.subsystems.get(identifier)]
    )


def patch_subsystem(call: Call) -> Answer:
    call.cluster.subsystems.update(own_subsystem(call)['uuid'], call.body)
    return Answer()


def delete_subsystem(call: Call) -> Answer:
    call.cluster.subsystems.delete(
        own_subsystem(call)['uuid'],
        call.query.flag('allow_delete_while_mapped'),
        call.query.flag('allow_delete_with_hosts'),
    )
    return Answer()


def own_subsystem(call: Call) -> Record:
    """The subsystem in the path, if the request may see it."""
    for system in visible_records(call, [call.cluster.subsystems.get(call['uuid'])]):
        return system
    raise BlockError(SUBSYSTEM_MISSING, 'The NVMe subsystem does not exist.', 'uuid')


def _subsystem(call: Call, system: Record) -> Record:
    if not call.query.asks_for('subsystem_maps'):
        return system
    maps = [
        {
            'nsid': f'{number:08x}h',
            'namespace': namespace_reference(call.cluster.namespaces.get(namespace)),
        }
        for (subsystem, namespace), number in call.cluster.subsystems.maps().items()
        if subsystem == system['uuid']
    ]
    return {**system, 'subsystem_maps': maps} if maps else system
