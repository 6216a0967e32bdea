"""Which of Cinder's volumes are copies of an image, by Cinder's own database."""

import dataclasses
import uuid
from types import MappingProxyType

import pytest
from cinder import context, objects
from cinder.db import api as db
from cinder.volume import volume_types
from oslo_config import cfg

from eic_plugins.model import Image, Reason, StoredObject, VolumeCopy
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.volume.from_image.image_volumes import ImageVolumes
from tests.unit.fake_ontap import FakeSession

GIB = 1024**3
OWNER, STORE_PROJECT, OTHER = 'owner', 'service', 'other'
INTERNAL = 'internal-tenant'
IMAGE = Image(
    '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11',
    'active',
    'raw',
    'bare',
    GIB,
    owner=OWNER,
    os_hash_algo='sha512',
    os_hash_value='00ff',
)
UNHASHED = dataclasses.replace(IMAGE, os_hash_algo=None, os_hash_value=None)


@pytest.fixture(autouse=True)
def allowed(cinder_conf):
    # Registers the option.
    from cinder.image import image_utils  # noqa: F401, PLC0415

    cfg.CONF.set_override('allowed_direct_url_schemes', ['cinder'])
    cfg.CONF.set_override('cinder_internal_tenant_project_id', INTERNAL)
    yield
    cfg.CONF.clear_override('allowed_direct_url_schemes')
    cfg.CONF.clear_override('cinder_internal_tenant_project_id')


@pytest.fixture
def namespace():
    return Namespace(
        FakeSession(
            {
                ('GET', '/api/network/ip/interfaces'): {
                    'records': [
                        {'ip': {'address': address}, 'svm': {'name': 'svm_gold'}}
                        for address in ('192.0.2.11', 'FD00:0::11')
                    ]
                },
                ('GET', '/api/storage/volumes'): {
                    'records': [
                        {
                            'name': 'images_vol',
                            'uuid': 'u1',
                            'nas': {'path': '/vol/images'},
                        }
                    ]
                },
                ('GET', '/api/cluster'): {'uuid': 'cluster-a'},
            }
        ),
        'svm_gold',
    )


@pytest.fixture
def make(cinder_conf):
    """Volumes as Glance's Cinder store leaves them, but for what is named."""
    admin = context.get_admin_context()

    def make(metadata=(), admin_metadata=(), **fields):
        values = {
            'project_id': STORE_PROJECT,
            'user_id': 'u',
            'size': 1,
            'status': 'available',
            'host': 'h@b#192.0.2.11:/vol/images/cinder',
            'provider_location': '192.0.2.11:/vol/images/cinder',
            'volume_type_id': volume_types.get_default_volume_type()['id'],
            **fields,
        }
        volume = objects.Volume(
            admin,
            metadata={
                'image_owner': OWNER,
                'glance_image_id': IMAGE.id,
                **dict(metadata),
            },
            **values,
        )
        volume.create()
        volume.admin_metadata = {'readonly': 'True', **dict(admin_metadata)}
        volume.save()
        return volume

    return make


def locate(namespace, volume, image=IMAGE, project=OTHER):
    return ImageVolumes(namespace, image, project).locate(VolumeCopy(volume.id))


def reason(*args, **more):
    return locate(*args, **more).reason


def test_a_volume_of_glances_cinder_store_is_a_file_that_begins_with_the_image(
    namespace, make
):
    volume = make()
    found = locate(namespace, volume)
    assert isinstance(found, StoredObject)
    assert found.flexvol.name == 'images_vol'
    assert found.path == f'cinder/volume-{volume.id}'
    assert found.more_follows


def test_a_migrated_volume_is_found_by_the_name_of_its_file(namespace, make):
    moved = str(uuid.uuid4())
    found = locate(namespace, make(_name_id=moved))
    assert found.name == f'volume-{moved}'


