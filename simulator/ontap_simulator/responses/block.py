"""What /storage/luns and /storage/namespaces have in common."""

import datetime
from collections.abc import Callable
from typing import Any

from ontap_simulator.block_exceptions import (
    NO_SUCH_QOS_POLICY,
    NO_SVM,
    OTHER_BASE_NAME,
    OTHER_VOLUME,
    BlockError,
)
from ontap_simulator.exceptions import (
    NoSuchSvmError,
)
from ontap_simulator.models.block import BlockObject, Place, place_of
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.block_requests import properties
from ontap_simulator.models.volumes import FlexVol, Svm, link
from ontap_simulator.query import Record, value
from ontap_simulator.responses.base import Call

PATHS = {'LUN': '/storage/luns', 'NVMe namespace': '/storage/namespaces'}
_BASE_NAMES = {'LUN': 'logical_unit', 'NVMe namespace': 'namespace'}


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


def place(call: Call, objects: BlockObjects, body: Record, svm: Svm) -> Place:
    """Where a body wants a LUN or namespace to be."""
    location = value(body, 'location', default={})
    base = location.get(_BASE_NAMES[objects.codes.noun])
    name = body.get('name') or _composed(call, objects, location, base)
    found = place_of(str(name), svm, call.cluster.volumes, objects.codes)
    if value(location, 'volume.name', found.volume.name) != found.volume.name or (
        value(location, 'volume.uuid', found.volume.uuid) != found.volume.uuid
    ):
        raise BlockError(
            OTHER_VOLUME,
            'The volume in "name" is not the one in "location".',
            'location.volume',
        )
    if base and base != found.path.rpartition('/')[2]:
        raise BlockError(
            OTHER_BASE_NAME,
            'The base name in "name" is not the one in "location".',
            'location',
        )
    return found


def _composed(
    call: Call, objects: BlockObjects, location: Record, base: str | None
) -> str:
    volume = value(location, 'volume.name')
    if not volume and value(location, 'volume.uuid'):
        volume = call.cluster.find_volume(location['volume'], call.svm).name
    if not volume:
        raise BlockError(objects.codes.no_volume, 'No volume was specified.', 'name')
    if not base:
        raise BlockError(objects.codes.no_base_name, 'No name was specified.', 'name')
    qtree = value(location, 'qtree.name')
    return '/'.join(part for part in ('/vol', volume, qtree, base) if part)


def source(
    call: Call,
    objects: BlockObjects,
    reference: Any,
    svm: Svm,
    target: str,
    missing: Callable[[str], BlockError],
) -> BlockObject:
    """The LUN or namespace that a body names as its source.

    :raises BlockError: there is none, or its name and UUID do not agree
    """
    wanted = reference if isinstance(reference, dict) else {}
    by_uuid = [
        o for o in objects.all() if o.svm == svm.name and o.uuid == wanted.get('uuid')
    ]
    by_name = [
        o for o in objects.all() if o.svm == svm.name and o.name == wanted.get('name')
    ]
    if wanted.get('uuid') and wanted.get('name') and by_uuid != by_name:
        raise BlockError(
            objects.codes.clone_ambiguous,
            f'"{target}" has a UUID and a name that do not agree.',
            target,
        )
    for found in [*by_uuid, *by_name]:
        return found
    raise missing(f'The specified "{target}" was not found.')


def clone_source(
    call: Call, objects: BlockObjects, body: Record, svm: Svm
) -> BlockObject:
    """The source of a clone."""
    return source(
        call,
        objects,
        value(body, 'clone.source'),
        svm,
        'clone.source',
        lambda text: BlockError(objects.codes.clone_missing, text, 'clone.source'),
    )


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


def record(call: Call, found: BlockObject) -> Record:
    """What LUNs and namespaces both show."""
    cluster = call.cluster
    volume = cluster.block.volume(found)
    shown: Record = {
        'uuid': found.uuid,
        'name': found.name,
        'os_type': found.os_type,
        'svm': volume.svm.reference(),
        'enabled': found.enabled,
        'create_time': _iso(found.created),
        'location': {
            _BASE_NAMES[found.kind]: found.path.rpartition('/')[2],
            'volume': volume.reference(),
        },
        'space': {
            'size': found.size,
            'used': _used(volume, found),
            'guarantee': {
                'requested': found.space_reserved,
                'reserved': found.space_reserved,
            },
        },
        'status': {
            'state': 'online' if found.enabled else 'offline',
            'container_state': 'online',
            'read_only': False,
        },
        '_links': link(f'{PATHS[found.kind]}/{found.uuid}'),
    }
    qtree = found.path.rpartition('/')[0]
    if qtree:
        shown['location']['qtree'] = {'name': qtree}
    if found.comment:
        shown['comment'] = found.comment
    if found.qos_policy:
        shown['qos_policy'] = {'name': found.qos_policy}
    if call.query.asks_for('auto_delete'):
        shown['auto_delete'] = found.auto_delete
    return shown


def _used(volume: FlexVol, found: BlockObject) -> int:
    try:
        return volume.directory.stat(found.path).st_blocks * 512
    except OSError:
        return 0


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec='seconds')
