"""A raw sibling has what the image has, but for what was said of other bytes."""

from typing import Any

import pytest

from eic_plugins.cli.raw_sibling import NoSiblingError, is_of, sibling_of
from eic_plugins.cli.untrusted_disk import DRIVERS

SOURCE = {
    'id': 'i',
    'name': 'debian',
    'status': 'active',
    'disk_format': 'qcow2',
    'container_format': 'bare',
    'visibility': 'public',
    'protected': True,
    'owner': 'p',
    'size': 7,
    'virtual_size': 9,
    'min_disk': 3,
    'min_ram': 512,
    'tags': ['t'],
    'os_hidden': False,
    'checksum': 'c',
    'os_hash_algo': 'sha512',
    'os_hash_value': 'h',
    'stores': 'images',
    'locations': [{'url': 'nfs://secret'}],
    'direct_url': 'nfs://secret',
    'hw_disk_bus': 'scsi',
    'kernel_id': None,
    'img_signature': 's',
    'img_signature_hash_method': 'm',
    'owner_specified.openstack.md5': 'x',
    'os_glance_importing_to_stores': '',
}


def test_what_holds_for_the_disk_is_kept() -> None:
    fields = sibling_of(SOURCE).fields
    for name in ('owner', 'min_disk', 'min_ram', 'tags', 'hw_disk_bus', 'os_hidden'):
        assert fields[name] == SOURCE[name]
    assert fields['name'] == 'debian (raw)'
    assert fields['eic_converted_from'] == 'i'
    assert fields['eic_converted_from_hash'] == 'sha512:h'


def test_what_was_said_of_the_bytes_is_left_out_and_told() -> None:
    sibling = sibling_of(SOURCE)
    assert sibling.left_out == (
        'img_signature',
        'img_signature_hash_method',
        'os_glance_importing_to_stores',
        'owner_specified.openstack.md5',
    )
    assert not {*sibling.left_out, 'checksum', 'size'} & {*sibling.fields}
    assert 'secret' not in str(sibling)


def test_it_is_private_and_unprotected_until_it_is_whole() -> None:
    sibling = sibling_of(SOURCE)
    assert (sibling.fields['visibility'], sibling.fields['protected']) == (
        'private',
        False,
    )
    assert sibling.afterwards == {'visibility': 'public', 'protected': True}


@pytest.mark.parametrize('visibility', ['private', 'shared', 'community', 'public'])
def test_it_is_seen_as_the_image_is_and_no_wider(visibility: str) -> None:
    source = {**SOURCE, 'visibility': visibility, 'protected': False}
    assert sibling_of(source).afterwards.get('visibility', 'private') == visibility
    mine = sibling_of(source, mine=True)
    assert mine.afterwards == {}
    assert 'owner' not in mine.fields


@pytest.mark.parametrize(
    ('fields', 'why'),
    [
        ({'status': 'queued'}, 'not active'),
        ({'disk_format': 'raw'}, 'raw already'),
        ({'disk_format': 'iso'}, 'iso is not converted'),
        ({'disk_format': None}, 'None is not converted'),
        ({'container_format': 'compressed'}, 'compressed'),
        ({'size': 0}, 'snapshot'),
        ({'cinder_encryption_key_id': 'k'}, 'encrypted'),
        ({'os_encrypt_key_id': 'k'}, 'encrypted'),
    ],
)
def test_what_cannot_be_converted_is_told(fields: Any, why: str) -> None:
    with pytest.raises(NoSiblingError, match=why):
        sibling_of({**SOURCE, **fields})


@pytest.mark.parametrize('disk_format', DRIVERS)
def test_every_format_of_a_disk_is_converted(disk_format: str) -> None:
    assert sibling_of({**SOURCE, 'disk_format': disk_format}, 'n').fields['name'] == 'n'


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({}, True),
        ({'owner': 'stranger'}, False),
        ({'status': 'saving'}, False),
        ({'eic_converted_from_hash': 'sha512:old'}, False),
    ],
)
def test_a_siblings_claim_counts_if_its_owner_is_the_images(
    changed: Any, expected: bool
) -> None:
    made = {**sibling_of(SOURCE).fields, 'status': 'active', **changed}
    assert is_of(made, SOURCE) == expected
