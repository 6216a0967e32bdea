"""Bodies with ``records``: one request that makes, changes or deletes several."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from ontap_simulator import routing
from ontap_simulator.errors.common import (
    InvalidValueError,
    MissingFieldError,
    OntapError,
)
from ontap_simulator.models.jobs import Job
from ontap_simulator.query import MAX_RETURN_TIMEOUT, Query
from ontap_simulator.records import Record, expand, value
from ontap_simulator.reference.model import Resource
from ontap_simulator.responses.base import Answer, Call, Handler
from ontap_simulator.responses.bodies import parse_json
from ontap_simulator.responses.jobs import run_job

_OWN = frozenset(
    {
        'POST /protocols/san/igroups/{uuid}/initiators',
        'POST /protocols/nvme/subsystems/{uuid}/hosts',
    }
)
"""The reference describes their ``records``: they are answered at once."""


class RecordError(OntapError):
    """One of the records of a request failed."""

    code = '262287'


def is_bulk(call: Call, template: str) -> bool:
    """Whether a request has several records, and its handler takes one."""
    return (
        call.method in {'POST', 'PATCH', 'DELETE'}
        and f'{call.method} {template}' not in _OWN
        and call.content[:1] == b'{'
        and b'"records"' in call.content
        and 'records' in parse_json(call.content)
    )


def answer(call: Call, handler: Handler, resource: Resource | None) -> Answer:
    """A job that does it record by record."""
    records = _records(call)
    work = _Work(call, handler, resource)
    made = run_job(
        call,
        f'{call.method} /api{call.path}',
        lambda job: work.run(job, records),
        status=HTTPStatus.CREATED if call.method == 'POST' else HTTPStatus.OK,
    )
    return _with_results(call, made)


class _Work:
    def __init__(self, call: Call, handler: Handler, resource: Resource | None) -> None:
        self._call = call
        self._handler = handler
        self._keys = resource.keys if resource else ('uuid',)
        self._made: list[str] = []

    def run(self, job: Job, records: Iterable[Record]) -> None:
        failures = []
        for record in records:
            try:
                self._one(record)
            except OntapError as err:
                failures.append(self._failure(record, err))
                if not self._goes_on():
                    break
        if failures:
            self._roll_back()
            raise failures[0]

    def _goes_on(self) -> bool:
        flag = self._call.query.flag('continue_on_failure')
        return flag or self._call.method == 'DELETE'

    def _one(self, record: Record) -> None:
        if self._call.method == 'POST':
            done = self._handler(_part(self._call, self._call.path, record))
            self._made.append(done.headers.get('Location', '').removeprefix('/api'))
        else:
            _do(self._call, self._call.method, *self._addressed(record))

    def _addressed(self, record: Record) -> tuple[str, Record]:
        path = self._call.path
        for key in self._keys:
            found = value(record, key)
            if found is None:
                raise MissingFieldError(key)
            path = f'{path}/{quote(str(found), safe="")}'
        return path, {k: v for k, v in record.items() if k not in self._keys}

    def _roll_back(self) -> None:
        if not self._goes_on():
            for path in filter(None, self._made):
                _do(self._call, 'DELETE', path, {})

    def _failure(self, record: Record, err: OntapError) -> RecordError:
        names = ', '.join(f'{k}: {v}' for k, v in record.items() if k in _NAMES)
        return RecordError(
            f'{self._call.method} of record "{names}" failed. Reason: {err.message}'
        )


_NAMES = ('uuid', 'name', 'path')


def _records(call: Call) -> list[Record]:
    found = parse_json(call.content)['records']
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise InvalidValueError('records', found)
    return [expand(record) for record in found]


def _do(call: Call, method: str, path: str, record: Record) -> None:
    template, parameters = routing.resolve(path)
    part = _part(call, path, record)
    routing.handler(template, method)(
        dataclasses.replace(
            part,
            method=method,
            parameters=parameters,
            content=b'' if method == 'DELETE' else part.content,
        )
    )


def _part(call: Call, path: str, record: Mapping[str, Any]) -> Call:
    """The request that has one record alone, and is answered when it is done."""
    kept = [
        (k, v) for k, v in call.query.items if k not in {'return_timeout', 'fields'}
    ]
    text = urlencode([*kept, ('return_timeout', str(MAX_RETURN_TIMEOUT))])
    return dataclasses.replace(
        call,
        path=path,
        query=Query(text, path),
        content=json.dumps(record).encode(),
        faults=(),
    )


def _with_results(call: Call, made: Answer) -> Answer:
    job = made.body['job']
    results = {'href': f'/api{call.path}?job_results_uuid={job["uuid"]}'}
    links = {**job['_links'], 'results': results}
    headers = {'Location': results['href']} if call.method == 'POST' else {}
    return Answer({'job': {**job, '_links': links}}, made.status, headers)