def test_a_share_by_an_ipv6_address_in_another_form(namespace, make):
    volume = make(provider_location='[fd00::0:11]:/vol/images/cinder')
    assert locate(namespace, volume).flexvol.name == 'images_vol'


def test_what_glance_reads_from_while_it_is_attached_is_ready(namespace, make):
    assert isinstance(locate(namespace, make(status='in-use')), StoredObject)


@pytest.mark.parametrize('schemes', [[], ['file']])
def test_without_the_scheme_in_cinders_own_option_no_volume_is_used(
    namespace, make, schemes
):
    cfg.CONF.set_override('allowed_direct_url_schemes', schemes)
    assert reason(namespace, make()) is Reason.LOCATION_NOT_ALLOWED


@pytest.mark.parametrize('project', [OWNER, STORE_PROJECT, OTHER])
def test_a_volume_of_a_project_is_used_with_the_images_checksum_alone(
    namespace, make, project
):
    volume = make(project_id=project)
    assert locate(namespace, volume).to_prove
    assert reason(namespace, volume, UNHASHED) is Reason.NO_CHECKSUM
    converted = dataclasses.replace(IMAGE, disk_format='qcow2')
    assert reason(namespace, volume, converted) is Reason.NO_CHECKSUM


def test_a_volume_of_the_internal_tenant_needs_no_checksum(namespace, make):
    volume = make(project_id=INTERNAL)
    assert not locate(namespace, volume).to_prove
    assert isinstance(locate(namespace, volume, UNHASHED), StoredObject)


@pytest.mark.parametrize('internal', ['', None])
def test_without_an_internal_tenant_every_volume_is_proved(namespace, make, internal):
    cfg.CONF.set_override('cinder_internal_tenant_project_id', internal)
    assert locate(namespace, make(project_id='')).to_prove


def test_no_such_volume(namespace, cinder_conf):
    found = ImageVolumes(namespace, IMAGE, OWNER).locate(VolumeCopy(str(uuid.uuid4())))
    assert found.reason is Reason.IMAGE_VOLUME_NOT_FOUND


def test_a_deleted_volume_is_none(namespace, make):
    volume = make()
    volume.destroy()
    assert reason(namespace, volume) is Reason.IMAGE_VOLUME_NOT_FOUND


@pytest.mark.parametrize(
    ('fields', 'why'),
    [
        ({'status': 'creating'}, Reason.IMAGE_VOLUME_NOT_READY),
        ({'status': 'deleting'}, Reason.IMAGE_VOLUME_NOT_READY),
        ({'status': 'error'}, Reason.IMAGE_VOLUME_NOT_READY),
        ({'admin_metadata': {'readonly': 'False'}}, Reason.IMAGE_VOLUME_NOT_READY),
        ({'admin_metadata': {'format': 'qcow2'}}, Reason.IMAGE_VOLUME_NOT_RAW),
        ({'encryption_key_id': str(uuid.uuid4())}, Reason.IMAGE_VOLUME_NOT_RAW),
        ({'provider_location': None}, Reason.IMAGE_VOLUME_NOT_ON_NFS),
        (
            {'provider_location': '192.0.2.11:3260,1 iqn.1992-08.com.netapp:x 0'},
            Reason.IMAGE_VOLUME_NOT_ON_NFS,
        ),
        ({'provider_location': '{"a": "b:/c"}'}, Reason.IMAGE_VOLUME_NOT_ON_NFS),
        ({'provider_location': '198.51.100.1:/vol/images'}, Reason.OTHER_CLUSTER),
    ],
)
def test_a_volume_that_cannot_be_copied_from_is_refused(namespace, make, fields, why):
    assert reason(namespace, make(**fields)) is why


def test_a_volume_smaller_than_the_image_does_not_hold_it(namespace, make):
    larger = dataclasses.replace(IMAGE, size=GIB + 1)
    assert reason(namespace, make(), larger) is Reason.IMAGE_VOLUME_NOT_READY
    assert isinstance(locate(namespace, make(size=2), larger), StoredObject)


