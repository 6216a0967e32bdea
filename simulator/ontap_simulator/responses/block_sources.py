"""Which LUN or namespace the body of a request names as a source."""

from collections.abc import Callable
from typing import Any

from ontap_simulator.errors.block import BlockError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Call


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
