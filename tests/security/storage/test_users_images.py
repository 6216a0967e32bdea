"""What an image says of itself costs its own volume a clone at most.

The owner of an image must not obtain that the driver takes ONTAP for out of
order, nor an error of the driver, nor other bytes than the image's.
"""

import os
from collections.abc import Mapping
from typing import Any

import pytest

from eic_plugins.support.breaker import CircuitBreaker
from tests.contract.shares import Shares
from tests.contract.stock import MIB
from tests.security import odd

PROTOCOL = 'nfs'

pytestmark = pytest.mark.usefixtures('nfs')

ODD: Mapping[str, Mapping[str, Any]] = {
    **odd.FIELDS,
    'a property named properties': {'properties': {'properties': 'x'}},
    'properties that are none': {'properties': 'x'},
    'a list of properties': {'properties': ['img_signature']},
    'properties of other types': {
        'properties': {'cinder_encryption_key_id': [], 'eic_precache': {}, 'os_type': 5}
    },
    'properties without end': {
        'properties': {f'p{number}': 'x' * 255 for number in range(2000)}
    },
    'names of its own fields': {
        'properties': {
            'id': '../../x',
            'size': 'large',
            'disk_format': 'iso',
            'owner': [],
        }
    },
    'an owner of another type': {'owner': {'a': 'b'}},
    'lone surrogates': {'name': '\ud800', 'properties': {'\udfff': '\ud800'}},
}


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[CircuitBreaker]:
    counted: list[CircuitBreaker] = []
    monkeypatch.setattr(CircuitBreaker, 'failed', counted.append)
    return counted


@pytest.mark.parametrize('fields', ODD.values(), ids=ODD)
def test_an_odd_image_is_cloned_like_any_other(
    world: Shares,
    fields: Mapping[str, Any],
    failures: list[CircuitBreaker],
    caplog: pytest.LogCaptureFixture,
) -> None:
    image = world.glance.add(os.urandom(2 * MIB))
    image.meta = {**image.meta, **fields}
    for _ in range(3):
        assert world.is_right(world.create(image), image)
    assert len(world.glance.downloads) == 1
    assert failures == []
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize(
    'fields',
    [
        {'status': 5},
        {'status': 'queued'},
        {'container_format': ['bare']},
        {'min_disk': 10**30},
        {'virtual_size': 1 << 60, 'disk_format': 'qcow2'},
        {'properties': {'cinder_encryption_key_id': 'x'}},
        {'properties': {'img_signature': 'x'}},
    ],
    ids=str,
)
def test_a_refused_image_says_nothing_of_ontap(
    world: Shares,
    fields: Mapping[str, Any],
    failures: list[CircuitBreaker],
) -> None:
    refused = world.glance.add(os.urandom(2 * MIB))
    refused.meta = {**refused.meta, **fields}
    for _ in range(3):
        volume = world.new_volume()
        assert not world.clone_image(volume, refused)
        assert 'internal_error' not in volume.metadata.get('eic_refused', '')
    assert failures == []
    image = world.glance.add(os.urandom(2 * MIB))
    assert world.is_right(world.create(image), image)
