"""A volume of EIC's lives as one of the stock driver's."""

import hashlib
import os

import pytest
from oslo_utils import units

from tests.e2e.deadline import wait_for
from tests.e2e.user import IMAGE_SIZE

REIMAGE = {'OpenStack-API-Version': 'volume 3.68'}


def act(cloud, volume_id, action, body, **headers):
    url = (
        f'{cloud.lab.ports.url("cinder-api")}/v3/{cloud.admin.project_id}'
        f'/volumes/{volume_id}/action'
    )
    answer = cloud.admin.session.post(
        url, json={action: body}, headers=headers or None, raise_exc=False
    )
    assert answer.status_code == 202, answer.text


@pytest.fixture
def other(cloud):
    """Another image, and its bytes' digest."""
    content = os.urandom(IMAGE_SIZE)
    return cloud.upload(content), hashlib.sha256(content).hexdigest()


def test_another_image_for_a_volume_comes_from_the_cached_image(
    cloud, image, other, digest, ontap
):
    volume = cloud.create(image, 'eic-gold')
    assert cloud.sha256(volume, 'gold') == digest
    new_image, new_digest = other
    mark = ontap.calls()['last']
    act(
        cloud,
        volume['id'],
        'os-reimage',
        {'image_id': new_image, 'reimage_reserved': False},
        **REIMAGE,
    )
    volume = cloud.ended(volume['id'])
    assert volume['status'] == 'available'
    assert volume['volume_image_metadata']['image_id'] == new_image
    assert volume['metadata']['eic_route'] == 'copy_offload'
    assert cloud.sha256(volume, 'gold') == new_digest
    assert cloud.downloads(new_image) == 0
    assert len(ontap.file_copies(mark)) == 1
    file = cloud.root('gold') / f'volume-{volume["id"]}'
    assert file.stat().st_size == volume['size'] * units.Gi
    assert cloud.leftovers() == []


def test_an_image_that_cannot_be_cached_replaces_a_volume_as_ever(cloud, image, ontap):
    volume = cloud.create(image, 'eic-gold')
    ontap.control(
        'POST',
        '/faults',
        json={
            'kind': 'volume_full',
            'svm': 'svm_gold',
            'volume': 'gold_vol',
            'count': None,
        },
    )
    cloud.evict(image, 'gold')
    act(
        cloud,
        volume['id'],
        'os-reimage',
        {'image_id': image, 'reimage_reserved': False},
        **REIMAGE,
    )
    volume = cloud.ended(volume['id'])
    assert volume['status'] == 'available'
    assert volume['metadata']['eic_route'] == 'cinder_download'
    assert cloud.leftovers() == []


def test_retype_and_migration_end_as_with_the_stock_driver(cloud, image, digest):
    ends = {}
    for driver in ('eic', 'stock'):
        volume = cloud.create(image, f'{driver}-gold')
        act(
            cloud,
            volume['id'],
            'os-retype',
            {'new_type': f'{driver}-images', 'migration_policy': 'on-demand'},
        )
        wait_for(
            lambda volume=volume, driver=driver: (
                (shown := cloud.show(volume['id']))['status'] in {'available', 'error'}
                and shown['volume_type'] == f'{driver}-images'
                and shown
            ),
            'the retype to end',
        )
        moved = cloud.show(volume['id'])
        file = cloud.root('images') / f'volume-{_name_id(cloud, volume["id"])}'
        ends[driver] = (moved['status'], moved['bootable'], file.exists())
        assert cloud.sha256({'id': _name_id(cloud, volume['id'])}, 'images') == digest
        wait_for(
            lambda volume=volume: (
                not (cloud.root('gold') / f'volume-{volume["id"]}').exists()
            ),
            'the file in the old pool to go',
        )
    assert ends['eic'] == ends['stock']


def _name_id(cloud, volume_id):
    """The id in a volume's file name, which a migration may change."""
    shown = cloud.admin.cinder('GET', f'/volumes/{volume_id}')['volume']
    return shown.get('os-vol-mig-status-attr:name_id') or volume_id
