"""/cluster, /cluster/nodes and /cluster/jobs."""

from ontap_simulator.errors.common import InvalidValueError, NoSuchEntryError
from ontap_simulator.models.nodes import Node, version_record
from ontap_simulator.records import Record, link, value
from ontap_simulator.responses.base import Answer, Call, collection, instance


def get_cluster(call: Call) -> Answer:
    cluster = call.cluster
    return instance(
        call,
        {
            'name': cluster.name,
            'uuid': cluster.uuid,
            'location': '',
            'version': version_record(cluster.version),
            '_links': link('/cluster'),
        },
    )


def list_nodes(call: Call) -> Answer:
    return collection(call, [_node(call, node) for node in call.cluster.nodes])


def get_node(call: Call) -> Answer:
    for node in call.cluster.nodes:
        if node.uuid == call['uuid']:
            return instance(call, _node(call, node))
    raise NoSuchEntryError('uuid')


def _node(call: Call, node: Node) -> Record:
    # Nodes are HA pairs in their order; an odd one has no partner.
    nodes = call.cluster.nodes
    place = nodes.index(node) ^ 1
    partner = nodes[place] if place < len(nodes) else None
    return node.record(call.cluster.version, partner)


def list_jobs(call: Call) -> Answer:
    return collection(call, [job.record() for job in call.cluster.jobs.all()], 'uuid')


def get_job(call: Call) -> Answer:
    return instance(call, call.cluster.jobs.get(call['uuid']).record(), 'uuid')


def patch_job(call: Call) -> Answer:
    # ONTAP documents the parameter; Cinder puts it into the body.
    action = call.query.get('action') or str(value(call.body, 'action'))
    if action != 'cancel':
        raise InvalidValueError('action', action)
    call.cluster.jobs.get(call['uuid']).cancel()
    return Answer()
