"""/protocols/nvme/subsystem-maps: which subsystem a namespace is in."""

from ontap_simulator.errors.block import (
    NAMESPACE_NAME_MISSING,
    SUBSYSTEM_MISSING,
    SUBSYSTEM_NAME_MISSING,
    BlockError,
)
from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models.block import BlockObject
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

_MAPS = '/protocols/nvme/subsystem-maps'


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


def _maps(call: Call) -> list[Record]:
    return visible_records(
        call, [_map(call, *key) for key in call.cluster.subsystems.maps()]
    )


def _map(call: Call, subsystem: str, namespace: str) -> Record:
    number = call.cluster.subsystems.maps()[subsystem, namespace]
    system = call.cluster.subsystems.get(subsystem)
    return {
        'namespace': namespace_reference(call.cluster.namespaces.get(namespace)),
        'subsystem': {key: system[key] for key in ('uuid', 'name', '_links')},
        'svm': system['svm'],
        'nsid': f'{number:08x}h',
        '_links': link(f'{_MAPS}/{subsystem}/{namespace}'),
    }


def namespace_reference(namespace: BlockObject) -> Record:
    return {
        'uuid': namespace.uuid,
        'name': namespace.name,
        '_links': link(f'/storage/namespaces/{namespace.uuid}'),
    }


def _body_namespace(call: Call, body: Record, svm: Svm) -> BlockObject:
    namespaces = call.cluster.namespaces
    wanted = value(body, 'namespace', default={})
    code = namespaces.codes.not_found if wanted.get('uuid') else NAMESPACE_NAME_MISSING
    return block_sources.source(
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
