"""Cinder's own schemas x microversions: the answer is that of Cinder alone."""

import pytest
from cinder.api.schemas import volumes

from tests.functional.test_cinder_filter import seen, send, volume
from tests.schema_samples import samples_of_changes

SCHEMAS = [
    ('3.0', volumes.create),
    ('3.13', volumes.create_volume_v313),
    ('3.47', volumes.create_volume_v347),
    ('3.53', volumes.create_volume_v353),
]
HINTS = 'OS-SCH-HNT:scheduler_hints'
TABLE = [
    (version, name, values)
    for (version, _), changed in zip(
        SCHEMAS,
        samples_of_changes(
            [schema for _, schema in SCHEMAS],
            lambda schema: {
                **schema['properties']['volume']['properties'],
                HINTS: schema['properties'][HINTS],
                'unknown': {'type': 'string'},
            },
        ),
        strict=True,
    )
    for name, values in changed.items()
]
NEWEST = 71


@pytest.fixture(autouse=True)
def _stub(glance, scheduled):
    """Every test here uses them."""


def body_with(name, value):
    return {**volume(), name: value} if name == HINTS else volume(**{name: value})


@pytest.mark.parametrize(
    ('version', 'name', 'values'), TABLE, ids=[f'{v}-{n}' for v, n, _ in TABLE]
)
def test_a_value_of_a_field_gets_the_answer_of_cinder_alone(
    version, name, values, plain_app, filtered_app, scheduled
):
    for value in values:
        body = body_with(name, value)
        how = {'version': f'volume {version}'}
        alone = send(plain_app, body, **how)
        without = len(scheduled.requests)
        assert seen(send(filtered_app, body, **how)) == seen(alone), value
        assert len(scheduled.requests) == 2 * without, value
        scheduled.requests.clear()


@pytest.mark.parametrize('minor', range(NEWEST + 1))
def test_every_microversion_gets_the_hint_and_the_same_answer(
    minor, plain_app, filtered_app, scheduled
):
    how = {'version': f'volume 3.{minor}'}
    assert seen(send(filtered_app, volume(), **how)) == seen(
        send(plain_app, volume(), **how)
    )
    assert 'eic' in scheduled.requests[0]['filter_properties']['scheduler_hints']
