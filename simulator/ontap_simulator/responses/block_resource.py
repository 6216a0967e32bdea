"""/storage/luns and /storage/namespaces: the handlers that both have.

What is particular to LUNs, or to namespaces, is a :class:`Kind`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from ontap_simulator.errors.block import BlockError
from ontap_simulator.models import block_requests
from ontap_simulator.models.block import BlockObject, Place
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses import (
    block,
    block_answers,
    block_places,
    block_records,
    block_sources,
    changes,
)
from ontap_simulator.responses.base import Answer, Call, Handler, collection, instance


class Kind(Protocol):
    """What LUNs and namespaces do not have in common."""

    other: str
    """What can be converted into this kind, as ``convert`` names it."""
    inherited: tuple[str, ...]
    """What a clone has of its source, besides size and OS type."""

    def objects(self, cluster: Cluster) -> BlockObjects:
        """Every object of this kind."""

    def others(self, cluster: Cluster) -> BlockObjects:
        """Every object that can be converted into this kind."""

    def block_size(self, body: Record) -> int:
        """The size of a new object's blocks, in bytes."""

    def properties(self, body: Record) -> Mapping[str, Any]:
        """What else a new object is, by the names that BlockObject has."""

    def shown(self, call: Call, found: BlockObject, record: Record) -> Record:
        """The record with this kind's own fields."""

    def copy(self, call: Call, place: Place, svm: Svm) -> Answer:
        """Make a copy of an object in another FlexVol."""


class BlockResource:
    """The handlers of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.of_collection: Mapping[str, Handler] = {
            'GET': self.list_all,
            'POST': self.create,
            'PATCH': self.patch_all,
            'DELETE': self.delete_all,
        }
        self.of_instance: Mapping[str, Handler] = {
            'GET': self.get,
            'PATCH': self.patch,
            'DELETE': self.delete,
        }

    def list_all(self, call: Call) -> Answer:
        found = block.visible(call, self._objects(call))
        return collection(call, [self.record(call, each) for each in found])

    def get(self, call: Call) -> Answer:
        return instance(
            call, self.record(call, block.visible_one(call, self._objects(call)))
        )

    def create(self, call: Call) -> Answer:
        objects, body = self._objects(call), call.body
        way = block_requests.way_of(body, objects.codes)
        svm = block.body_svm(call, body)
        if way == 'convert':
            return self._convert(call, svm)
        place = block_places.place(call, objects, body, svm)
        if way == 'copy':
            return self._kind.copy(call, place, svm)
        make = self._new if way == 'create' else self._clone
        return block_answers.made(
            call,
            objects,
            lambda uuid: make(call, place, uuid),
            lambda found: self.record(call, found),
        )

    def patch(self, call: Call) -> Answer:
        objects = self._objects(call)
        found = block.visible_one(call, objects)
        changes.check(call, objects)
        return block_answers.altered(
            call, objects, lambda: changes.change(call, objects, found)
        )

    def patch_all(self, call: Call) -> Answer:
        return changes.patch_all(
            call, self._objects(call), lambda found: self.record(call, found)
        )

    def delete(self, call: Call) -> Answer:
        objects = self._objects(call)
        found = block.visible_one(call, objects)
        return block_answers.altered(call, objects, lambda: self._delete(call, found))

    def delete_all(self, call: Call) -> Answer:
        return changes.delete_all(
            call,
            self._objects(call),
            lambda found: self.record(call, found),
            lambda found: self._delete(call, found),
        )

    def record(self, call: Call, found: BlockObject) -> Record:
        """What a GET shows of an object."""
        record = block_records.record(call, found)
        if call.query.asks_for('status.mapped'):
            mapped = self._objects(call).fabric.is_mapped(found.uuid)
            record['status']['mapped'] = mapped
        return self._kind.shown(call, found, record)

    def _objects(self, call: Call) -> BlockObjects:
        return self._kind.objects(call.cluster)

    def _new(self, call: Call, place: Place, uuid: str) -> BlockObject:
        objects, body = self._objects(call), call.body
        block_size = self._kind.block_size(body)
        return objects.create(
            place,
            objects.new(
                uuid,
                place,
                os_type=body['os_type'],
                block_size=block_size,
                size=block_requests.size_of(body, objects.codes, block_size),
                **self._kind.properties(body),
                **block.settings(call, body),
            ),
        )

    def _clone(self, call: Call, place: Place, uuid: str) -> BlockObject:
        objects, body = self._objects(call), call.body
        source = block_sources.clone_source(call, objects, body, place.volume.svm)
        return objects.clone(
            place,
            source,
            objects.new(
                uuid,
                place,
                os_type=source.os_type,
                size=source.size,
                **{name: getattr(source, name) for name in self._kind.inherited},
                **block.settings(call, body),
            ),
        )

    def _convert(self, call: Call, svm: Svm) -> Answer:
        """Turn an object of the other kind into one of this kind, at once."""
        objects, others = self._objects(call), self._kind.others(call.cluster)
        target = f'convert.{self._kind.other}'
        source = block_sources.source(
            call,
            others,
            value(call.body, target),
            svm,
            target,
            lambda text: BlockError(objects.codes.convert_missing, text, target),
        )
        mapped = others.fabric.is_mapped(source.uuid)
        return block_answers.made(
            call,
            objects,
            lambda uuid: objects.convert(source, uuid, mapped),
            lambda found: self.record(call, found),
            at_once=True,
        )

    def _delete(self, call: Call, found: BlockObject) -> None:
        self._objects(call).delete(
            found,
            call.query.flag('allow_delete_while_mapped'),
            # A namespace is not being copied: then there is nothing to cancel.
            before=lambda: call.cluster.lun_copies.cancel(found.uuid),
        )
