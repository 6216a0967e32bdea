"""/protocols/nvme/subsystems/{uuid}/hosts."""

from urllib.parse import unquote

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models.nqns import host_nqns
from ontap_simulator.records import Record, link
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    created,
    instance,
)
from ontap_simulator.responses.subsystems import SUBSYSTEMS, own_subsystem


def list_hosts(call: Call) -> Answer:
    system = own_subsystem(call)
    return collection(
        call,
        [_host(system, host['nqn']) for host in system.get('hosts', [])],
        'nqn',
        'subsystem',
    )


def get_host(call: Call) -> Answer:
    system = own_subsystem(call)
    for host in system.get('hosts', []):
        if host['nqn'] == _nqn(call):
            return instance(call, _host(system, host['nqn']), 'nqn', 'subsystem')
    raise NoSuchEntryError('nqn')


def create_hosts(call: Call) -> Answer:
    system, body = own_subsystem(call), call.body
    nqns = host_nqns(body.get('records') or [body])
    call.cluster.subsystems.add_hosts(system['uuid'], nqns)
    return created(
        call,
        f'{SUBSYSTEMS}/{system["uuid"]}/hosts/{nqns[0]}',
        [_host(system, nqn) for nqn in nqns],
    )


def delete_host(call: Call) -> Answer:
    call.cluster.subsystems.remove_host(own_subsystem(call)['uuid'], _nqn(call))
    return Answer()


def _nqn(call: Call) -> str:
    return unquote(call['nqn'])


def _host(system: Record, nqn: str) -> Record:
    return {
        'nqn': nqn,
        'subsystem': {'uuid': system['uuid'], 'name': system['name']},
        '_links': link(f'{SUBSYSTEMS}/{system["uuid"]}/hosts/{nqn}'),
    }
