"""/storage/qos/policies."""

from http import HTTPStatus

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job


def list_policies(call: Call) -> Answer:
    return collection(call, _policies(call))


def get_policy(call: Call) -> Answer:
    return instance(call, call.cluster.qos.get(call['uuid']))


def create_policy(call: Call) -> Answer:
    body = call.body
    required(body, 'name')
    svm = call.svm or call.cluster.svm(required(body, 'svm.name'))
    record = call.cluster.qos.create(svm, body)
    answer = run_job(
        call,
        'POST /api/storage/qos/policies',
        lambda job: None,
        status=HTTPStatus.CREATED,
        svm=svm,
    )
    return Answer(
        answer.body, answer.status, {'Location': record['_links']['self']['href']}
    )


def patch_policy(call: Call) -> Answer:
    call.cluster.qos.update(call['uuid'], call.body)
    return _policy_job(call)


def delete_policy(call: Call) -> Answer:
    call.cluster.qos.delete(call['uuid'])
    return _policy_job(call)


def patch_policies(call: Call) -> Answer:
    found = [p for p in _policies(call) if call.query.matches(p)]
    if not found:
        raise NoSuchEntryError('name')
    for policy in found:
        call.cluster.qos.update(policy['uuid'], call.body)
    return _policy_job(call)


def delete_policies(call: Call) -> Answer:
    found = [p for p in _policies(call) if call.query.matches(p)]
    for policy in found:
        call.cluster.qos.delete(policy['uuid'])
    return _policy_job(call) if found else Answer({'num_records': 0})


def _policies(call: Call) -> list[Record]:
    return [
        policy
        for policy in call.cluster.qos.all()
        if call.svm is None or call.svm.name == policy['svm']['name']
    ]


def _policy_job(call: Call) -> Answer:
    return run_job(call, f'{call.method} /api/storage/qos/policies', lambda job: None)
