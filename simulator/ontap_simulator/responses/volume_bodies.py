"""What the body of a request says about a FlexVol."""

from collections.abc import Iterable

from ontap_simulator.errors.common import (
    ConfigError,
    InvalidValueError,
    OntapError,
    UnsupportedError,
)
from ontap_simulator.models.nodes import Aggregate
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, merge, value
from ontap_simulator.responses.base import Call
from ontap_simulator.responses.export_policies import check_exists
from ontap_simulator.topology.values import parse_size

SMALLEST = 20 << 20
"""Bytes; also the size of a FlexVol whose request names none."""
_NO_SVM = '2621707'
_TOO_SMALL = '917534'
_STATES = ('online', 'offline', 'restricted')
# What has an effect here, or is never set by a request.
_ACTED_UPON = {
    'name',
    'uuid',
    'svm',
    'size',
    'state',
    'type',
    'style',
    'aggregates',
    'efficiency',
    'is_svm_root',
    'clone',
    'create_time',
    'restore_to',
    'movement',
    '_links',
}


def svm_of(call: Call, body: Record) -> Svm:
    """The SVM that a body or, failing that, the request names.

    :raises OntapError: there is neither
    """
    reference = value(body, 'svm', default={})
    name = reference.get('uuid') or reference.get('name')
    if name:
        return call.cluster.svm(str(name))
    if call.svm is None:
        raise OntapError('No SVM was specified.', code=_NO_SVM, target='svm.name')
    return call.svm


def size_of(body: Record) -> int | None:
    """Bytes, if the body names a size, as a number or as "240MB".

    :raises OntapError: it is no size, or below the least one
    """
    found = value(body, 'size', default=value(body, 'space.size'))
    if found is None:
        return None
    try:
        size = parse_size(int(found) if str(found).isdigit() else found)
    except ConfigError as err:
        raise InvalidValueError('size', found) from err
    if size < SMALLEST:
        raise OntapError(
            f'The size {size} is below the least size of a volume, {SMALLEST}.',
            code=_TOO_SMALL,
            target='size',
        )
    return size


def state_of(body: Record) -> str:
    """The state that a body asks for.

    :raises InvalidValueError: no request can ask for it
    """
    state = str(body.get('state', 'online'))
    if state not in _STATES:
        raise InvalidValueError('state', state)
    return state


def junction_of(body: Record, old: str | None = None) -> str | None:
    """Where the body mounts the FlexVol; "" unmounts it.

    :raises InvalidValueError: it is no path
    """
    path = value(body, 'nas.path', default=old)
    if 'path' in body.get('nas', {}) and body['nas']['path'] in {None, ''}:
        return None
    if path is not None and not str(path).startswith('/'):
        raise InvalidValueError('nas.path', path)
    return str(path).rstrip('/') if path else None


def aggregate_of(call: Call, body: Record) -> Aggregate:
    """The aggregate that a body names, or the one with most space.

    :raises UnsupportedError: the body describes a FlexGroup
    """
    named = body.get('aggregates') or []
    if len(named) > 1 or body.get('style', 'flexvol') != 'flexvol':
        raise UnsupportedError('This simulator has no FlexGroups.', target='style')
    if not named:
        return max(call.cluster.aggregates, key=lambda aggregate: aggregate.size)
    return aggregate_named(call.cluster.aggregates, named[0])


def aggregate_named(aggregates: Iterable[Aggregate], reference: Record) -> Aggregate:
    """The aggregate of that name or UUID.

    :raises InvalidValueError: there is none
    """
    wanted = reference.get('uuid') or reference.get('name')
    for aggregate in aggregates:
        if wanted in {aggregate.name, aggregate.uuid}:
            return aggregate
    raise InvalidValueError('aggregates.name', wanted)


def properties_of(
    call: Call, body: Record, svm: Svm, old: Record | None = None
) -> Record:
    """What a body sets and has no effect here, over what was set before.

    :raises InvalidValueError: the export policy is none of the SVM's
    """
    policy = value(body, 'nas.export_policy.name')
    check_exists(call, policy, svm.name)
    properties: Record = dict(old or {})
    new = {name: body[name] for name in body if name not in _ACTED_UPON}
    for name, inner in (('nas', 'path'), ('space', 'size')):
        if name in new:
            new[name] = {k: v for k, v in new[name].items() if k != inner}
    merge(properties, new)
    return properties


def parent_of(call: Call, body: Record, svm: Svm) -> FlexVol | None:
    """The FlexVol that the body wants a FlexClone of, if it does."""
    clone = value(body, 'clone', default={})
    if not clone.get('parent_volume'):
        return None
    parent_svm = value(clone, 'parent_svm.name', default=svm.name)
    reference = {
        key: clone['parent_volume'][key]
        for key in ('name', 'uuid')
        if key in clone['parent_volume']
    }
    return call.cluster.find_volume(reference, call.cluster.svm(parent_svm))
