"""/network/ip/interfaces: LIFs. Nothing listens at their addresses."""

import ipaddress
from http import HTTPStatus

from ontap_simulator.errors.common import InvalidValueError, NoSuchEntryError
from ontap_simulator.models.svms import Lif
from ontap_simulator.records import Record, merge, value
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.volume_bodies import svm_of

_OWN = ('name', 'svm', 'uuid', '_links', 'ipspace', 'subnet')


def list_interfaces(call: Call) -> Answer:
    return collection(call, [lif.record() for lif in _visible(call)])


def get_interface(call: Call) -> Answer:
    return instance(call, _addressed(call).record())


def create_interface(call: Call) -> Answer:
    body = call.body
    name, svm = required(body, 'name'), svm_of(call, body)
    address = _address(required(body, 'ip.address'))
    lif = call.cluster.tenants.create_lif(name, address, svm, _properties(call, body))
    shown: Record = {'num_records': 1}
    if call.query.flag('return_records'):
        shown['records'] = [lif.record()]
    location = f'/api/network/ip/interfaces/{lif.uuid}'
    return Answer(shown, HTTPStatus.CREATED, {'Location': location})


def patch_interface(call: Call) -> Answer:
    lif, body = _addressed(call), call.body
    call.cluster.tenants.change_lif(
        lif,
        _properties(call, body),
        name=str(body.get('name', lif.name)),
        address=_address(value(body, 'ip.address', default=lif.address)),
    )
    return Answer()


def delete_interface(call: Call) -> Answer:
    call.cluster.tenants.delete_lif(_addressed(call))
    return Answer()


def _visible(call: Call) -> list[Lif]:
    return [lif for lif in call.cluster.lifs if call.visible(lif.svm)]


def _addressed(call: Call) -> Lif:
    for lif in _visible(call):
        if lif.uuid == call['uuid']:
            return lif
    raise NoSuchEntryError('uuid')


def _address(text: object) -> str:
    try:
        return str(ipaddress.ip_address(str(text)))
    except ValueError as err:
        raise InvalidValueError('ip.address', text) from err


def _properties(call: Call, body: Record) -> Record:
    new: Record = {}
    merge(new, {name: body[name] for name in body if name not in _OWN})
    if isinstance(new.get('service_policy'), str):
        new['service_policy'] = {'name': new['service_policy']}
    if 'ip' in new:
        new['ip'] = {k: v for k, v in new['ip'].items() if k != 'address'}
    if 'enabled' in new:
        new['state'] = 'up' if new['enabled'] in {True, 'true'} else 'down'
    location = new.get('location', {})
    for home, now in (('home_node', 'node'), ('home_port', 'port')):
        if location.get(home):
            location[now] = location[home]
    nodes = {node.name for node in call.cluster.nodes}
    for name in ('home_node', 'node'):
        wanted = value(location, f'{name}.name')
        if wanted is not None and wanted not in nodes:
            raise InvalidValueError(f'location.{name}.name', wanted)
    return new
