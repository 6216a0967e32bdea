"""The snippets of the README, taken from there and used on the default cluster."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from ontap_simulator import usage
from ontap_simulator.testing import Simulator, serving

README = (Path(__file__).parents[2] / 'README.md').read_text()
ADDRESS = '127.0.10.1'
TIMEOUT = 60


def snippet(section: str) -> str:
    """The first block of a section."""
    text = README.partition(f'\n### {section}\n')[2]
    (found,) = re.findall(r'```\w+\n(.*?)```', text.partition('\n### ')[0], re.DOTALL)
    return str(found)


@pytest.fixture(scope='module')
def default(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The cluster that is simulated if nothing is said, on another port."""
    directory = tmp_path_factory.mktemp('default')
    topology = directory / 'cluster.toml'
    topology.write_text(usage.EXAMPLE.read_text().replace(':18443', ':0'))
    with serving(topology, directory / usage.DATA_DIR) as simulator:
        assert simulator.host == ADDRESS
        yield simulator


def here(text: str, simulator: Simulator) -> str:
    """A snippet with the port of this simulator."""
    assert '18443' in text
    return text.replace('18443', str(simulator.port))


def test_the_cluster_is_as_the_readme_says(default: Simulator) -> None:
    table = README.partition('| This cluster has | |')[2].partition('\n\n')[0]
    answer = default.session.get(
        f'{default.origin}/api/network/ip/interfaces',
        params={'services': 'data_nfs|data_iscsi', 'fields': 'ip.address,svm.name'},
        timeout=TIMEOUT,
    ).json()
    assert answer['num_records'] == 2
    for lif in answer['records']:
        assert f'`{lif["svm"]["name"]}` at {lif["ip"]["address"]}' in table


