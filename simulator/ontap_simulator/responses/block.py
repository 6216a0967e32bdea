"""What /storage/luns and /storage/namespaces read from a request alike."""

from typing import Any

from ontap_simulator.errors.block import NO_SUCH_QOS_POLICY, NO_SVM, BlockError
from ontap_simulator.errors.common import NoSuchSvmError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.block_requests import properties
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Call

PATHS = {'LUN': '/storage/luns', 'NVMe namespace': '/storage/namespaces'}

BASE_NAMES = {'LUN': 'logical_unit', 'NVMe namespace': 'namespace'}


def visible(call: Call, objects: BlockObjects) -> list[BlockObject]:
    """The LUNs or namespaces that the request may see."""
    return [o for o in objects.all() if call.svm is None or o.svm == call.svm.name]


def visible_one(call: Call, objects: BlockObjects) -> BlockObject:
    """The LUN or namespace in the path, if the request may see it."""
    for found in visible(call, objects):
        if found.uuid == call['uuid']:
            return found
    codes = objects.codes
    code = codes.delete_not_found if call.method == 'DELETE' else codes.not_found
    raise BlockError(code, f'The {codes.noun} was not found.', 'uuid')


def body_svm(call: Call, body: Record) -> Svm:
    """The SVM in the body or, failing that, of the request.

    :raises BlockError: there is neither
    """
    reference = value(body, 'svm', default={})
    name = reference.get('uuid') or reference.get('name')
    if not name and call.svm is None:
        raise BlockError(NO_SVM, 'No SVM was specified.', 'svm.name')
    svm = call.cluster.svm(name) if name else call.svm
    if svm is None or not call.visible(svm):
        raise NoSuchSvmError(str(name))
    return svm


def qos_policy(call: Call, body: Record) -> str | None:
    """The name of the QoS policy in a body; None if there is none.

    :raises BlockError: there is no such policy
    """
    found = value(body, 'qos_policy.name') or value(body, 'qos_policy.uuid')
    if found is None:
        return None
    if found == 'none':
        return ''
    for policy in call.cluster.qos.all():
        if found in {policy['name'], policy['uuid']}:
            return str(policy['name'])
    raise BlockError(
        NO_SUCH_QOS_POLICY,
        f'The QoS policy "{found}" does not exist.',
        'qos_policy.name',
    )


def settings(call: Call, body: Record) -> dict[str, Any]:
    """The properties that a body sets, by the names that BlockObject has."""
    found = properties(body)
    policy = qos_policy(call, body)
    return found if policy is None else {**found, 'qos_policy': policy}
