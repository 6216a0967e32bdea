"""/svm/peers."""

from http import HTTPStatus

from ontap_simulator.errors.common import MissingFieldError
from ontap_simulator.errors.files import OtherClusterError
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Answer, Call, collection, instance
from ontap_simulator.responses.bodies import required
from ontap_simulator.responses.jobs import run_job


def list_peers(call: Call) -> Answer:
    return collection(
        call,
        [
            record
            for record in call.cluster.peers.all()
            if call.svm is None or call.svm.name == record['svm']['name']
        ],
    )


def get_peer(call: Call) -> Answer:
    return instance(call, call.cluster.peers.get(call['uuid']))


def create_peer(call: Call) -> Answer:
    body = call.body
    svm = _svm(call, body, 'svm')
    # Cinder gives the peer's name alone, as the alias.
    peer = (
        _svm(call, body, 'peer.svm')
        if value(body, 'peer.svm')
        else call.cluster.svm(required(body, 'name'))
    )
    cluster = value(body, 'peer.cluster', default={})
    if not {cluster.get('name'), cluster.get('uuid')} <= {
        None,
        call.cluster.name,
        call.cluster.uuid,
    }:
        raise OtherClusterError
    applications = required(body, 'applications', list)
    record = call.cluster.peers.create(svm, peer, applications)
    answer = run_job(
        call, 'POST /api/svm/peers', lambda job: None, status=HTTPStatus.CREATED
    )
    return Answer(
        answer.body, answer.status, {'Location': record['_links']['self']['href']}
    )


def patch_peer(call: Call) -> Answer:
    call.cluster.peers.update(call['uuid'], call.body)
    return run_job(call, f'PATCH /api/svm/peers/{call["uuid"]}', lambda job: None)


def delete_peer(call: Call) -> Answer:
    call.cluster.peers.delete(call['uuid'])
    return run_job(call, f'DELETE /api/svm/peers/{call["uuid"]}', lambda job: None)


def _svm(call: Call, body: Record, name: str) -> Svm:
    reference = value(body, name, default={})
    found = reference.get('uuid') or reference.get('name')
    if not found:
        raise MissingFieldError(f'{name}.name')
    return call.cluster.svm(found)
