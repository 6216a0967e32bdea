"""An OntapSession that keeps LUNs: enough of ``/storage/luns`` for unit tests."""

import fnmatch
import itertools
from typing import Any

from eic_plugins.ontap.session import OntapRejectedError

LUNS = '/api/storage/luns'


class LunSession:
    """Records of LUNs by path; each call is written down."""

    host = 'cluster-a.example.org'

    def __init__(self, created: Any = '2026-01-01T00:00:00+00:00') -> None:
        self.luns = {}
        self.calls = []
        self.errors = []
        self.copy_states = []
        self._created = created
        self._numbers = itertools.count(1)

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.errors and self.errors[0][0] == call[0]:
            raise self.errors.pop(0)[1]

    def records(self, path: Any, **query: Any) -> Any:
        self._called('GET', path)
        patterns = query['name'].split('|')
        found = [
            dict(lun)
            for name, lun in sorted(self.luns.items())
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        ]
        if 'copy.source.progress' in query['fields'] and self.copy_states:
            state = self.copy_states.pop(0)
            for lun in found:
                lun['copy'] = {'source': {'progress': state}} if state else {}
        return found

    def get(self, path: Any, **query: Any) -> Any:
        self._called('GET', path)
        return dict(self._by_uuid(path))

    def post(self, path: Any, body: Any, patience: Any = None, **query: Any) -> Any:
        self._called('POST', path)
        name = body['name']
        if name in self.luns:
            raise OntapRejectedError(409, '1260136', 'exists')
        source = (body.get('clone') or body.get('copy') or {}).get('source')
        size, comment = body.get('space', {}).get('size'), ''
        if source:
            origin = self._source(source)
            size, comment = origin['space']['size'], origin['comment']
        self.luns[name] = {
            'uuid': f'uuid-{next(self._numbers)}',
            'name': name,
            'space': {'size': size},
            'comment': comment,
            'create_time': self._created,
            'location': {'volume': {'uuid': f'fv-{name.split("/")[2]}'}},
        }
        return {'records': [dict(self.luns[name])]}

    def _source(self, source: Any) -> Any:
        for lun in self.luns.values():
            if source.get('uuid', lun['uuid']) == lun['uuid'] and (
                source.get('name', lun['name']) == lun['name']
            ):
                return lun
        raise OntapRejectedError(404, '5374875', 'no such LUN')

    def patch(self, path: Any, body: Any, **query: Any) -> Any:
        self._called('PATCH', path)
        lun = self._by_uuid(path)
        if 'name' in body:
            if body['name'] in self.luns:
                raise OntapRejectedError(409, '1260136', 'exists')
            self.luns[body['name']] = self.luns.pop(lun['name'])
        lun.update(body)
        return {}

    def delete(self, path: Any, **query: Any) -> Any:
        self._called('DELETE', path)
        self.luns.pop(self._by_uuid(path)['name'])
        return {}

    def _by_uuid(self, path: Any) -> Any:
        for lun in self.luns.values():
            if path.endswith(lun['uuid']):
                return lun
        raise OntapRejectedError(404, '4', 'no such LUN')

    def verbs(self) -> Any:
        return [call[0] for call in self.calls]


class NamespaceSession(LunSession):
    """The same for namespaces, which cannot be renamed."""

    def patch(self, path: Any, body: Any, **query: Any) -> Any:
        if 'name' in body:
            raise OntapRejectedError(400, '262203', 'not in PATCH')
        return super().patch(path, body, **query)
