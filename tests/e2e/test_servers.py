"""Servers on the real Nova: their root volumes are clones, deleted with them;
whatever fails, the user sees what they would see with the stock pipelines and
driver, and nothing is left behind.
"""

import contextlib
import http.client
import importlib.util
import json

import pytest
from oslo_utils import units

from lab import cinder, identity, nova, qemu_img
from lab.boots import PLAIN_FLAVOR
from lab.ports import LOOPBACK
from lab.topology import DRIVERS, SERVICE_PROJECT
from tests.e2e.deadline import wait_for
from tests.e2e.servers import seen_by_user

CLONES = {'flexclone', 'copy_offload', 'cached'}
OPT_IN_FLAVOR = 'eic.tiny'
needs_filter = pytest.mark.skipif(
    importlib.util.find_spec('eic_plugins.middleware.nova') is None,
    reason='the Nova filter is not there',
)


def routes(servers, booted):
    """The routes of the servers' volumes, each of which has one."""
    volumes = [servers.volumes_of(server) for server in booted]
    assert [len(of_one) for of_one in volumes] == [1] * len(booted)
    return {volume['metadata']['eic_route'] for (volume,) in volumes}


def warm(cloud, image):
    """The first look at an image may miss the filter's budget."""
    cloud.create(image, 'eic')


def test_a_servers_root_volume_is_a_clone_and_goes_with_it(
    cloud, servers, image, digest
):
    warm(cloud, image)
    (server,) = servers.boot('eic', image)
    assert server['status'] == 'ACTIVE'
    (volume,) = servers.volumes_of(server)
    assert volume['status'] == 'in-use'
    assert volume['volume_type'] == 'eic'
    assert volume['attachments'][0]['server_id'] == server['id']
    assert routes(servers, [server]) <= CLONES
    share = cloud.pool_of(volume['id'])
    assert cloud.sha256(volume, share) == digest
    file = cloud.root(share) / f'volume-{volume["id"]}'
    servers.delete(server)
    assert not file.exists()


def test_ten_servers_at_once_are_ten_clones(cloud, servers, image, lab):
    warm(cloud, image)
    sent = lab.paths.access_log('glance').stat().st_size
    booted = servers.boot('eic', image, count=10)
    assert [server['status'] for server in booted] == ['ACTIVE'] * 10
    assert routes(servers, booted) <= CLONES
    with lab.paths.access_log('glance').open() as log:
        log.seek(sent)
        assert f'{image}/file' not in log.read()


def test_each_sides_server_has_its_own_host_and_driver(cloud, servers, image):
    for driver in DRIVERS:
        (server,) = servers.boot(driver, image)
        assert server['OS-EXT-AZ:availability_zone'] == driver
        shown = cloud.admin.nova('GET', f'/servers/{server["id"]}')['server']
        assert shown['OS-EXT-SRV-ATTR:host'] == nova.host(driver)
        (volume,) = servers.volumes_of(server)
        assert volume['volume_type'] == driver


def test_connecting_a_clone_starts_no_qemu_img(cloud, servers, image, lab):
    warm(cloud, image)
    runs = {}
    for driver in DRIVERS:
        (server,) = servers.boot(driver, image)
        (volume,) = servers.volumes_of(server)
        runs[driver] = qemu_img.log(lab).read_text().count(volume['id'])
    assert runs['eic'] == 0
    assert runs['stock'] > 0


@pytest.mark.parametrize('driver', DRIVERS)
def test_a_plain_image_boot_keeps_its_local_disk(servers, image, driver):
    (server,) = servers.boot(driver, image, **plain(image, PLAIN_FLAVOR))
    assert server['status'] == 'ACTIVE'
    assert server['image']['id'] == image
    assert servers.volumes_of(server) == []