# Who may: as Cinder's _clone_image_volume, and the volume says whose it is.
NOBODY = {'image_owner': OTHER, 'glance_image_id': 'another'}
ALLOWED = [
    (STORE_PROJECT, {}, OTHER),
    (STORE_PROJECT, {}, OWNER),
    (OWNER, NOBODY, OWNER),
    (STORE_PROJECT, {**NOBODY, 'glance_image_id': IMAGE.id}, OWNER),
]
FORBIDDEN = [
    (OTHER, NOBODY, OWNER),
    (OWNER, NOBODY, OTHER),
    (STORE_PROJECT, {**NOBODY, 'glance_image_id': IMAGE.id}, OTHER),
    (OTHER, NOBODY, OTHER),
    (OTHER, NOBODY, None),
    (OWNER, NOBODY, None),
]


@pytest.mark.parametrize(('project', 'metadata', 'asks'), ALLOWED)
def test_a_volume_that_is_shown_to_be_the_images_is_used(
    namespace, make, project, metadata, asks
):
    volume = make(metadata, project_id=project)
    assert isinstance(locate(namespace, volume, project=asks), StoredObject)


@pytest.mark.parametrize(('project', 'metadata', 'asks'), FORBIDDEN)
def test_the_volume_of_somebody_else_is_never_used(
    namespace, make, project, metadata, asks
):
    volume = make(metadata, project_id=project)
    assert reason(namespace, volume, project=asks) is Reason.IMAGE_VOLUME_FORBIDDEN


@pytest.mark.parametrize('owner', [None, ''])
def test_an_image_without_owner_owns_no_volume(namespace, make, owner):
    image = dataclasses.replace(IMAGE, owner=owner)
    volume = make({'image_owner': ''})
    assert reason(namespace, volume, image, project=None) is (
        Reason.IMAGE_VOLUME_FORBIDDEN
    )


class Clones:
    """As much of a driver as Cinder's own clone of an image-volume takes."""

    capabilities = MappingProxyType({'clone_across_pools': True})

    def create_cloned_volume(self, _volume, _source):
        return {}


def cinder_clones(volume, source):
    """Whether Cinder itself would make this volume from that image-volume."""
    # Importable once the objects are registered, in this order.
    from cinder.image import image_utils  # noqa: F401, PLC0415
    from cinder.volume.flows.manager import create_volume  # noqa: PLC0415

    task = create_volume.CreateVolumeFromSpecTask(None, db, Clones())
    _update, cloned = task._clone_image_volume(
        context.get_admin_context(),
        volume,
        (f'cinder://{source.id}', None),
        {
            'id': IMAGE.id,
            'owner': IMAGE.owner,
            'disk_format': 'raw',
            'container_format': 'bare',
        },
    )
    return cloned


def test_cinder_itself_lets_an_images_owner_have_anybodys_volume(namespace, make):
    """Why the volume must show whose it is."""
    source = make(NOBODY, project_id=OTHER)
    assert cinder_clones(make(project_id=OWNER), source)
    assert reason(namespace, source, project=OWNER) is (Reason.IMAGE_VOLUME_FORBIDDEN)


@pytest.mark.parametrize('image_owner', [OWNER, OTHER])
@pytest.mark.parametrize('project', [OWNER, OTHER, STORE_PROJECT])
@pytest.mark.parametrize('asks', [OWNER, OTHER])
@pytest.mark.parametrize('image_id', [IMAGE.id, 'another'])
def test_what_is_used_is_what_cinder_itself_would_clone_if_it_is_the_images(
    namespace, make, image_owner, project, asks, image_id
):
    source = make(
        {'image_owner': image_owner, 'glance_image_id': image_id}, project_id=project
    )
    volume = make(project_id=asks)
    is_the_images = OWNER in {image_owner, project} or image_id == IMAGE.id
    used = isinstance(locate(namespace, source, project=asks), StoredObject)
    assert used == (cinder_clones(volume, source) and is_the_images)
