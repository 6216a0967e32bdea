"""On the real services: the right route, the right bytes, nothing shown."""

import concurrent.futures
import json
import os

from oslo_utils import units

from tests.contract.images import qcow2_of
from tests.e2e.deadline import wait_for
from tests.e2e.user import SHARES


def test_the_scheduler_sends_a_volume_to_the_flexvol_of_its_image(cloud, image, digest):
    volume = cloud.create(image, 'eic')
    assert volume['status'] == 'available'
    assert cloud.pool_of(volume['id']) == SHARES['images']
    assert volume['metadata']['eic_route'] == 'flexclone'
    assert cloud.sha256(volume, 'images') == digest


def test_a_users_private_image_takes_the_fast_route_too(cloud, content, digest):
    image = cloud.upload(content, visibility='private')
    volume = cloud.create(image, 'eic-images')
    assert volume['metadata']['eic_route'] == 'flexclone'
    assert cloud.sha256(volume, 'images') == digest


def test_a_hit_is_one_call_on_the_connection_that_is_there(cloud, image, ontap):
    cloud.create(image, 'eic-images')
    before = ontap.calls()
    volume = cloud.create(image, 'eic-images')
    assert volume['metadata']['eic_route'] == 'cached'
    ours = [
        call
        for call in ontap.calls(before['last'])['calls']
        if call['client'].startswith('netapp-ontap')
    ]
    assert [(c['method'], c['path']) for c in ours] == [
        ('POST', '/api/storage/file/clone')
    ]
    assert ours[0]['connection'] in {c['connection'] for c in before['calls']}


def test_the_outcome_is_in_the_metadata_and_no_location_is_anywhere(cloud, image, lab):
    volume = cloud.create(image, 'eic-gold')
    assert volume['metadata']['eic_route'] == 'copy_offload'
    assert volume['metadata']['eic_refused'] == (
        'cached=not_cached,flexclone=other_flexvol'
    )
    assert volume['bootable'] == 'true'
    assert volume['volume_image_metadata']['image_id'] == image
    shown = json.dumps(volume)
    assert '127.0.11.' not in shown
    assert str(lab.paths.image_store) not in shown


def test_an_image_on_another_cluster_is_downloaded_once_then_cached(
    cloud, image, digest
):
    first = cloud.create(image, 'eic-remote')
    again = cloud.create(image, 'eic-remote')
    assert first['metadata']['eic_route'] == 'download'
    assert 'flexclone=other_cluster' in first['metadata']['eic_refused']
    assert again['metadata']['eic_route'] == 'cached'
    assert cloud.sha256(first, 'remote') == digest
    assert cloud.sha256(again, 'remote') == digest


def test_a_qcow2_image_is_converted_once_and_its_raw_bytes_are_cloned(
    cloud, content, digest, tmp_path
):
    image = cloud.upload(qcow2_of(content, tmp_path), disk_format='qcow2')
    first = cloud.create(image, 'eic-gold')
    again = cloud.create(image, 'eic-gold')
    elsewhere = cloud.create(image, 'eic-images')
    assert 'flexclone=format_not_raw' in first['metadata']['eic_refused']
    assert [
        volume['metadata']['eic_route'] for volume in (first, again, elsewhere)
    ] == ['download', 'cached', 'copy_offload']
    for volume, pool in ((first, 'gold'), (again, 'gold'), (elsewhere, 'images')):
        assert cloud.sha256(volume, pool) == digest


def test_another_svm_is_copied_from_once_it_is_peered(cloud, image, digest, ontap):
    first = cloud.create(image, 'eic-silver')
    assert first['metadata']['eic_route'] == 'download'
    assert 'copy_offload=svm_not_peered' in first['metadata']['eic_refused']
    assert cloud.sha256(first, 'silver') == digest
    cloud.evict(image, 'silver')
    with ontap.peered('svm_silver', 'svm_gold'):
        second = cloud.create(image, 'eic-silver')
    assert second['metadata']['eic_route'] == 'copy_offload'
    assert cloud.sha256(second, 'silver') == digest


def test_many_first_volumes_at_once_are_one_copy(cloud, image, digest, ontap):
    mark = ontap.calls()['last']
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        volumes = list(pool.map(lambda _: cloud.create(image, 'eic-gold'), range(6)))
    assert len(ontap.file_copies(mark)) == 1
    routes = sorted(volume['metadata']['eic_route'] for volume in volumes)
    assert routes == ['cached'] * 5 + ['copy_offload']
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}


def test_a_volume_lives_on_as_with_the_stock_driver(cloud, image, digest):
    volume = cloud.create(image, 'eic-images')
    snapshot = cloud.api.cinder(
        'POST', '/snapshots', {'snapshot': {'volume_id': volume['id']}}
    )['snapshot']
    path = f'/snapshots/{snapshot["id"]}'
    wait_for(
        lambda: cloud.api.cinder('GET', path)['snapshot']['status'] == 'available',
        'the snapshot',
    )
    clone = cloud.api.cinder(
        'POST', '/volumes', {'volume': {'size': 2, 'snapshot_id': snapshot['id']}}
    )['volume']
    cloud.volumes.insert(0, clone['id'])
    assert cloud.ended(clone['id'])['status'] == 'available'
    assert cloud.sha256(clone, 'images') == digest
    cloud.api.cinder('DELETE', path)
    wait_for(
        lambda: not cloud.api.cinder('GET', '/snapshots')['snapshots'],
        'the snapshot to be deleted',
    )
    cloud.api.cinder(
        'POST', f'/volumes/{volume["id"]}/action', {'os-extend': {'new_size': 3}}
    )
    wait_for(
        lambda: (
            (v := cloud.show(volume['id']))['size'] == 3 and v['status'] == 'available'
        ),
        'the volume to grow',
    )
    file = cloud.root('images') / f'volume-{volume["id"]}'
    assert file.stat().st_size == 3 * units.Gi
    assert cloud.sha256(volume, 'images') == digest


def test_a_full_pool_makes_room_by_last_use(cloud, content, digest, lab, services):
    """The stock driver's thresholds, set so that the pool counts as full."""
    cold, hot = cloud.upload(content), cloud.upload(content)
    for image_id in (cold, hot):
        cloud.create(image_id, 'eic-images')
    record = cloud.root('images') / f'.eic-{cold}.json'
    os.utime(record, (1, 1))
    with services.reconfigured(
        {
            'thres_avl_size_perc_start': 100,
            'thres_avl_size_perc_stop': 100,
            'expiry_thres_minutes': 10,
        }
    ):
        wait_for(lambda: not record.exists(), 'the cold image to be evicted')
        wait_for(
            lambda: not (cloud.root('images') / f'img-cache-{cold}').exists(),
            'its bytes to be deleted',
        )
        assert (cloud.root('images') / f'img-cache-{hot}').exists()
        again = cloud.create(cold, 'eic-images')
        assert again['metadata']['eic_route'] == 'flexclone'
        assert cloud.sha256(again, 'images') == digest


def test_what_the_stock_driver_has_cached_is_adopted(cloud, image, digest):
    """Its file has the size of the volume that it was made for."""
    cloud.create(image, 'stock-remote')
    assert (cloud.root('remote') / f'img-cache-{image}').stat().st_size == units.Gi
    volumes = [cloud.create(image, 'eic-remote') for _ in range(2)]
    assert cloud.downloads(image) == 1  # the stock driver's
    assert [volume['metadata']['eic_route'] for volume in volumes] == [
        'adopt',
        'cached',
    ]
    assert {cloud.sha256(volume, 'remote') for volume in volumes} == {digest}
