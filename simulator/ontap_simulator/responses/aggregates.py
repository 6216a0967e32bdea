"""/storage/aggregates and /storage/disks."""

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.responses.base import Answer, Call, collection, instance


def list_aggregates(call: Call) -> Answer:
    wanted = call.query.wants('space')
    return collection(
        call,
        [
            aggregate.record(used_of(call, aggregate.name) if wanted else 0)
            for aggregate in call.cluster.aggregates
        ],
    )


def get_aggregate(call: Call) -> Answer:
    for aggregate in call.cluster.aggregates:
        if aggregate.uuid == call['uuid']:
            return instance(call, aggregate.record(used_of(call, aggregate.name)))
    raise NoSuchEntryError('uuid')


def list_disks(call: Call) -> Answer:
    return collection(call, [a.disk() for a in call.cluster.aggregates], 'name')


def used_of(call: Call, aggregate: str) -> int:
    """What its FlexVols use of an aggregate, in bytes."""
    return sum(
        volume.used()
        for volume in call.cluster.volumes
        if volume.aggregate.name == aggregate
    )