@pytest.mark.skipif(shutil.which('curl') is None, reason='curl is missing: install it')
def test_curl_lists_the_flexvols(default: Simulator) -> None:
    done = subprocess.run(
        ['sh', '-euc', here(snippet('curl'), default)],
        cwd=default.data_dir.parent,
        env={'PATH': os.environ['PATH']},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    names = {record['name'] for record in json.loads(done.stdout)['records']}
    assert {'images_vol', 'volumes_vol', 'luns_vol'} <= names


def test_netapps_library_lists_the_flexvols(
    default: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(default.data_dir.parent)
    text = here(snippet("NetApp's Python library"), default)
    exec(compile(text, 'README.md', 'exec'), {})  # noqa: S102 - our own text
    assert "'images_vol', 'luns_vol', 'volumes_vol'" in capsys.readouterr().out


class Trident:
    """The REST calls of Trident's driver ``ontap-nas``, as its source (26.10) makes
    them: paths, queries, fields and bodies. Trident itself is not run.
    """

    def __init__(self, backend: Mapping[str, Any], ca: Path) -> None:
        self.backend = backend
        self._origin = f'https://{backend["managementLIF"]}/api'
        self._session = requests.Session()
        self._session.auth = (backend['username'], backend['password'])
        self._session.verify = str(ca)
        self.svm = ''

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self._session.request(
            method, self._origin + path, params=query, json=body, timeout=TIMEOUT
        )
        assert answer.ok, answer.text
        return answer.json() if answer.text else {}

    def done(self, answer: Any) -> None:
        """Trident expects a job, and looks at its state until it has ended."""
        path = f'/cluster/jobs/{answer["job"]["uuid"]}'
        deadline = time.monotonic() + TIMEOUT
        while (state := self.call('GET', path, fields='state')['state']) != 'success':
            assert state in {'running', 'queued', 'paused'}
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def volume(self, name: str, fields: str = '') -> Any:
        """It asks for a volume with an empty name in ``fields`` where it wants to
        know that alone: is it there?
        """
        answer = self.call(
            'GET',
            '/storage/volumes',
            **{'svm.uuid': self.svm, 'name': name, 'style': 'flexvol'},
            fields=fields,
        )
        return answer['records'][0] if answer['num_records'] else None

    def change(self, name: str, **changes: Any) -> None:
        path = f'/storage/volumes/{self.volume(name)["uuid"]}'
        self.done(self.call('PATCH', path, changes))

    def start(self) -> None:
        version = self.call('GET', '/cluster', fields='**')['version']
        assert (version['generation'], version['major']) >= (9, 12)
        self.call(
            'GET',
            '/cluster',
            fields='san_optimized,disaggregated',
            ignore_unknown_fields='true',
        )
        (svm,) = self.call('GET', '/svm/svms', name=self.backend['svm'], fields='')[
            'records'
        ]
        self.svm = svm['uuid']
        nodes = self.call('GET', '/cluster/nodes', name='*', fields='serial_number')
        assert all(node['serial_number'] for node in nodes['records'])

    def pools(self) -> set[str]:
        """Aggregates of the SVM, of which the kind of disk is known."""
        svm = self.call('GET', f'/svm/svms/{self.svm}')
        listed = self.call(
            'GET',
            '/storage/aggregates',
            name='*',
            fields='block_storage.primary.disk_type',
        )
        known = {
            record['name']
            for record in listed['records']
            if record['block_storage']['primary']['disk_type']
        }
        return known & {aggregate['name'] for aggregate in svm['aggregates']}

    def lifs(self) -> set[str]:
        answer = self.call(
            'GET',
            '/network/ip/interfaces',
            **{'svm.uuid': self.svm, 'services': 'data_nfs'},
            fields='ip.address,state',
        )
        return {r['ip']['address'] for r in answer['records'] if r['state'] == 'up'}

    def create(self, name: str, aggregate: str) -> None:
        assert self.volume(name) is None
        body = {
            'name': name,
            'size': 1 << 30,
            'guarantee': {'type': 'none'},
            'snapshot_policy': {'name': 'none'},
            'comment': '',
            'state': 'online',
            'style': 'flexvol',
            'aggregates': [{'name': aggregate}],
            'space': {'snapshot': {'reserve_percent': 0}},
            'svm': {'uuid': self.svm},
            'encryption': {'enabled': False},
            'tiering': {'policy': 'none'},
            'nas': {
                'security_style': 'unix',
                'unix_permissions': 777,
                'export_policy': {'name': 'default'},
            },
        }
        self.done(self.call('POST', '/storage/volumes', body))
        self.change(name, snapshot_directory_access_enabled=False)
        self.change(name, nas={'path': f'/{name}'})

    def clone(self, name: str, source: str) -> None:
        body = {
            'name': name,
            'clone': {'parent_volume': {'name': source}, 'is_flexclone': True},
            'svm': {'uuid': self.svm},
        }
        self.done(self.call('POST', '/storage/volumes', body, return_records='true'))

    def destroy(self, name: str) -> None:
        path = f'/storage/volumes/{self.volume(name)["uuid"]}'
        self.done(self.call('DELETE', path, force='false'))


@pytest.fixture
def trident(default: Simulator) -> Trident:
    backend = json.loads(here(snippet('Trident'), default))
    assert backend['storageDriverName'] == 'ontap-nas'
    assert backend['useREST'] is True
    return Trident(backend, default.ca)


def test_the_calls_of_tridents_start_find_what_it_needs(trident: Trident) -> None:
    trident.start()
    assert trident.pools() == {'aggr1'}
    assert trident.backend['dataLIF'] in trident.lifs()
    trident.call(
        'POST',
        '/support/ems/application-logs',
        {
            'app_version': '26.10.0',
            'autosupport_required': False,
            'category': 'trident',
            'computer_name': 'trident',
            'event_description': 'heartbeat',
            'event_id': 1,
            'event_source': 'trident',
            'severity': 'notice',
        },
        return_records='true',
    )


def test_the_calls_of_a_volumes_life_do_what_trident_wants(trident: Trident) -> None:
    trident.start()
    trident.create('trident_pvc_1', 'aggr1')
    made = trident.volume('trident_pvc_1', 'nas.path,size')
    assert made['nas']['path'] == '/trident_pvc_1'
    trident.change('trident_pvc_1', size=2 << 30)
    assert trident.volume('trident_pvc_1', 'size')['size'] == 2 << 30
    trident.clone('trident_pvc_2', 'trident_pvc_1')
    trident.change('trident_pvc_2', nas={'path': '/trident_pvc_2'})
    for name in ('trident_pvc_2', 'trident_pvc_1'):
        trident.destroy(name)
        assert trident.volume(name) is None
