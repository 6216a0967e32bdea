"""The simulator's application in this process, without a server."""

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.app import Application
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.jobs import Job
from ontap_simulator.topology import config
from webtest import TestApp, TestResponse

MIB = 1 << 20
GIB = 1 << 30
DEADLINE = 20


def volume(name: str, junction_path: str, size: str = '10GiB') -> dict[str, Any]:
    return {
        'name': name,
        'junction_path': junction_path,
        'size': size,
        'aggregate': 'aggr1',
    }


TOPOLOGY: dict[str, Any] = {
    # Of one release, so that LUNs answer without jobs. What differs by release is in
    # tests that name theirs, in test_strict.py and in tests/contract.
    'cluster': {'name': 'unit', 'listen': '127.0.0.1:0', 'version': '9.15.1'},
    'users': [
        {'name': 'admin', 'password': 'secret'},
        {'name': 'eic', 'password': 'other'},
        {'name': 'auditor', 'password': 'third', 'role': 'readonly'},
    ],
    'aggregates': [{'name': 'aggr1', 'size': '1TiB', 'node': 'unit-01'}],
    'svms': [
        {
            'name': 'svm1',
            'protocols': ['nfs', 'iscsi', 'fcp', 'nvme'],
            'lifs': [
                {'name': 'lif1', 'address': '127.0.1.1'},
                {'name': 'lif2', 'address': '127.0.1.2'},
            ],
            'volumes': [
                volume('vol1', '/one'),
                volume('vol2', '/dir/two'),
                volume('tiny', '/tiny', '64KiB'),
            ],
        },
        {
            'name': 'svm2',
            'lifs': [{'name': 'lif1', 'address': '127.0.2.1'}],
            'volumes': [volume('vol3', '/three')],
        },
    ],
}


class FakeClock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def _sent(body: Any) -> bytes:
    if body is None or isinstance(body, bytes):
        return body or b''
    return json.dumps(body).encode()


class Api:
    """The API as a user calls it."""

    def __init__(
        self, app: Application, user: str = 'admin', password: str = 'secret'
    ) -> None:
        self.app = app
        self.cluster = app.cluster
        self._test_app = TestApp(app)
        token = base64.b64encode(f'{user}:{password}'.encode()).decode()
        self._headers = {'Authorization': f'Basic {token}'}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        return self._test_app.request(
            path,
            method=method,
            expect_errors=True,
            headers=self._headers | (headers or {}),
            body=_sent(body),
        )

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call(
            'GET',
            path,
            headers={name.replace('_', '-'): text for name, text in headers.items()},
        )

    def post(self, path: str, body: Any) -> TestResponse:
        return self.call('POST', path, body)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.call('PATCH', path, body)

    def delete(self, path: str) -> TestResponse:
        return self.call('DELETE', path)

    def names(self, path: str) -> list[str]:
        return [record['name'] for record in self.get(path).json['records']]

    def uuid(self, name: str) -> str:
        return next(v.uuid for v in self.cluster.volumes if v.name == name)

    def directory(self, name: str) -> Path:
        return next(v.directory.root for v in self.cluster.volumes if v.name == name)

    def files(self, name: str) -> str:
        return f'/api/storage/volumes/{self.uuid(name)}/files'

    def clone(
        self, source: str, destination: str, query: str = '', /, **more: Any
    ) -> TestResponse:
        return self.post(
            f'/api/storage/file/clone{query}',
            {
                'volume': {'uuid': self.uuid('vol1')},
                'source_path': source,
                'destination_path': destination,
                **more,
            },
        )

    def clone_now(self, source: str, destination: str, **more: Any) -> TestResponse:
        return self.clone(source, destination, '?return_timeout=20', **more)

    def copy(
        self,
        source: str = 'image',
        destination: str = 'copy',
        to: str = 'vol2',
        query: str = '',
        **more: Any,
    ) -> TestResponse:
        return self.post(
            f'/api/storage/file/copy{query}',
            {'files_to_copy': [self.pair(source, destination, to)], **more},
        )

    def pair(self, source: str, destination: str, to: str) -> dict[str, Any]:
        return {
            'source': {'volume': {'uuid': self.uuid('vol1')}, 'path': source},
            'destination': {'volume': {'uuid': self.uuid(to)}, 'path': destination},
        }

    def new_lun(
        self, name: str = '/vol/vol1/lun', query: str = '', /, **more: Any
    ) -> TestResponse:
        return self.post(
            f'/api/storage/luns{query}',
            {
                'svm.name': 'svm1',
                'name': name,
                'os_type': 'linux',
                'space.size': MIB,
                **more,
            },
        )

    def new_namespace(
        self, name: str = '/vol/vol1/ns', query: str = '', /, **more: Any
    ) -> TestResponse:
        return self.post(
            f'/api/storage/namespaces{query}',
            {
                'svm.name': 'svm1',
                'name': name,
                'os_type': 'linux',
                'space.size': MIB,
                **more,
            },
        )

    def clone_lun(
        self, to: str = '/vol/vol1/clone', source: str = '/vol/vol1/lun', **more: Any
    ) -> TestResponse:
        return self.post(
            '/api/storage/luns',
            {'svm.name': 'svm1', 'name': to, 'clone.source.name': source, **more},
        )

    def copy_lun(
        self, to: str = '/vol/vol2/copy', query: str = '', **more: Any
    ) -> TestResponse:
        return self.post(
            f'/api/storage/luns{query}',
            {
                'svm.name': 'svm1',
                'name': to,
                'copy.source.name': '/vol/vol1/lun',
                **more,
            },
        )

    def lun(self, name: str = '/vol/vol1/lun', fields: str = '**') -> Any:
        """The LUN of that name; None if there is none."""
        records = self.get(f'/api/storage/luns?name={name}&fields={fields}')
        return next(iter(records.json['records']), None)

    def lun_url(self, name: str = '/vol/vol1/lun') -> str:
        return f'/api/storage/luns/{self.lun(name)["uuid"]}'

    def fault(self, kind: str, **parameters: Any) -> str:
        response = self.post('/simulator/v1/faults', {'kind': kind, **parameters})
        assert response.status_int == 201, response.text
        return response.json['id']

    def settings(self, **changes: int) -> None:
        self.patch('/simulator/v1/settings', changes)

    def counters(self) -> Any:
        return self.get('/simulator/v1/counters').json

    def calls(self, query: str = '') -> Any:
        return self.get(f'/simulator/v1/calls{query}').json['calls']

    def job(self, response: TestResponse) -> Job:
        """The job that an answer started."""
        return self.cluster.jobs.get(response.json['job']['uuid'])

    def failure(self, response: TestResponse) -> str:
        """The code that the job of an answer has failed with."""
        job = self.ended(response)
        assert job.error is not None
        assert job.state == 'failure'
        return job.error.code

    def ended(self, response: TestResponse) -> Job:
        """That job, when it has ended."""
        job = self.job(response)
        assert job.done.wait(DEADLINE), f'{job.description} has not ended'
        return job


def error_code(response: TestResponse) -> str:
    return response.json['error']['code']


def wait_for_end_of_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith('job-'):
            thread.join(DEADLINE)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api(tmp_path: Path, clock: FakeClock) -> Iterator[Api]:
    topology = config.parse(TOPOLOGY)
    cluster = Cluster(topology, tmp_path, clock)
    yield Api(Application(cluster))
    cluster.reset(files=False)
    wait_for_end_of_threads()


@pytest.fixture
def image(api: Api) -> Path:
    """A file on vol1."""
    path = api.directory('vol1') / 'image'
    path.write_bytes(b'0123456789' * 10000)
    return path