@needs_filter
@pytest.mark.parametrize('count', [1, 10])
def test_a_plain_image_boot_with_the_opt_in_flavor_is_a_clone(
    cloud, servers, image, count
):
    warm(cloud, image)
    # What the filter has not looked up within its budget boots as it came.
    wait_for(
        lambda: servers.volumes_of(
            servers.boot('eic', image, **plain(image, OPT_IN_FLAVOR))[0]
        ),
        'the filter to have looked flavor and image up',
    )
    booted = servers.boot('eic', image, count, **plain(image, OPT_IN_FLAVOR))
    assert [server['status'] for server in booted] == ['ACTIVE'] * count
    assert routes(servers, booted) <= CLONES


def plain(image, flavor):
    return {'imageRef': image, 'flavor': flavor, 'block_device_mapping_v2': []}


@contextlib.contextmanager
def flavor_that_fits_nowhere(cloud):
    made = cloud.admin.nova(
        'POST',
        '/flavors',
        {'flavor': {'name': 'e2e-huge', 'ram': units.Gi, 'vcpus': 1, 'disk': 1}},
    )['flavor']
    try:
        yield made['id']
    finally:
        cloud.admin.nova('DELETE', f'/flavors/{made["id"]}')


def test_no_valid_host_ends_as_with_stock(cloud, servers, image):
    with flavor_that_fits_nowhere(cloud) as flavor:
        ours, theirs = (
            servers.fate(driver, image, flavor=flavor) for driver in DRIVERS
        )
    assert ours == theirs
    assert ours[0] == 'ERROR'
    assert 'No valid host was found' in ours[2]


def test_a_volume_quota_that_is_exceeded_ends_as_with_stock(cloud, servers, image):
    with no_quota_for_volumes(cloud):
        ours, theirs = (servers.fate(driver, image) for driver in DRIVERS)
    assert ours == theirs
    assert ours[0] == 'ERROR'
    assert 'quota' in ours[2]


@contextlib.contextmanager
def no_quota_for_volumes(cloud):
    path = f'/os-quota-sets/{cloud.api.project_id}'
    cloud.admin.cinder('PUT', path, {'quota_set': {'volumes': 0}})
    try:
        yield
    finally:
        cloud.admin.cinder('DELETE', path)


def test_without_cinder_a_server_ends_as_with_stock(servers, image, services):
    fates = []
    for driver, api in zip(DRIVERS, ('cinder-api', 'cinder-api-stock'), strict=True):
        with services.stopped(api):
            fates.append(servers.fate(driver, image))
    assert fates[0] == fates[1]
    assert fates[0][0] == 'ERROR'
    assert 'Connection to cinder host failed' in fates[0][2]


def test_without_glance_nova_answers_as_the_stock_one(servers, image, services):
    with services.stopped('glance'):
        ours, theirs = (
            servers.refusal(driver, image, **plain(image, OPT_IN_FLAVOR))
            for driver in DRIVERS
        )
    assert ours == theirs
    assert ours[0] >= 400


def test_a_glance_that_goes_away_ends_as_with_stock(servers, image, services):
    """It goes away between Nova's answer and the volume's creation."""
    names = {}
    for driver in DRIVERS:
        services.pause(nova.compute_service(driver))
        names[driver] = f'e2e-{driver}-no-glance'
        servers.sides[driver].create(names[driver], image)
    with services.stopped('glance'):
        services.resume()
        ended = [
            servers.sides[driver].watch(name, 1)[0].server_id
            for driver, name in names.items()
        ]
    ours, theirs = (
        seen_by_user(servers.sides['eic'].show(server_id)) for server_id in ended
    )
    assert ours == theirs
    assert ours[0] == 'ERROR'


def test_a_volume_in_error_ends_as_with_stock(cloud, servers, content):
    """The image's bytes are gone from the store: no driver can make it."""
    image = cloud.upload(content)
    (cloud.root('images') / image).unlink()
    ours, theirs = (servers.fate(driver, image) for driver in DRIVERS)
    assert ours == theirs
    assert ours[0] == 'ERROR'
    assert 'its status is error' in ours[2]


