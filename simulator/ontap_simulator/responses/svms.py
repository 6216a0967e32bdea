"""/svm/svms."""

from http import HTTPStatus

from ontap_simulator.errors.common import (
    InvalidValueError,
    NoSuchEntryError,
    OntapError,
)
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.kept_seeds import svm_seeds
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.aggregates import used_of
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job
from ontap_simulator.responses.volumes import forget
from ontap_simulator.topology.model import DEFAULT_IPSPACE, PROTOCOLS

_PATH = '/api/svm/svms'
_HAS_VOLUMES = '2621580'
_OWN = ('name', 'uuid', '_links', 'ipspace', 'aggregates', *PROTOCOLS)
_ROOT_SIZE = 1 << 30


def list_svms(call: Call) -> Answer:
    space = call.query.wants('aggregates')
    return collection(
        call,
        [_record(call, svm, space) for svm in call.cluster.svms if call.visible(svm)],
    )


def get_svm(call: Call) -> Answer:
    return instance(call, _record(call, _addressed(call)))


def create_svm(call: Call) -> Answer:
    """Make an SVM with a root volume."""
    body, cluster = call.body, call.cluster
    name = required(body, 'name')
    named = body.get('ipspace', {})
    ipspace = named if isinstance(named, str) else named.get('name', DEFAULT_IPSPACE)
    known = {found['name'] for found in cluster.kept.collection('ipspaces').all()}
    if ipspace not in known:
        raise InvalidValueError('ipspace.name', ipspace)
    protocols = _protocols(body) or ('nfs',)
    svm = cluster.tenants.create_svm(name, protocols, ipspace, _properties(body))
    numbers = cluster.kept.collection('export_policies')
    for kind, records in svm_seeds(svm, numbers.number('id')).items():
        for record in records:
            cluster.kept.collection(kind).add(record)
    cluster.volumes.create(
        svm, cluster.aggregates[0], f'{name}_root', _ROOT_SIZE, is_svm_root=True
    )
    answer = run_job(
        call, f'POST {_PATH}/{svm.uuid}', lambda job: None, status=HTTPStatus.CREATED
    )
    shown: Record = {'num_records': 1}
    if call.query.flag('return_records'):
        shown['records'] = [_record(call, svm)]
    return Answer(
        {**answer.body, **shown}, answer.status, {'Location': f'{_PATH}/{svm.uuid}'}
    )


def patch_svm(call: Call) -> Answer:
    svm, body = _addressed(call), call.body
    if body.get('name', svm.name) != svm.name:
        raise InvalidValueError('name', body['name'])
    changes = _properties(body)
    for protocol in PROTOCOLS:
        if protocol in body:
            changes[protocol] = body[protocol]
    call.cluster.tenants.change_svm(svm, changes)
    return run_job(call, f'PATCH {_PATH}/{svm.uuid}', lambda job: None)


def delete_svm(call: Call) -> Answer:
    svm = _addressed(call)
    inside = [v for v in call.cluster.volumes if v.svm == svm]
    if any(not volume.is_svm_root for volume in inside):
        raise OntapError(f'The SVM "{svm.name}" still has volumes.', code=_HAS_VOLUMES)
    call.cluster.tenants.delete_svm(svm)

    def work(job: Job) -> None:
        for volume in inside:
            forget(call, volume)
        for kind in ('export_policies', 'nfs_services', 'cifs_services', 'dns'):
            call.cluster.kept.collection(kind).remove(
                lambda record: value(record, 'svm.uuid') == svm.uuid
            )

    return run_job(call, f'DELETE {_PATH}/{svm.uuid}', work)


def _addressed(call: Call) -> Svm:
    for svm in call.cluster.svms:
        if svm.uuid == call['uuid'] and call.visible(svm):
            return svm
    raise NoSuchEntryError('uuid')


def _record(call: Call, svm: Svm, space: bool = True) -> Record:
    aggregates = call.cluster.aggregates
    record = svm.record(aggregates)
    if space:
        for shown, found in zip(record['aggregates'], aggregates, strict=True):
            shown['available_size'] = max(0, found.size - used_of(call, found.name))
    return record


def _protocols(body: Record) -> tuple[str, ...]:
    return tuple(
        protocol
        for protocol in PROTOCOLS
        if value(body, f'{protocol}.enabled') or value(body, f'{protocol}.allowed')
    )


def _properties(body: Record) -> Record:
    return {name: body[name] for name in body if name not in _OWN}
