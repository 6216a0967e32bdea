"""/protocols/nvme: subsystems, their hosts and maps, the NVMe service."""

import uuid
from urllib.parse import unquote

from ontap_simulator.block_exceptions import (
    NAMESPACE_NAME_MISSING,
    NVME_SERVICE_MISSING,
    SUBSYSTEM_MISSING,
    SUBSYSTEM_NAME_MISSING,
    BlockError,
)
from ontap_simulator.exceptions import NoSuchEntryError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.nqns import host_nqns
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

_SUBSYSTEMS = '/protocols/nvme/subsystems'
_MAPS = '/protocols/nvme/subsystem-maps'


def list_services(call: Call) -> Answer:
    return collection(
        call, [SanService(svm).record('nvme') for svm in _svms(call)], 'svm'
    )


def get_service(call: Call) -> Answer:
    for svm in _svms(call):
        if svm.uuid == call['uuid']:
            return instance(call, SanService(svm).record('nvme'), 'svm')
    raise BlockError(NVME_SERVICE_MISSING, 'The SVM has no NVMe service.', 'svm.uuid')


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
    system = _own_subsystem(call)
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
        call, f'{_SUBSYSTEMS}/{identifier}', [call.cluster.subsystems.get(identifier)]
    )


def patch_subsystem(call: Call) -> Answer:
    call.cluster.subsystems.update(_own_subsystem(call)['uuid'], call.body)
    return Answer()


def delete_subsystem(call: Call) -> Answer:
    call.cluster.subsystems.delete(
        _own_subsystem(call)['uuid'],
        call.query.flag('allow_delete_while_mapped'),
        call.query.flag('allow_delete_with_hosts'),
    )
    return Answer()


def list_hosts(call: Call) -> Answer:
    system = _own_subsystem(call)
    return collection(
        call,
        [_host(system, host['nqn']) for host in system.get('hosts', [])],
        'nqn',
        'subsystem',
    )


def get_host(call: Call) -> Answer:
    system = _own_subsystem(call)
    for host in system.get('hosts', []):
        if host['nqn'] == _nqn(call):
            return instance(call, _host(system, host['nqn']), 'nqn', 'subsystem')
    raise NoSuchEntryError('nqn')


def create_hosts(call: Call) -> Answer:
    system, body = _own_subsystem(call), call.body
    nqns = host_nqns(body.get('records') or [body])
    call.cluster.subsystems.add_hosts(system['uuid'], nqns)
    return created(
        call,
        f'{_SUBSYSTEMS}/{system["uuid"]}/hosts/{nqns[0]}',
        [_host(system, nqn) for nqn in nqns],
    )


def delete_host(call: Call) -> Answer:
    call.cluster.subsystems.remove_host(_own_subsystem(call)['uuid'], _nqn(call))
    return Answer()


def list_maps(call: Call) -> Answer:
    return collection(call, _maps(call), 'namespace', 'subsystem', 'svm')


def get_map(call: Call) -> Answer:
    key = call['subsystem'], call['namespace']
    if key not in call.cluster.subsystems.maps():
        raise NoSuchEntryError('subsystem.uuid')
    return instance(call, _map(call, *key), 'namespace', 'subsystem', 'svm')


def create_map(call: Call) -> Answer:
    body = call.body
    svm = block.body_svm(call, body)
    namespace = _body_namespace(call, body, svm)
    system = _body_subsystem(call, body, svm)
    call.cluster.subsystems.map(system['uuid'], namespace.uuid)
    return created(
        call,
        f'{_MAPS}/{system["uuid"]}/{namespace.uuid}',
        [_map(call, system['uuid'], namespace.uuid)],
    )


def delete_map(call: Call) -> Answer:
    call.cluster.subsystems.unmap_from(call['subsystem'], call['namespace'])
    return Answer()


def delete_maps(call: Call) -> Answer:
    found = [each for each in _maps(call) if call.query.matches(each)]
    for each in found:
        call.cluster.subsystems.unmap_from(
            each['subsystem']['uuid'], each['namespace']['uuid']
        )
    return Answer({'num_records': len(found)})


def _svms(call: Call) -> list[Svm]:
    return [
        svm
        for svm in call.cluster.svms
        if call.visible(svm) and 'nvme' in svm.protocols
    ]


def _nqn(call: Call) -> str:
    return unquote(call['nqn'])


def _host(system: Record, nqn: str) -> Record:
    return {
        'nqn': nqn,
        'subsystem': {'uuid': system['uuid'], 'name': system['name']},
        '_links': link(f'{_SUBSYSTEMS}/{system["uuid"]}/hosts/{nqn}'),
    }


def _own_subsystem(call: Call) -> Record:
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
            'namespace': _namespace_reference(call.cluster.namespaces.get(namespace)),
        }
        for (subsystem, namespace), number in call.cluster.subsystems.maps().items()
        if subsystem == system['uuid']
    ]
    return {**system, 'subsystem_maps': maps} if maps else system


def _maps(call: Call) -> list[Record]:
    return visible_records(
        call, [_map(call, *key) for key in call.cluster.subsystems.maps()]
    )


def _map(call: Call, subsystem: str, namespace: str) -> Record:
    number = call.cluster.subsystems.maps()[subsystem, namespace]
    system = call.cluster.subsystems.get(subsystem)
    return {
        'namespace': _namespace_reference(call.cluster.namespaces.get(namespace)),
        'subsystem': {key: system[key] for key in ('uuid', 'name', '_links')},
        'svm': system['svm'],
        'nsid': f'{number:08x}h',
        '_links': link(f'{_MAPS}/{subsystem}/{namespace}'),
    }


def _namespace_reference(namespace: BlockObject) -> Record:
    return {
        'uuid': namespace.uuid,
        'name': namespace.name,
        '_links': link(f'/storage/namespaces/{namespace.uuid}'),
    }


def _body_namespace(call: Call, body: Record, svm: Svm) -> BlockObject:
    namespaces = call.cluster.namespaces
    wanted = value(body, 'namespace', default={})
    code = namespaces.codes.not_found if wanted.get('uuid') else NAMESPACE_NAME_MISSING
    return block.source(
        call,
        namespaces,
        wanted,
        svm,
        'namespace',
        lambda text: BlockError(code, text, 'namespace'),
    )


def _body_subsystem(call: Call, body: Record, svm: Svm) -> Record:
    wanted = value(body, 'subsystem', default={})
    for system in call.cluster.subsystems.all():
        if (
            system['svm']['name'] == svm.name
            and wanted
            and all(wanted.get(key) in {None, system[key]} for key in ('uuid', 'name'))
        ):
            return system
    code = SUBSYSTEM_MISSING if wanted.get('uuid') else SUBSYSTEM_NAME_MISSING
    raise BlockError(code, 'The specified NVMe subsystem was not found.', 'subsystem')