def test_a_server_deleted_while_it_is_built_leaves_nothing(
    cloud, servers, image, services
):
    for driver in DRIVERS:
        side = servers.sides[driver]
        services.pause('cinder-scheduler')
        server_id = side.create(f'e2e-{driver}-deleted', image)
        wait_for(
            lambda: cloud.api.cinder('GET', '/volumes')['volumes'],
            'Nova to ask for the volume',
        )
        side.nova('DELETE', f'/servers/{server_id}')
        services.resume()
        wait_for(
            lambda: not cloud.api.cinder('GET', '/volumes')['volumes'],
            'the volume to be deleted',
        )


@needs_filter
def test_a_volume_that_nova_gave_up_goes_when_it_is_made(
    cloud, servers, image, services
):
    """Nova looks for three minutes, and its request to delete the volume is
    refused. A cinder-api that did not hear that request carries it out.
    """
    warm(cloud, image)
    wait_for(
        lambda: servers.volumes_of(
            servers.boot('eic', image, **plain(image, OPT_IN_FLAVOR))[0]
        ),
        'the filter to have looked flavor and image up',
    )
    servers.clean_up()
    before = ids_of_volumes(cloud)
    used = volumes_in_use(cloud)
    side = servers.sides['eic']
    with services.stopped(cinder.volume_service('eic')):
        # While the scheduler still takes its pools for up.
        side.create('e2e-given-up-asked', image)
        side.create('e2e-given-up-rewritten', image, **plain(image, OPT_IN_FLAVOR))
        ended = side.watch('e2e-given-up', 2)
        assert [seen.status for seen in ended] == ['ERROR'] * 2
        left = ids_of_volumes(cloud) - before
        assert len(left) == 2
        assert {cloud.show(volume)['status'] for volume in left} == {'creating'}
        servers.clean_up()
        assert ids_of_volumes(cloud) - before == left
        services.command('restart', cinder.api_of('eic'))
    wait_for(
        lambda: ids_of_volumes(cloud) == before,
        'the volumes that Nova gave up to be deleted',
    )
    assert volumes_in_use(cloud) == used


def ids_of_volumes(cloud):
    return {volume['id'] for volume in cloud.api.cinder('GET', '/volumes')['volumes']}


def volumes_in_use(cloud):
    quota = cloud.api.cinder(
        'GET', f'/os-quota-sets/{cloud.api.project_id}?usage=True'
    )['quota_set']
    return {key: quota[key]['in_use'] for key in ('volumes', 'gigabytes')}


def test_a_client_that_goes_while_its_answer_is_held_ends_as_with_stock(
    cloud, image, services, lab
):
    """Its volume is there, as after an answer that nobody read."""
    warm(cloud, image)
    nova_user = identity.Cloud(lab, 'nova', SERVICE_PROJECT)
    headers = {
        'X-Auth-Token': cloud.api.token,
        'X-Service-Token': nova_user.token,
        'Content-Type': 'application/json',
    }
    for driver in DRIVERS:
        services.pause(cinder.volume_service(driver))
        connection = http.client.HTTPConnection(
            LOOPBACK, lab.ports[cinder.api_of(driver)]
        )
        connection.request(
            'POST',
            f'/v3/{cloud.api.project_id}/volumes',
            json.dumps(
                {
                    'volume': {
                        'name': f'e2e-{driver}-gone',
                        'size': 1,
                        'imageRef': image,
                        'volume_type': driver,
                    }
                }
            ),
            headers,
        )
        wait_for(
            lambda name=f'e2e-{driver}-gone': named(cloud, name),
            'the request to have made a volume',
        )
        cloud.volumes += [volume['id'] for volume in named(cloud, f'e2e-{driver}-gone')]
        connection.close()
        services.resume()
    ends = [
        cloud.ended(named(cloud, f'e2e-{driver}-gone')[0]['id']) for driver in DRIVERS
    ]
    assert [volume['status'] for volume in ends] == ['available'] * 2
    # The place of the answer that was held is free again.
    assert cloud.create(image, 'eic')['status'] == 'available'


def named(cloud, name):
    return cloud.api.cinder('GET', f'/volumes?name={name}')['volumes']
