"""Collections of kept records: one class answers for all of them.

A :class:`Shape` says what is particular to a kind. What also has an effect is a
subclass of :class:`KeptResource`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from ontap_simulator.errors.common import (
    DuplicateError,
    InvalidValueError,
    MissingFieldError,
    NoSuchEntryError,
)
from ontap_simulator.models.kept import KeptCollection
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link, merge, value
from ontap_simulator.responses.base import Answer, Call, Handler, collection, instance
from ontap_simulator.responses.jobs import run_job


@dataclasses.dataclass(frozen=True)
class Shape:
    """What records of one kind are like."""

    kind: str
    path: str
    """Below /api; what is in braces is as in ``urls.py``."""
    address: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {'uuid': 'uuid'}
    )
    """Parts of an instance's path: their names there, and in the record."""
    required: Sequence[str] = ()
    unique: Sequence[str] = ('name',)
    """No two records of an SVM have the same of all of these."""
    fixed: Sequence[str] = ()
    """No PATCH changes them."""
    identity: Sequence[str] = ('uuid', 'name')
    in_svm: str = ''
    """"required": each record belongs to an SVM; "optional": it may."""
    svm_field: str = 'svm'
    by_job: bool = False
    hidden: Sequence[str] = ()
    """No answer shows them."""
    missing: Callable[[str], Exception] = MissingFieldError
    defaults: Record = dataclasses.field(default_factory=dict)


