"""Shapes x microversions: users get exactly the answer of Nova alone."""

import pytest
from nova.api.openstack import api_version_request

from tests.functional_nova.conftest import PROJECT
from tests.functional_nova.release import schemas_of_create
from tests.functional_nova.requests import HEADER, seen, send, server
from tests.schema_samples import samples_of_changes

SCHEMAS = schemas_of_create()
BY_THE_ALIAS = {202, 500}
"""Newer releases of Nova fail on every POST to it, by an error of their own."""
NEWEST = int(api_version_request.max_api_version().get_string().split('.')[1])
TABLE = [
    (version, name, values)
    for (_, version), changed in zip(
        SCHEMAS,
        samples_of_changes(
            [schema for schema, _ in SCHEMAS],
            lambda schema: {
                **schema['properties']['server']['properties'],
                **{
                    f'/{name}': each
                    for name, each in schema['properties'].items()
                    if name != 'server'
                },
            },
        ),
        strict=True,
    )
    for name, values in changed.items()
]


@pytest.fixture(autouse=True)
def _stub(glance):
    """Every test here uses it."""


def needs_networks(version):
    return int(version.split('.')[1]) >= 37


def where(version):
    """Path and header of a version: 2.0 is Nova's older API, without any."""
    return (
        {'path': f'/v2/{PROJECT}/servers', 'version': None}
        if version == '2.0'
        else {'version': version}
    )


def body_with(version, name, value):
    networks = 'none' if needs_networks(version) else None
    if name.startswith('/'):
        return {**server(networks=networks), name[1:]: value}
    return server(**{'networks': networks, name: value})


@pytest.mark.parametrize(
    ('version', 'name', 'values'), TABLE, ids=[f'{v}-{n}' for v, n, _ in TABLE]
)
def test_a_value_of_a_field_gets_the_answer_of_nova_alone(
    version, name, values, plain_app, filtered_app, built
):
    for value in values:
        body = body_with(version, name, value)
        alone = send(plain_app, body, **where(version))
        without = len(built.calls)
        behind = send(filtered_app, body, **where(version))
        assert seen(behind) == seen(alone), value
        assert HEADER in behind.headers, value
        assert len(built.calls) == 2 * without, value
        built.calls.clear()


@pytest.mark.parametrize('minor', range(1, NEWEST + 1))
def test_every_microversion_is_rewritten_and_answers_the_same(
    minor, plain_app, filtered_app, built
):
    body = server(networks='none' if minor >= 37 else None)
    how = {'version': f'2.{minor}'}
    alone = send(plain_app, body, **how)
    behind = send(filtered_app, body, **how)
    assert seen(behind) == seen(alone)
    assert alone.status_int == 202
    assert behind.headers[HEADER] == 'rewritten; reason=flavor'
    assert built.devices() == [
        ('image', 'volume', 10, True, 'fast' if minor >= 67 else None)
    ]


@pytest.mark.parametrize(
    ('minor', 'statuses', 'verdict'),
    [
        (1, BY_THE_ALIAS, 'rewritten; reason=flavor'),
        (67, BY_THE_ALIAS, 'rewritten; reason=flavor'),
        (100, BY_THE_ALIAS, 'rewritten; reason=flavor'),
        (102, BY_THE_ALIAS, 'rewritten; reason=flavor'),
        (103, {404}, 'left; reason=refused_by_nova'),
        (104, {404}, 'left; reason=refused_by_nova'),
    ],
)
def test_the_older_alias_is_rewritten_and_answers_the_same(
    minor, statuses, verdict, plain_app, filtered_app, built
):
    if minor > NEWEST:
        pytest.skip('This release of Nova has no such microversion.')
    body = server(networks='none' if minor >= 37 else None)
    how = {'version': f'2.{minor}', 'path': '/v2.1/os-volumes_boot'}
    alone = send(plain_app, body, **how)
    behind = send(filtered_app, body, **how)
    assert seen(behind) == seen(alone)
    assert alone.status_int in statuses
    assert behind.headers[HEADER] == verdict
    assert len(built.calls) == (2 if alone.status_int == 202 else 0)


def test_the_comparison_is_not_of_errors_alone(plain_app):
    """Of each field, Nova takes some value and refuses some other."""
    for version, name, values in TABLE:
        if (version, name) in {
            ('2.1', 'name'),
            ('2.1', 'metadata'),
            ('2.1', 'config_drive'),
            ('2.1', 'min_count'),
            ('2.52', 'tags'),
            ('2.90', 'hostname'),
        }:
            statuses = {
                send(
                    plain_app, body_with(version, name, value), **where(version)
                ).status_int
                for value in values
            }
            assert {202, 400} <= statuses, (version, name)
