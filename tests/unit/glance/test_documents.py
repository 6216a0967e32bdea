"""What Cinder and Glance say of an image, and what is read of it."""

from typing import Any

import pytest
from cinder.image import image_utils

from eic_plugins.glance import documents

META = {
    'id': 'i',
    'status': 'active',
    'disk_format': 'raw',
    'container_format': 'bare',
    'size': 5,
    'virtual_size': None,
    'min_disk': 0,
    'updated_at': 't1',
    'properties': {'img_signature': 's', 'os_hash_value': 'h'},
}


def test_an_image_is_read_from_what_cinder_hands_a_driver() -> None:
    image = documents.image_from_meta(META)
    assert (image.id, image.size, image.os_hash_value) == ('i', 5, 'h')
    assert image.signed


def test_without_a_hash_size_and_time_say_which_bytes_these_are() -> None:
    image = documents.image_from_meta({**META, 'properties': {}})
    later = documents.image_from_meta({**META, 'properties': {}, 'updated_at': 't2'})
    longer = documents.image_from_meta({**META, 'properties': {}, 'size': 6})
    assert len({image.identity, later.identity, longer.identity}) == 3
    assert image == documents.image_from_meta({**META, 'properties': {}})


def test_missing_fields_are_not_guessed() -> None:
    image = documents.image_from_meta({'id': 'i'})
    assert (image.status, image.disk_format, image.size) == ('', None, 0)


LISTED = {
    'id': 'i',
    'name': 'ubuntu',
    'status': 'active',
    'size': 5,
    'visibility': 'public',
    'owner': 'o',
    'os_hidden': False,
    'updated_at': '2026-01-01T00:00:00Z',
    'eic_precache': 'all',
    'properties': 'of a user',
}


def test_an_image_is_read_from_what_glance_lists() -> None:
    listed = documents.listed_image(LISTED)
    assert (listed.name, listed.owner, listed.visibility, listed.hidden) == (
        'ubuntu',
        'o',
        'public',
        False,
    )
    assert listed.image.properties['eic_precache'] == 'all'


def test_a_listed_image_has_the_identity_that_a_driver_is_handed() -> None:
    """Or each would take what the other one cached for other bytes."""
    handed = image_utils.glance._convert_timestamps_to_datetimes(
        {**LISTED, 'properties': {}}
    )
    assert documents.listed_image(LISTED).image.identity == (
        documents.image_from_meta(handed).identity
    )


@pytest.mark.parametrize(
    ('fields', 'read'),
    [
        ({'properties': 'x'}, {}),
        ({'properties': ['img_signature']}, {}),
        (
            {'size': 'large', 'min_disk': [], 'virtual_size': {}},
            {'size': 0, 'min_disk': 0, 'virtual_size': None},
        ),
        ({'size': float('inf'), 'min_disk': -1}, {'size': 0, 'min_disk': 0}),
        ({'min_disk': '4'}, {'min_disk': 4}),
        ({'disk_format': ['raw'], 'status': 5}, {'disk_format': None, 'status': ''}),
        ({'os_hash_value': 5, 'owner': {}}, {'os_hash_value': None, 'owner': None}),
    ],
)
def test_of_a_wrong_type_nothing_is_read(
    fields: dict[str, Any], read: dict[str, Any]
) -> None:
    """Whoever owns an image may put words and properties into it."""
    for reader in (documents.image_from_meta, documents.image_from_api):
        image = reader({'id': 'i', 'status': 'active', **fields})
        assert {name: getattr(image, name) for name in read} == read
        assert not image.signed


def test_a_property_is_a_property_whatever_it_is_called() -> None:
    image = documents.image_from_api(
        {'id': 'i', 'properties': {'img_signature': 's'}, 'os_distro': 'd'}
    )
    assert image.properties == {'os_distro': 'd'}


def test_one_odd_image_keeps_no_others_from_being_listed() -> None:
    odd = {
        **LISTED,
        'name': ['x'],
        'owner': {},
        'visibility': 5,
        'updated_at': 'yesterday',
        'min_disk': 'small',
        'properties': 5,
    }
    listed = documents.listed_image(odd)
    assert (listed.name, listed.owner, listed.visibility) == ('', '', '')
    assert listed.image.updated_at == 'yesterday'
