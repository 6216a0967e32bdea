"""The control API below /simulator/v1: what a test asks of the simulator.

Its calls are never recorded, and no fault hits them.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from ontap_simulator.calls import Calls
from ontap_simulator.errors.common import (
    ApiNotFoundError,
    InvalidValueError,
    MethodNotAllowedError,
    NoSuchEntryError,
)
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.settings import Settings
from ontap_simulator.models.shared_data import SETTABLE
from ontap_simulator.query import Query
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer
from ontap_simulator.responses.bodies import parse_json

PREFIX = '/simulator/v1'
_HIGHEST = 1 << 60
_FAULT = re.compile(r'/faults/(\d+)')


class Control:
    """Answers the control API."""

    def __init__(self, cluster: Cluster, calls: Calls) -> None:
        self._cluster = cluster
        self._calls = calls
        self._routes: Mapping[str, Mapping[str, Callable[[Query, Record], Answer]]] = {
            '/calls': {'GET': self._list_calls},
            '/counters': {'GET': self._counters},
            '/faults': {
                'GET': self._list_faults,
                'POST': self._add_fault,
                'DELETE': self._delete_faults,
            },
            '/personality': {
                'GET': self._get_personality,
                'PATCH': self._patch_personality,
                'DELETE': self._reset_personality,
            },
            '/settings': {'GET': self._get_settings, 'PATCH': self._patch_settings},
            '/volumes': {'GET': self._list_volumes, 'PATCH': self._patch_volume},
            '/reset': {'POST': self._reset},
        }

    def answer(self, method: str, path: str, query: str, content: bytes) -> Answer:
        """The answer to a request; ``path`` is below PREFIX."""
        fault = _FAULT.fullmatch(path)
        if fault and method == 'DELETE':
            return self._delete_fault(fault[1])
        if path not in self._routes:
            raise ApiNotFoundError('The control API has no such path.')
        if method not in self._routes[path]:
            raise MethodNotAllowedError(f'{method} is not supported here.')
        return self._routes[path][method](Query(query), parse_json(content))

    def _list_calls(self, query: Query, body: Record) -> Answer:
        since = query.number('since', 0, 0, _HIGHEST)
        return Answer(self._calls.since(since, query.get('user') or None))

    def _counters(self, query: Query, body: Record) -> Answer:
        copies, clones = self._cluster.copies, self._cluster.clones
        return Answer(
            {
                **self._calls.totals(),
                'file_clones': clones['file'],
                'lun_clones': clones['LUN'],
                'namespace_clones': clones['NVMe namespace'],
                'file_copies': dataclasses.asdict(copies.files),
                'lun_copies': dataclasses.asdict(copies.luns),
                'copies_by_volume': copies.begun_by_volume(),
                'bytes_copied': copies.bytes,
                'peak_concurrent_copies': copies.peak,
                'ems_messages': len(self._cluster.ems),
            }
        )

    def _list_faults(self, query: Query, body: Record) -> Answer:
        return Answer(
            {'faults': [fault.record() for fault in self._cluster.faults.all()]}
        )

    def _add_fault(self, query: Query, body: Record) -> Answer:
        return Answer({'id': self._cluster.faults.add(body).id}, HTTPStatus.CREATED)

    def _delete_faults(self, query: Query, body: Record) -> Answer:
        self._cluster.faults.clear()
        return Answer()

    def _delete_fault(self, fault_id: str) -> Answer:
        if not self._cluster.faults.delete(fault_id):
            raise NoSuchEntryError('id')
        return Answer()

    def _get_settings(self, query: Query, body: Record) -> Answer:
        return Answer(dataclasses.asdict(self._cluster.settings))

    def _patch_settings(self, query: Query, body: Record) -> Answer:
        known = {field.name for field in dataclasses.fields(Settings)}
        for name, found in body.items():
            if name not in known or type(found) is not int or found < 0:
                raise InvalidValueError(name, found)
        for name, found in body.items():
            setattr(self._cluster.settings, name, found)
        return self._get_settings(query, body)

    def _get_personality(self, query: Query, body: Record) -> Answer:
        return Answer(dataclasses.asdict(self._cluster.personality))

    def _patch_personality(self, query: Query, body: Record) -> Answer:
        try:
            self._cluster.personality.choose(body)
        except ValueError as err:
            name = str(err)
            raise InvalidValueError(name, body[name]) from err
        return self._get_personality(query, body)

    def _reset_personality(self, query: Query, body: Record) -> Answer:
        self._cluster.personality.reset()
        return self._get_personality(query, body)

    def _list_volumes(self, query: Query, body: Record) -> Answer:
        return Answer(
            {
                'volumes': [
                    self._cluster.shared_data.record(volume)
                    for volume in self._cluster.volumes
                ]
            }
        )

    def _patch_volume(self, query: Query, body: Record) -> Answer:
        for name in set(body) - {'svm', 'volume', *SETTABLE}:
            raise InvalidValueError(name, body[name])
        svm = self._cluster.svm(str(body.get('svm')))
        volume = self._cluster.find_volume({'name': body.get('volume')}, svm)
        self._cluster.shared_data.set(
            volume, {name: body[name] for name in SETTABLE if name in body}
        )
        return Answer(self._cluster.shared_data.record(volume))

    def _reset(self, query: Query, body: Record) -> Answer:
        self._cluster.reset(files=body.get('files') is True)
        self._calls.clear()
        return Answer()
