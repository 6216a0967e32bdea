"""How PATCH and DELETE change LUNs and namespaces: one, or those of a query."""

from collections.abc import Callable

from ontap_simulator.errors.common import (
    NoSuchEntryError,
    NotChangeableError,
    UnsupportedError,
)
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.block_requests import size_of
from ontap_simulator.records import Record
from ontap_simulator.responses import block, block_places, block_sources
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.block_answers import altered

_CHANGEABLE = {
    'name',
    'clone',
    'space',
    'comment',
    'auto_delete',
    'enabled',
    'qos_policy',
    'location',
}


def check(call: Call, objects: BlockObjects) -> None:
    """Refuse what no PATCH of this kind can say, before any work begins.

    :raises NotChangeableError: a property that only a POST takes
    """
    for name in objects.codes.only_made_with:
        if name in call.body:
            raise NotChangeableError(name)


def change(call: Call, objects: BlockObjects, found: BlockObject) -> None:
    """Do what a PATCH says to one LUN or namespace."""
    body = call.body
    for name in sorted(set(body) - _CHANGEABLE):
        raise UnsupportedError(f'This simulator cannot change "{name}".', target=name)
    svm = call.cluster.svm(found.svm)
    fields = block.settings(call, body)
    size = size_of(body, objects.codes, found.block_size)
    target = block_places.place(call, objects, body, svm) if 'name' in body else None
    original = (
        block_sources.clone_source(call, objects, body, svm)
        if 'clone' in body
        else None
    )
    if target or original or size:
        objects.check_not_being_filled(found)
    if target and target.name != found.name:
        found = objects.rename(found, target)
    if original:
        found = objects.overwrite(found, original)
    if size is not None:
        found = objects.resize(found, size)
    if fields:
        objects.change(found, **fields)


def patch_all(
    call: Call, objects: BlockObjects, records: Callable[[BlockObject], Record]
) -> Answer:
    """PATCH of what the query selects.

    :raises NoSuchEntryError: it selects nothing
    """
    check(call, objects)
    found = _selected(call, objects, records)
    if not found:
        raise NoSuchEntryError('name')

    def work() -> None:
        for each in found:
            change(call, objects, each)

    return altered(call, objects, work)


def delete_all(
    call: Call,
    objects: BlockObjects,
    records: Callable[[BlockObject], Record],
    delete: Callable[[BlockObject], None],
) -> Answer:
    """DELETE of what the query selects, which may be nothing."""
    found = _selected(call, objects, records)
    if not found:
        return Answer({'num_records': 0})

    def work() -> None:
        for each in found:
            delete(each)

    return altered(call, objects, work)


def _selected(
    call: Call, objects: BlockObjects, records: Callable[[BlockObject], Record]
) -> list[BlockObject]:
    return [o for o in block.visible(call, objects) if call.query.matches(records(o))]
