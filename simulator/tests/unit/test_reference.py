"""What the simulator has, against what others have published.

Where the folder of facts is (beside this clone, as in CI), the package data is
compared with it, too.
"""

import ast
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ontap_simulator
import pytest
from ontap_simulator.app import Application
from ontap_simulator.errors.common import OntapError
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.reference import beyond, loading
from ontap_simulator.strict.names import GENERIC
from ontap_simulator.topology import config
from ontap_simulator.urls import ROUTES

from .conftest import TOPOLOGY, Api

PACKAGE = Path(ontap_simulator.__file__).parent
DATA = json.loads((PACKAGE / 'reference/data.json').read_text())
FACTS = Path(
    os.environ.get('EIC_ONTAP_REFERENCE')
    or Path(__file__).parents[3].parent / 'shared/ontap-reference'
)
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason=f'the facts are not at {FACTS}'
)

PATHS_BEYOND = {
    # The CLI passthrough has a path for every command, and no description of any.
    r'/private/cli/.*',
}

CODES_BEYOND = {
    # Errors of the file system, 131072 plus a BSD error number, as two published
    # ones are: the source changed (ESTALE), the work was cancelled (ECANCELED).
    '131142',
    '131157',
    # No published list is of the CLI.
    '917806',
    # The lists have no codes for a scan that is refused, nor the calls that clients
    # of roles, export policies and qtrees make: guesses.
    '13107399',
    '1263347',
    '1638515',
    '1703945',
    '1703946',
    '5242951',
    '5636169',
    '5636173',
}
"""Codes that no published list has."""

NO_CODES = {'65534'}
"""Other texts of digits: the anonymous user of an export."""

NOT_SHOWN = {
    # What all resources that are kept have; the answer leaves it out.
    ('/storage/snaplock/compliance-clocks', 'uuid'),
    ('/cluster/licensing/licenses', 'uuid'),
    ('/network/ip/interfaces', 'location.broadcast_domain.ipspace.name'),
}
"""Fields that the simulator keeps and a strict answer does not have."""

STATUSES_BEYOND = {
    # A path that is no API: the list has code 3 for methods alone.
    ('3', 404),
    # The list has 400; its section on statuses has 401 for a failed login.
    ('6691623', 401),
}


def facts(name: str) -> Any:
    return json.loads((FACTS / f'{name}.json').read_text())


@pytest.mark.parametrize('template', ROUTES)
def test_path_is_one_of_the_reference(template: str) -> None:
    if not any(re.fullmatch(pattern, template) for pattern in PATHS_BEYOND):
        assert loading.resource_of(template)


def leaves(record: Any, name: str = '') -> Iterator[str]:
    if isinstance(record, list):
        for element in record:
            yield from leaves(element, name)
    elif isinstance(record, dict) and record:
        for key, content in record.items():
            if key not in GENERIC:
                yield from leaves(content, f'{name}.{key}' if name else key)
    else:
        yield name


@pytest.fixture
def newest(tmp_path: Path) -> Api:
    """Shows what it has, whether the release has it or not."""
    topology = config.parse(
        {**TOPOLOGY, 'cluster': {**TOPOLOGY['cluster'], 'version': '9.19.1'}}
    )
    cluster = Cluster(topology, tmp_path)
    return Api(Application(cluster, strict=False))


def filled(api: Api) -> None:
    """Something of what the topology does not make."""
    (api.directory('vol1') / 'file').write_bytes(b'x')
    svm = {'name': 'svm1'}
    wait = 'return_timeout=15'
    api.new_lun()
    api.post(
        f'/api/storage/namespaces?{wait}',
        {'svm': svm, 'name': '/vol/vol1/ns', 'os_type': 'linux', 'space.size': 1 << 20},
    )
    api.post(
        '/api/protocols/san/igroups',
        {'svm': svm, 'name': 'group', 'os_type': 'linux', 'protocol': 'iscsi'},
    )
    api.post(
        '/api/protocols/nvme/subsystems',
        {'svm': svm, 'name': 'system', 'os_type': 'linux'},
    )
    api.post(
        '/api/protocols/san/lun-maps',
        {'svm': svm, 'lun.name': '/vol/vol1/lun', 'igroup.name': 'group'},
    )
    api.post(
        '/api/protocols/nvme/subsystem-maps',
        {'svm': svm, 'namespace.name': '/vol/vol1/ns', 'subsystem.name': 'system'},
    )
    api.post(f'/api/storage/qos/policies?{wait}', {'svm': svm, 'name': 'policy'})
    api.post(
        f'/api/svm/peers?{wait}',
        {'svm': svm, 'peer.svm.name': 'svm2', 'applications': ['file_copy']},
    )


