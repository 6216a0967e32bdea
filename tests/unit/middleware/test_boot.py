"""Sizes and opt-ins of image boots, without Nova."""

import pytest

from eic_plugins.middleware import boot
from eic_plugins.middleware.boot import Flavor, OptIns, Reason
from eic_plugins.model import Image

GIB = 2**30


def image(**fields):
    return Image(
        **{
            'id': 'i',
            'status': 'active',
            'disk_format': 'raw',
            'container_format': 'bare',
            'size': GIB,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ('root_gb', 'fields', 'size'),
    [
        (10, {}, 10),
        (10, {'size': 10 * GIB}, 10),
        (10, {'size': 10 * GIB + 1}, Reason.IMAGE_TOO_LARGE),
        (10, {'min_disk': 11}, Reason.IMAGE_TOO_LARGE),
        (
            10,
            {'disk_format': 'qcow2', 'virtual_size': 11 * GIB},
            Reason.IMAGE_TOO_LARGE,
        ),
        (0, {'size': 1}, 1),
        (0, {'size': GIB + 1}, 2),
        (0, {'min_disk': 4}, 4),
        (0, {'disk_format': 'qcow2', 'virtual_size': 3 * GIB}, 3),
        (0, {'disk_format': 'qcow2'}, Reason.IMAGE_SIZE_UNKNOWN),
        (0, {'disk_format': 'qcow2', 'min_disk': 5}, 5),
    ],
)
def test_the_size_of_the_volume(root_gb, fields, size):
    assert boot.volume_size(Flavor(root_gb, {}), image(**fields)) == size


@pytest.mark.parametrize(
    ('spec', 'property_', 'project', 'default', 'who'),
    [
        (None, None, False, False, None),
        ('true', None, False, False, Reason.FLAVOR),
        ('True', 'false', False, False, Reason.FLAVOR),
        ('false', 'true', True, True, None),
        (None, 'yes', False, False, Reason.IMAGE),
        (None, 'no', True, True, None),
        (None, None, True, False, Reason.PROJECT),
        (None, None, False, True, Reason.DEFAULT),
        ('nonsense', 'nonsense', False, True, Reason.DEFAULT),
    ],
)
def test_who_is_heard_first(spec, property_, project, default, who):
    flavor = Flavor(1, {} if spec is None else {boot.EXTRA_SPEC: spec})
    found = image(properties={} if property_ is None else {boot.PROPERTY: property_})
    options = OptIns(default, frozenset({'p'} if project else ()))
    assert boot.opted_in(flavor, found, 'p', options) == who


def test_nova_that_verifies_signatures_keeps_signed_images():
    signed = image(properties={'img_signature': 'x'})
    verifying = OptIns(signatures_verified=True)
    assert boot.hindrance(Flavor(1, {}), signed, verifying) == Reason.IMAGE_SIGNED
    assert boot.hindrance(Flavor(1, {}), signed, OptIns()) is None
    assert boot.hindrance(Flavor(1, {}), image(), verifying) is None


def test_nova_that_requires_certificates_keeps_all_images():
    requiring = OptIns(signatures_verified=True, certificates_required=True)
    assert (
        boot.hindrance(Flavor(1, {}), image(), requiring) == Reason.TRUSTED_CERTIFICATES
    )


@pytest.mark.parametrize('value', [None, {}, '', 0, [{}], [None], [5]])
def test_what_is_no_list_of_devices_is_left(value):
    server = {
        'imageRef': '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22',
        'flavorRef': '1',
        'block_device_mapping_v2': value,
    }
    assert boot.read({'server': server}) == boot.left(Reason.BLOCK_DEVICE_MAPPING)


def test_what_the_clients_add_to_an_image_boot_says_nothing_new():
    image_id = '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22'
    root = {
        'uuid': image_id,
        'boot_index': 0,
        'source_type': 'image',
        'destination_type': 'local',
        'delete_on_termination': True,
    }
    document = {
        'server': {
            'imageRef': image_id,
            'flavorRef': '1',
            'block_device_mapping_v2': [{**root, 'disk_bus': 'virtio'}],
        }
    }
    assert boot.read(document) == boot.ImageBoot(image_id, '1')
    changed = boot.rewrite(document, 5, None)['server']
    assert 'imageRef' not in changed
    assert changed['block_device_mapping_v2'] == [
        {**root, 'disk_bus': 'virtio', 'destination_type': 'volume', 'volume_size': 5}
    ]


def test_the_request_that_came_is_not_changed():
    document = {'server': {'imageRef': 'i', 'name': 'n'}, 'os:scheduler_hints': {}}
    changed = boot.rewrite(document, 5, None)
    assert document['server'] == {'imageRef': 'i', 'name': 'n'}
    assert changed['os:scheduler_hints'] == {}
    assert 'volume_type' not in changed['server']['block_device_mapping_v2'][0]