class KeptResource:
    """The handlers of one kind."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
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
        shown = [self.shown(call, record) for record in self.visible(call)]
        return collection(call, shown, *self.shape.identity)

    def get(self, call: Call) -> Answer:
        return instance(
            call, self.shown(call, self.addressed(call)), *self.shape.identity
        )

    def create(self, call: Call) -> Answer:
        body = call.body
        several = body.get('records') if set(body) == {'records'} else None
        new = [self._new(call, each) for each in (several or [body])]
        made = [self.add(call, record) for record in new]
        shown = [self.shown(call, record) for record in made]
        answer = Answer({'num_records': len(made)}, HTTPStatus.CREATED)
        if self.shape.by_job:
            answer = run_job(
                call,
                f'POST /api{call.path}',
                lambda job: None,
                status=HTTPStatus.CREATED,
            )
        body = {**answer.body, 'num_records': len(made)}
        if call.query.flag('return_records'):
            body['records'] = shown
        return Answer(
            body,
            answer.status,
            {'Location': shown[0]['_links']['self']['href']} if shown else {},
        )

    def patch(self, call: Call) -> Answer:
        return self._patch(call, [self.addressed(call)])

    def patch_all(self, call: Call) -> Answer:
        found = self._selected(call)
        if not found:
            raise NoSuchEntryError(self.shape.identity[-1])
        return self._patch(call, found)

    def delete(self, call: Call) -> Answer:
        return self._delete(call, [self.addressed(call)])

    def delete_all(self, call: Call) -> Answer:
        found = self._selected(call)
        return self._delete(call, found) if found else Answer({'num_records': 0})

    # What subclasses change.

    def add(self, call: Call, record: Record) -> Record:
        """Keep a new record."""
        return self.records(call).add(record)

    def prepare(self, call: Call, record: Record) -> Record:
        """A new record, complete; or an error."""
        return record

    def change(self, call: Call, old: Record, new: Record) -> None:
        """Keep a changed record."""
        self.records(call).replace(new)

    def remove(self, call: Call, record: Record) -> None:
        """Forget a record; or an error."""
        self.records(call).remove(lambda found: found['uuid'] == record['uuid'])

    def shown(self, call: Call, record: Record) -> Record:
        """A record as answers show it."""
        shown = {k: v for k, v in record.items() if k not in self.shape.hidden}
        return {**shown, '_links': link(self._path_of(call, record))}

    def records(self, call: Call) -> KeptCollection:
        """Every record of the kind."""
        return call.cluster.kept.collection(self.shape.kind)

    def visible(self, call: Call) -> list[Record]:
        """The records that the request may see."""
        field = self.shape.svm_field
        return [
            record
            for record in self.records(call).all()
            if self._is_within(call, record)
            and (
                call.svm is None
                or not self.shape.in_svm
                or value(record, f'{field}.name') in self._shown_in(call.svm)
            )
        ]

    def addressed(self, call: Call) -> Record:
        """The record that the path names.

        :raises NoSuchEntryError: there is none
        """
        for record in self.visible(call):
            if all(
                str(value(record, field)) == call[name]
                for name, field in self.shape.address.items()
            ):
                return record
        raise NoSuchEntryError(next(iter(self.shape.address.values())))

    # The rest.

    def _shown_in(self, svm: Svm) -> set[str | None]:
        # What is the whole cluster's can be seen in each SVM.
        return {svm.name, None} if self.shape.in_svm == 'optional' else {svm.name}

    def _is_within(self, call: Call, record: Record) -> bool:
        """Whether the record is below the path's first parts, if those are one's."""
        return all(
            str(value(record, field)) == call[name]
            for name, field in self.shape.address.items()
            if name in call.parameters
        )

    def _path_of(self, call: Call, record: Record) -> str:
        path = self.shape.path
        rest = []
        for name, field in self.shape.address.items():
            text = str(value(record, field))
            if f'{{{name}}}' in path:
                path = path.replace(f'{{{name}}}', text)
            else:
                rest.append(text)
        return '/'.join([path, *rest])

    def _new(self, call: Call, body: Record) -> Record:
        record: Record = {}
        merge(record, self.shape.defaults)
        for name, field in self.shape.address.items():
            if name in call.parameters and field == 'svm.uuid':
                record['svm'] = call.cluster.svm(call[name]).reference()
        merge(record, body)
        if isinstance(record.get('ipspace'), str):
            record['ipspace'] = {'name': record['ipspace']}
        self.refer_to_svm(call, record)
        for name in self.shape.required:
            if value(record, name) is None:
                raise self.shape.missing(name)
        record = self.prepare(call, record)
        self._check_unique(call, record)
        return record

    def refer_to_svm(self, call: Call, record: Record) -> None:
        shape = self.shape
        if not shape.in_svm:
            return
        reference = value(record, shape.svm_field, default={})
        name = reference.get('uuid') or reference.get('name')
        if not name and call.svm is not None:
            name = call.svm.name
        if name:
            record[shape.svm_field] = call.cluster.svm(str(name)).reference()
        elif shape.in_svm == 'required':
            raise shape.missing(f'{shape.svm_field}.name')

    def _check_unique(self, call: Call, record: Record) -> None:
        fields = [*self.shape.unique, f'{self.shape.svm_field}.name']
        for other in self.records(call).all():
            if (
                self.shape.unique
                and other.get('uuid') != record.get('uuid')
                and all(value(other, f) == value(record, f) for f in fields)
            ):
                raise DuplicateError('There is one with this name already.')

    def _patch(self, call: Call, found: Sequence[Record]) -> Answer:
        body = call.body
        for name in self.shape.fixed:
            wanted = value(body, name)
            if wanted is not None and any(value(r, name) != wanted for r in found):
                raise InvalidValueError(name, wanted)
        for old in found:
            new: Record = {}
            merge(new, old)
            merge(new, {k: v for k, v in body.items() if k not in {'uuid', '_links'}})
            self.refer_to_svm(call, new)
            self._check_unique(call, new)
            self.change(call, old, new)
        return self._done(call)

    def _delete(self, call: Call, found: Sequence[Record]) -> Answer:
        for record in found:
            self.remove(call, record)
        return self._done(call)

    def _done(self, call: Call) -> Answer:
        if self.shape.by_job:
            return run_job(call, f'{call.method} /api{call.path}', lambda job: None)
        return Answer()

    def _selected(self, call: Call) -> list[Record]:
        return [
            record
            for record in self.visible(call)
            if call.query.matches(self.shown(call, record))
        ]