COLLECTIONS = [
    template
    for template, handlers in ROUTES.items()
    if 'GET' in handlers and '{' not in template and loading.resource_of(template)
]


@pytest.mark.parametrize('template', COLLECTIONS)
def test_field_is_one_of_the_reference(newest: Api, template: str) -> None:
    filled(newest)
    resource = loading.resource_of(template)
    assert resource is not None
    body = newest.get(f'/api{template}?fields=**').json
    records = body.get('records', [body])
    anything = [n for n, p in resource.properties.items() if p.kind == 'any']
    more = {
        name
        for record in records
        for name in leaves(record)
        if name not in resource.properties
        and not any(f'{name}.'.startswith(f'{each}.') for each in anything)
    }
    assert {(template, name) for name in more - {''}} <= NOT_SHOWN


def codes_in_use() -> set[str]:
    found = set()
    for path in PACKAGE.rglob('*.py'):
        if path.parent.name in {'errors', 'responses', 'models', 'strict'}:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= set(re.findall(r'^\d{5,9}$', node.value))
    return found


def published_codes() -> set[str]:
    found = set(facts('common')['http_of_code'])
    for call in facts('endpoints')['endpoints'].values():
        found |= set(call['error_codes'])
    for call in facts('calls').values():
        if isinstance(call, dict):
            found |= set(call.get('codes', ()))
    return found


@needs_facts
def test_code_is_one_that_was_published() -> None:
    assert codes_in_use() - published_codes() - NO_CODES == CODES_BEYOND


def errors(kind: type[OntapError] = OntapError) -> Iterator[type[OntapError]]:
    for each in kind.__subclasses__():
        yield each
        yield from errors(each)


def test_status_of_a_code_is_the_published_one() -> None:
    wrong = {
        (kind.code, int(kind.status))
        for kind in errors()
        # A class without a code of its own is given one where it is raised.
        if 'code' in vars(kind)
        and kind.status not in (loading.statuses_of(kind.code) or (kind.status,))
    }
    assert wrong == STATUSES_BEYOND


@needs_facts
def test_package_data_has_every_published_field() -> None:
    for path, published in facts('fields')['collections'].items():
        ours = DATA['resources'][loading.normal(path)]
        assert set(published['fields']) <= set(ours['fields']), path
        for name, since in published['since'].items():
            if name in ours['fields']:
                assert ours['fields'][name].split(' ')[0] == since, (path, name)
        named = {n for n in published.get('expensive', ()) if ' ' not in n}
        assert named == set(ours['expensive']), path


def test_what_is_beyond_the_reference_is_not_in_it() -> None:
    for path, fields in beyond.FIELDS.items():
        assert not set(fields) & set(DATA['resources'][path]['fields'])
    for call, names in beyond.PROPERTIES.items():
        path = call.partition(' ')[2]
        assert not names & set(DATA['resources'][path]['fields'])


@needs_facts
def test_package_data_has_every_published_call() -> None:
    published = facts('endpoints')['endpoints']
    assert {loading.normal(call) for call in published} == set(DATA['calls'])
    for call, found in published.items():
        ours = DATA['calls'][loading.normal(call)]
        assert set(found['control_parameters']) <= set(ours['parameters']), call
        assert bool(found['filters']) == ours['filters'], call


@needs_facts
def test_package_data_has_every_published_status() -> None:
    assert facts('common')['http_of_code'] == DATA['statuses']


@needs_facts
@pytest.mark.parametrize(
    ('name', 'resource', 'field'),
    [
        ('luns.copy.source.progress', '/storage/luns', 'copy.source.progress.state'),
        ('split-status.unsplit_size', '/storage/file/clone/split-status', ''),
        ('namespaces.create_time', '/storage/namespaces', ''),
        ('luns.create_time', '/storage/luns', ''),
        ('jobs.error', '/cluster/jobs', 'error.code'),
        ('volumes.nas.path', '/storage/volumes', 'nas.path'),
    ],
)
def test_field_is_as_old_as_its_page_says(name: str, resource: str, field: str) -> None:
    since = facts('introduced')['fields'][name]
    leaf = field or name.rpartition('.')[2]
    ours = DATA['resources'][resource]['fields'][leaf]
    assert ours.split(' ')[0] == since


def test_newest_library_has_the_same_fields() -> None:
    """The one that is installed: a newer one may have more."""
    libraries = pytest.importorskip('tools.libraries')
    root = Path(pytest.importorskip('netapp_ontap').__file__).parent
    found = libraries.Library(root).resources('/storage/luns'.__eq__)
    (luns,) = found
    ours = DATA['resources']['/storage/luns']['fields']
    assert {name.replace('[]', '') for name in luns.properties} <= set(ours)
