"""The pools hold what they are to hold, before anybody asks for a volume."""

import contextlib
import json
import os

from keystoneauth1 import exceptions
from oslo_utils import units

from tests.e2e.deadline import wait_for
from tests.e2e.user import SHARES

LOG = 'cinder-volume-eic'


def _files(cloud, image_id, pools=SHARES):
    return [
        cloud.root(pool) / name
        for pool in pools
        for name in (f'img-cache-{image_id}', f'.eic-{image_id}.json')
    ]


def _cached(cloud, image_id, pools=SHARES):
    return all(file.exists() for file in _files(cloud, image_id, pools))


def _gone(cloud, image_id):
    return not any(file.exists() for file in _files(cloud, image_id))


def _age(cloud, image_id):
    """As if nobody had used it for an hour: what is in use is not removed."""
    for pool in SHARES:
        record = cloud.root(pool) / f'.eic-{image_id}.json'
        past = record.stat().st_mtime - 3600
        os.utime(record, (past, past))


def _publish(cloud, image_id):
    url = f'{cloud.lab.ports.url("glance")}/v2/images/{image_id}'
    cloud.admin.session.patch(
        url,
        json=[{'op': 'replace', 'path': '/visibility', 'value': 'public'}],
        headers={'Content-Type': 'application/openstack-images-v2.1-json-patch'},
    )


def _delete_image(cloud, image_id):
    cloud.api.request('DELETE', 'glance', f'/v2/images/{image_id}')


@contextlib.contextmanager
def _precached(cloud, content, pools='all', where=SHARES):
    image_id = cloud.upload(content, eic_precache=pools)
    _publish(cloud, image_id)
    wait_for(
        lambda: _cached(cloud, image_id, where),
        f'image {image_id} to be cached in {", ".join(where)}',
    )
    try:
        yield image_id
    finally:
        # First of all, lest what the test removes is filled in again.
        with contextlib.suppress(exceptions.NotFound):
            _delete_image(cloud, image_id)


def test_the_first_volume_of_a_precached_image_is_a_hit_in_every_pool(
    cloud, content, digest
):
    with _precached(cloud, content) as image_id:
        for pool in SHARES:
            volume = cloud.create(image_id, f'eic-{pool}')
            assert volume['metadata']['eic_route'] == 'cached'
            assert cloud.sha256(volume, pool) == digest


def test_an_image_is_precached_in_the_pools_it_names_alone(cloud, content):
    named = f'{SHARES["gold"]}, eic-remote'
    with _precached(cloud, content, named, ('gold', 'remote')) as image_id:
        # A comparison of everything, which fills in what is missing.
        (cloud.root('remote') / f'.eic-{image_id}.json').unlink()
        wait_for(lambda: _cached(cloud, image_id, ('remote',)), 'the refill')
        assert not any(
            file.exists() for file in _files(cloud, image_id, ('images', 'silver'))
        )


def test_what_is_evicted_by_hand_is_filled_in_again(cloud, content, digest):
    with _precached(cloud, content) as image_id:
        cloud.evict(image_id, 'silver')
        wait_for(lambda: _cached(cloud, image_id), 'the refill')
        volume = cloud.create(image_id, 'eic-silver')
        assert volume['metadata']['eic_route'] == 'cached'
        assert cloud.sha256(volume, 'silver') == digest


def test_a_cached_image_of_other_bytes_is_replaced(cloud, content, digest):
    """As if the image had been another one when it was cached."""
    with _precached(cloud, content) as image_id:
        record = cloud.root('gold') / f'.eic-{image_id}.json'
        first = json.loads(record.read_text())
        record.write_text(json.dumps({**first, 'identity': 'of before'}))
        with (cloud.root('gold') / f'img-cache-{image_id}').open('r+b') as file:
            file.write(bytes(units.Mi))
        again = wait_for(
            lambda: (
                record.exists()
                and (found := json.loads(record.read_text()))['identity']
                == first['identity']
                and found
            ),
            'the refill',
        )
        assert again == {**first, 'made': again['made']}
        assert again['made'] > first['made']
        volume = cloud.create(image_id, 'eic-gold')
        assert volume['metadata']['eic_route'] == 'cached'
        assert cloud.sha256(volume, 'gold') == digest


def test_the_cached_images_of_a_deleted_image_go(cloud, content, image):
    """Precached or not."""
    cloud.create(image, 'eic-images')
    with _precached(cloud, content) as precached:
        _age(cloud, precached)
        record = cloud.root('images') / f'.eic-{image}.json'
        os.utime(record, (1, 1))
        for image_id in (precached, image):
            _delete_image(cloud, image_id)
            wait_for(
                lambda image_id=image_id: _gone(cloud, image_id),
                f'the cached images of {image_id} to be removed',
            )


def test_without_notifications_the_comparison_finds_what_changed(
    cloud, content, image, services
):
    """A deletion, and an image that the configuration names."""
    with _precached(cloud, content) as deleted:
        _age(cloud, deleted)
        with services.reconfigured(
            {},
            {'precache_notifications': False, 'precache_images': f'{image} | eic-gold'},
        ):
            _delete_image(cloud, deleted)
            wait_for(lambda: _gone(cloud, deleted), 'the cached images to be removed')
            wait_for(
                lambda: _cached(cloud, image, ('images', 'gold')),
                'the image of the configuration',
            )
    assert not any(file.exists() for file in _files(cloud, image, ('silver', 'remote')))


def test_a_users_own_image_fills_no_pool(cloud, content):
    image_id = cloud.upload(content, eic_precache='all', visibility='private')
    # Every pool has a later one by then.
    with _precached(cloud, content):
        assert _gone(cloud, image_id)


def test_nothing_is_removed_while_glance_is_away(cloud, content, lab, services):
    with _precached(cloud, content) as image_id:
        _age(cloud, image_id)
        with services.stopped('glance'):
            before = _comparisons_failed(lab)
            wait_for(
                lambda: _comparisons_failed(lab) >= before + len(SHARES),
                'each backend to have compared',
            )
            assert _cached(cloud, image_id)


def _comparisons_failed(lab):
    return lab.paths.log(LOG).read_text().count('pools were not compared')
