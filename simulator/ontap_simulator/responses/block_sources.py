"""Which LUN or namespace the body of a request names as a source."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ontap_simulator.disk.directory import SNAPSHOTS
from ontap_simulator.errors.block import BlockError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Call

_PARTS = 6
"""Of ``/vol/VOLUME/.snapshot/NAME/PATH``, the first one empty."""


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
    earlier = _in_snapshot(call, objects, str(wanted.get('name', '')), svm)
    if earlier:
        return earlier
    raise missing(f'The specified "{target}" was not found.')


def _in_snapshot(
    call: Call, objects: BlockObjects, name: str, svm: Svm
) -> BlockObject | None:
    """What ``/vol/VOLUME/.snapshot/NAME/PATH`` was when the snapshot was made."""
    parts = name.split('/', _PARTS - 1)
    if len(parts) != _PARTS or parts[3] != SNAPSHOTS:
        return None
    volume = call.cluster.find_volume({'name': parts[2]}, svm)
    snapshot = call.cluster.snapshots.named(volume, parts[4])
    for found in call.cluster.snapshots.block(snapshot['uuid']):
        if found.path == parts[5] and found.kind == objects.codes.noun:
            inside = f'{SNAPSHOTS}/{parts[4]}/{parts[5]}'
            return dataclasses.replace(found, path=inside, volume=volume.name)
    return None


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
