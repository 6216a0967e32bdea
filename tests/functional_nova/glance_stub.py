"""A Glance with the images that decide what the Nova filter does."""

import json
import uuid

from tests.functional.glance_stub import GlanceStub

GIB = 2**30


def _id(name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _image(name, **fields):
    return {
        'id': _id(name),
        'name': name,
        'status': 'active',
        'size': 1024,
        'disk_format': 'raw',
        'container_format': 'bare',
        'min_disk': 0,
        'min_ram': 0,
        'virtual_size': None,
        'visibility': 'public',
        'owner': 'x',
        'tags': [],
        'os_hidden': False,
        'protected': False,
        'created_at': '2026-01-01T00:00:00Z',
        'updated_at': '2026-01-01T00:00:00Z',
        'locations': [{'url': 'file:///srv/glance/secret', 'metadata': {}}],
        **fields,
    }


IMAGES = {
    image['name']: image
    for image in (
        _image('raw'),
        _image('qcow2', disk_format='qcow2', virtual_size=3 * GIB - 5),
        _image('qcow2-unknown', disk_format='qcow2'),
        _image('min-disk', min_disk=4),
        _image('min-disk-too-large', min_disk=500),
        _image('larger-than-flavor', size=50 * GIB),
        _image('virtually-larger', disk_format='qcow2', virtual_size=50 * GIB),
        _image('queued', status='queued'),
        _image('iso', disk_format='iso'),
        _image('ova', container_format='ova'),
        _image('encrypted', cinder_encryption_key_id=_id('key')),
        _image('kernel', kernel_id=_id('k'), ramdisk_id=_id('r')),
        _image(
            'snapshot',
            size=0,
            bdm_v2='True',
            block_device_mapping=json.dumps(
                [
                    {
                        'boot_index': 0,
                        'source_type': 'snapshot',
                        'snapshot_id': _id('snap'),
                        'destination_type': 'volume',
                        'volume_size': 1,
                    }
                ]
            ),
        ),
        _image('ephemeral-encryption', hw_ephemeral_encryption='true'),
        _image('signed', img_signature='x'),
        _image('opted-in', eic_boot_from_volume='true'),
        _image('opted-out', eic_boot_from_volume='false'),
        _image('nonsense', eic_boot_from_volume='perhaps'),
    )
}
PRIVATE = _image('private', visibility='private', owner='b' * 32)
UNKNOWN = _id('unknown')


class Images(GlanceStub):
    """Says what each token may see, and can be told to fail."""

    def __init__(self):
        self.status = 200
        super().__init__()

    def reset(self):
        super().reset()
        self.status = 200

    def __call__(self, environ, start_response):
        self.token = environ.get('HTTP_X_AUTH_TOKEN', '')
        return super().__call__(environ, start_response)

    def answer(self, path, query):
        if path == '/v2/schemas/image':
            return 200, {
                'name': 'image',
                'properties': {name: {} for name in IMAGES['raw']},
                'additionalProperties': {'type': 'string'},
            }
        if not path.startswith('/v2/images/'):
            return super().answer(path, query)
        self.answer_locations.wait(20)
        if self.status != 200:
            return self.status, {}
        return self.image(path.removeprefix('/v2/images/'))

    def image(self, image_id):
        """Status and body of one, for who asks."""
        visible = [
            *IMAGES.values(),
            *([PRIVATE] if self.token.startswith('owner:') else []),
        ]
        found = [image for image in visible if image['id'] == image_id]
        return (200, found[0]) if found else (404, {})
