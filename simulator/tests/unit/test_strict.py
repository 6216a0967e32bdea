"""Every call refuses what its release does not have, with ONTAP's codes."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.app import Application
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.reference import loading
from ontap_simulator.topology import config
from ontap_simulator.urls import ROUTES
from webtest import TestResponse

from .conftest import TOPOLOGY, Api, error_code

VERSION = os.environ.get(config.VERSION, '9.15.1')
CLI = '/private/cli/'
CALLS = [
    (method, template)
    for template, handlers in ROUTES.items()
    for method in handlers
    if not template.startswith(CLI)
]
READING = [template for method, template in CALLS if method == 'GET']
CHANGING = [(m, t) for m, t in CALLS if m in {'POST', 'PATCH'}]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """A cluster of the release that these tests are run for."""
    cluster = {**TOPOLOGY['cluster'], 'version': VERSION}
    topology = config.parse({**TOPOLOGY, 'cluster': cluster})
    return Api(Application(Cluster(topology, tmp_path)))


def path_of(template: str) -> str:
    return '/api' + re.sub(r'\{[^}]*\}', 'x', template)


def call(api: Api, method: str, url: str, body: Any = None) -> TestResponse:
    if method == 'GET':
        return api.get(url)
    if method == 'DELETE':
        return api.delete(url)
    send = api.post if method == 'POST' else api.patch
    return send(url, {} if body is None else body)


def error(response: TestResponse) -> tuple[int, str, str | None]:
    found = response.json['error']
    return response.status_int, found['code'], found.get('target')


@pytest.mark.parametrize('template', READING)
def test_unknown_field_is_refused(api: Api, template: str) -> None:
    answer = api.get(f'{path_of(template)}?fields=name_that_nothing_has')
    assert error(answer) == (400, '262197', 'fields')


@pytest.mark.parametrize('template', READING)
def test_unknown_field_can_be_ignored(api: Api, template: str) -> None:
    query = 'fields=name_that_nothing_has&ignore_unknown_fields=true'
    answer = api.get(f'{path_of(template)}?{query}')
    assert answer.status_int == 200 or error_code(answer) != '262197'


@pytest.mark.parametrize(('method', 'template'), CALLS)
def test_unknown_parameter_is_refused(api: Api, method: str, template: str) -> None:
    answer = call(api, method, f'{path_of(template)}?name_that_nothing_has=x')
    name = 'name_that_nothing_has'
    assert error(answer) == (400, '262179', name)


@pytest.mark.parametrize(('method', 'template'), CHANGING)
def test_unknown_property_is_refused(api: Api, method: str, template: str) -> None:
    answer = call(api, method, path_of(template), {'name_that_nothing_has': 1})
    assert error(answer) == (400, '262179', 'name_that_nothing_has')


@pytest.mark.parametrize(('method', 'template'), CHANGING)
def test_property_of_a_wrong_type_is_refused(
    api: Api, method: str, template: str
) -> None:
    resource = loading.resource_of(template)
    assert resource is not None
    access = 'c' if method == 'POST' else 'u'
    for name, found in resource.properties.items():
        # Those of a list in the body, which handlers take by themselves.
        if name.startswith('records.'):
            continue
        if access in found.access and found.kind != 'any' and found.since <= (9, 11):
            leaf: Any = {'no': 'value'}
            parts = name.split('.')
            for at in range(len(parts), 0, -1):
                key = '.'.join(parts[:at])
                leaf = {parts[at - 1]: [leaf] if key in resource.arrays else leaf}
            answer = call(api, method, path_of(template), leaf)
            assert error(answer) == (400, '262197', name), name


@pytest.mark.parametrize(('method', 'template'), CHANGING)
def test_broken_json_is_refused(api: Api, method: str, template: str) -> None:
    send = api._test_app.post if method == 'POST' else api._test_app.patch
    for content, code in ((b'{', '262199'), (b'{} {}', '262200'), (b'"x"', '262201')):
        answer = send(
            path_of(template), content, headers=api._headers, expect_errors=True
        )
        assert error_code(answer) == code


@pytest.mark.parametrize('template', READING)
def test_body_of_a_get_is_refused(api: Api, template: str) -> None:
    answer = api._test_app.request(
        path_of(template),
        method='GET',
        body=b'{"name": "x"}',
        headers=api._headers,
        expect_errors=True,
    )
    assert error_code(answer) == '262198'


@pytest.mark.parametrize('template', ROUTES)
def test_options_name_the_methods(api: Api, template: str) -> None:
    answer = api._test_app.options(path_of(template), headers=api._headers)
    allowed = set(answer.headers['Allow'].split(', '))
    assert allowed - {'OPTIONS', 'HEAD'} == set(ROUTES[template])
    assert ('HEAD' in allowed) == ('GET' in allowed)


@pytest.mark.parametrize('template', ROUTES)
def test_other_methods_are_refused_with_code_3(api: Api, template: str) -> None:
    for method in {'POST', 'PATCH', 'DELETE'} - set(ROUTES[template]):
        answer = call(api, method, path_of(template))
        assert (answer.status_int, error_code(answer)) == (405, '3')


@pytest.mark.parametrize('template', READING)
def test_head_is_get_without_its_body(api: Api, template: str) -> None:
    answer = api._test_app.head(
        path_of(template), headers=api._headers, expect_errors=True
    )
    assert answer.body == b''
    assert answer.status_int == api.get(path_of(template)).status_int


@pytest.mark.parametrize(
    ('query', 'code'),
    [
        ('fields=space.{size', '262286'),
        ('fields=space.size}', '262286'),
        ('fields=clone.is_flexclone,none', '262197'),
        ('order_by=none', '262268'),
        ('$orderBy=none', '262268'),
        ('query=x', '262273'),
        ('query_fields=name', '262273'),
        ('query="x&query_fields=name', '262272'),
        ('query=""&query_fields=name', '262274'),
        ('query=x&query_fields=!name', '262275'),
        ('query=x&query_fields=name,name', '262276'),
        ('query=x&query_fields=none', '262197'),
        ('return_timeout=121', '262197'),
        ('return_timeout=-1', '262197'),
        ('pretty=perhaps', '262197'),
        ('max_records=some', '262197'),
    ],
)
def test_query_that_makes_no_sense_is_refused(api: Api, query: str, code: str) -> None:
    assert error_code(api.get(f'/api/storage/volumes?{query}')) == code


@pytest.mark.parametrize(
    ('query', 'names'),
    [
        ('query=vol*&query_fields=name', ['vol1', 'vol2', 'vol3']),
        ('query=vol1|tiny&query_fields=*', ['tiny', 'vol1']),
        ('query=vol* svm2&query_fields=name,svm.name', ['vol3']),
        ('query=svm2&query_fields=*,!svm', []),
        ('name={vol1}', ['vol1']),
        ('name={vol*}', []),
        ('name="vol1"|tiny', ['tiny', 'vol1']),
        ('name=!vol*', ['tiny']),
        ('name=vol1..vol2', ['vol1', 'vol2']),
        ('order_by=name desc', ['vol3', 'vol2', 'vol1', 'tiny']),
        ('$orderBy=name&offset=1', ['vol1', 'vol2', 'vol3']),
        ('order_by=name&offset=1&max_records=2', ['vol1', 'vol2']),
    ],
)
def test_query_selects(api: Api, query: str, names: list[str]) -> None:
    found = api.get(f'/api/storage/volumes?{query}').json['records']
    shown = [record['name'] for record in found if not record['name'].endswith('root')]
    assert (shown if 'order' in query.lower() else sorted(shown)) == names


def test_fields_are_named_in_braces_and_left_out(api: Api) -> None:
    url = f'/api/storage/volumes/{api.uuid("vol1")}'
    space = api.get(f'{url}?fields=space.{{size,used}}').json['space']
    assert set(space) == {'size', 'used'}
    less = api.get(f'{url}?fields=space,!space.used').json['space']
    assert 'used' not in less
    assert 'size' in less


def test_expensive_fields_are_there_when_they_are_named(api: Api) -> None:
    url = f'/api/storage/volumes/{api.uuid("vol1")}'
    for text in ('', '?fields=*'):
        shown = api.get(f'{url}{text}').json
        assert 'path' not in shown.get('nas', {})
        assert 'efficiency' not in shown
        assert 'guarantee' not in shown
    for text in ('**', 'nas.path', 'nas', '*,nas.path'):
        assert api.get(f'{url}?fields={text}').json['nas']['path'] == '/one'


def test_next_page_is_in_a_header(api: Api) -> None:
    answer = api.get('/api/storage/volumes?max_records=1')
    following = answer.json['_links']['next']['href']
    assert answer.headers['Link'] == f'<{following}>; rel="next"'


def test_answer_is_on_one_line_if_it_need_not_be_pretty(api: Api) -> None:
    assert '\n' in api.get('/api/cluster').text
    assert '\n' not in api.get('/api/cluster?pretty=false').text


@pytest.mark.parametrize(
    ('body', 'code', 'target'),
    [
        ({'serial_number': 'x'}, '262196', 'serial_number'),
        ({'os_type': 'linux'}, '262203', 'os_type'),
        ({'comment': ['x']}, '262255', 'comment'),
        ({'attributes': {'name': 'x'}}, '262254', 'attributes'),
        ({'space': {'guarantee': {'requested': 'perhaps'}}}, '262197', None),
        ({'space': 5}, '262197', 'space'),
        ({}, '262190', None),
    ],
)
def test_patch_of_a_lun(
    api: Api, body: dict[str, Any], code: str, target: str | None
) -> None:
    answer = api.patch('/api/storage/luns/x', body)
    assert error_code(answer) == code
    assert target in {None, answer.json['error'].get('target')}


def test_post_has_no_filters(api: Api) -> None:
    answer = api.post('/api/storage/luns?name=x', {})
    assert error_code(answer) == '262211'


def test_cli_has_no_wildcard_for_fields(api: Api) -> None:
    answer = api.get('/api/private/cli/volume/efficiency?fields=*')
    assert error_code(answer) == '262220'
    assert answer.status_int == 400


def test_two_svms_in_the_headers_are_refused(api: Api) -> None:
    other = api.get('/api/svm/svms?name=svm2').json['records'][0]['uuid']
    own = api.get('/api/svm/svms?name=svm1').json['records'][0]['uuid']
    for uuid, status in ((own, 200), (other, 400)):
        headers = {**api._headers, 'X-Dot-SVM-Name': 'svm1', 'X-Dot-SVM-UUID': uuid}
        answer = api._test_app.get(
            '/api/storage/volumes', headers=headers, expect_errors=True
        )
        assert answer.status_int == status


def lun(name: str) -> dict[str, Any]:
    return {
        'svm': {'name': 'svm1'},
        'name': f'/vol/vol1/{name}',
        'os_type': 'linux',
        'space': {'size': 1 << 20},
    }


def names(api: Api) -> list[str]:
    found = api.get('/api/storage/luns?order_by=name').json['records']
    return [record['name'].rpartition('/')[2] for record in found]


def test_records_are_made_changed_and_deleted_together(api: Api) -> None:
    url = '/api/storage/luns?return_timeout=15'
    made = api.post(url, {'records': [lun('a'), lun('b')]})
    assert made.status_int == 201
    assert 'results' in made.json['job']['_links']
    assert names(api) == ['a', 'b']
    uuids = [r['uuid'] for r in api.get('/api/storage/luns').json['records']]
    body = {'records': [{'uuid': uuid, 'comment': 'same'} for uuid in uuids]}
    assert api.patch(url, body).status_int == 200
    shown = api.get('/api/storage/luns?comment=same').json
    assert shown['num_records'] == len(uuids)
    gone = api._test_app.request(
        url.replace('?', '?serial_records=true&'),
        method='DELETE',
        body=str({'records': [{'uuid': u} for u in uuids]}).replace("'", '"').encode(),
        headers=api._headers,
    )
    assert gone.status_int == 200
    assert names(api) == []


def test_records_are_rolled_back_when_one_fails(api: Api) -> None:
    url = '/api/storage/luns?return_timeout=15'
    bad = {**lun('b'), 'name': '/vol/none/b'}
    answer = api.post(url, {'records': [lun('a'), bad]})
    assert error_code(answer) == '262287'
    assert names(api) == []
    api.post(f'{url}&continue_on_failure=true', {'records': [bad, lun('c')]})
    assert names(api) == ['c']
