"""What a request to create a server asks for, and what it is rewritten to."""

import pytest

from eic_plugins.middleware import boot_request
from eic_plugins.middleware.boot_verdict import BootReason, left


@pytest.mark.parametrize('value', [None, {}, '', 0, [{}], [None], [5]])
def test_what_is_no_list_of_devices_is_left(value: object) -> None:
    server = {
        'imageRef': '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22',
        'flavorRef': '1',
        'block_device_mapping_v2': value,
    }
    assert boot_request.read({'server': server}) == left(
        BootReason.BLOCK_DEVICE_MAPPING
    )


def test_what_the_clients_add_to_an_image_boot_says_nothing_new() -> None:
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
    assert boot_request.read(document) == boot_request.ImageBoot(image_id, '1')
    changed = boot_request.rewrite(document, 5, None)['server']
    assert 'imageRef' not in changed
    assert changed['block_device_mapping_v2'] == [
        {**root, 'disk_bus': 'virtio', 'destination_type': 'volume', 'volume_size': 5}
    ]


def test_the_request_that_came_is_not_changed() -> None:
    document = {'server': {'imageRef': 'i', 'name': 'n'}, 'os:scheduler_hints': {}}
    changed = boot_request.rewrite(document, 5, None)
    assert document['server'] == {'imageRef': 'i', 'name': 'n'}
    assert changed['os:scheduler_hints'] == {}
    assert 'volume_type' not in changed['server']['block_device_mapping_v2'][0]
