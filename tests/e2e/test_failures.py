"""Whatever breaks, the volume ends as stock Cinder would end it, and nothing
is left behind.
"""

import time

import pytest
from keystoneauth1 import exceptions
from oslo_utils import units

from tests.e2e.deadline import wait_for

CLONE = '/api/storage/file/clone$'
COPY = '/api/storage/file/copy$'
FILES = '/api/storage/volumes/.*/files/.*'

# Each is what goes wrong with one call; the volume must not care.
FAULTS = {
    'clone refused': (
        'error',
        CLONE,
        {'status': 500, 'code': '13565952', 'message': 'failed to start'},
    ),
    'clone job fails': ('job_fails', CLONE, {'code': '917812', 'message': 'no space'}),
    'clone job vanishes, work done': ('job_vanishes', CLONE, {'effect': 'done'}),
    'clone job vanishes, work lost': ('job_vanishes', CLONE, {'effect': 'lost'}),
    'connection lost before the clone': ('drop_connection', CLONE, {'when': 'before'}),
    'connection lost after the clone': ('drop_connection', CLONE, {'when': 'after'}),
    'copy refused': (
        'error',
        COPY,
        {'status': 400, 'code': '7018877', 'message': 'copy limit'},
    ),
    'copy job fails': ('job_fails', COPY, {'code': '1', 'message': 'broken'}),
    'copy job vanishes, work done': ('job_vanishes', COPY, {'effect': 'done'}),
    'copy job vanishes, work lost': ('job_vanishes', COPY, {'effect': 'lost'}),
    'connection lost before the copy': ('drop_connection', COPY, {'when': 'before'}),
    'connection lost after the copy': ('drop_connection', COPY, {'when': 'after'}),
    'rename refused': (
        'error',
        FILES,
        {'status': 500, 'code': '1', 'message': 'no', 'method': 'PATCH'},
    ),
    'connection lost after the rename': (
        'drop_connection',
        FILES,
        {'when': 'after', 'method': 'PATCH'},
    ),
    'slow cluster': ('latency', '/api/.*', {'seconds': 0.5}),
}


@pytest.mark.parametrize('name', FAULTS)
def test_one_call_that_goes_wrong_costs_no_volume(name, cloud, image, digest, ontap):
    kind, path, how = FAULTS[name]
    ontap.fault(kind, path, **how)
    volume = cloud.create(image, 'eic-gold')
    assert ontap.hits() == [1]
    assert volume['status'] == 'available'
    assert cloud.sha256(volume, 'gold') == digest
    # A copy whose job is lost may make its file after that was removed.
    wait_for(lambda: cloud.leftovers() == [], 'the sweep')
    again = cloud.create(image, 'eic-gold')
    # After a lost connection the downloaded bytes are not cached: the next
    # volume takes a fast route of its own.
    assert again['metadata']['eic_route'] in {'cached', 'copy_offload'}
    assert cloud.sha256(again, 'gold') == digest


def test_a_full_flexvol_ends_as_with_the_stock_driver(cloud, image, digest, ontap):
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
    volume = cloud.create(image, 'eic-gold')
    # The fault fills the FlexVol for REST alone, so the download has room.
    assert volume['status'] == 'available'
    assert volume['metadata']['eic_route'] == 'cinder_download'
    assert cloud.sha256(volume, 'gold') == digest
    assert cloud.leftovers() == []


def test_a_cluster_that_dies_during_the_copy_costs_no_volume(
    cloud, image, digest, ontap, services
):
    ontap.copy_at(2 * units.Mi)
    volume_id = cloud.start(image, 'eic-gold')
    wait_for(
        lambda: [name for name in cloud.files() if 'eic-fill' in name],
        'the copy to have begun',
    )
    services.kill('simulator-cluster-a')
    volume = cloud.ended(volume_id)
    assert volume['status'] == 'available'
    assert volume['metadata']['eic_route'] == 'cinder_download'
    assert 'copy_offload=ontap_unreachable' in volume['metadata']['eic_refused']
    assert cloud.sha256(volume, 'gold') == digest
    services.command('start', 'simulator-cluster-a')
    assert cloud.leftovers() == []
    again = cloud.create(image, 'eic-gold')
    assert again['metadata']['eic_route'] in {'copy_offload', 'cached'}
    assert cloud.sha256(again, 'gold') == digest
    assert cloud.leftovers() == []


def test_a_cluster_that_stops_answering_costs_no_volume(cloud, image, digest, services):
    services.pause('simulator-cluster-a')
    volume_id = cloud.start(image, 'eic-gold')
    volume = cloud.ended(volume_id, seconds=240)
    services.resume()
    assert volume['status'] == 'available'
    assert 'ontap_unreachable' in volume['metadata']['eic_refused']
    assert cloud.sha256(volume, 'gold') == digest
    # The cluster may yet carry out what nobody waits for any more.
    wait_for(lambda: cloud.leftovers() == [], 'the sweep')


def test_without_glance_a_volume_ends_as_with_the_stock_driver(cloud, image, services):
    """Glance goes away between the API's answer and the driver."""
    services.pause('cinder-scheduler')
    ours = cloud.start(image, 'eic-gold')
    theirs = cloud.start(image, 'stock-gold')
    with services.stopped('glance'):
        services.resume()
        ends = [cloud.ended(ours)['status'], cloud.ended(theirs)['status']]
    assert ends == ['error', 'error']
    assert cloud.leftovers() == []


def test_a_glance_that_is_silent_for_a_while_costs_no_volume(
    cloud, image, digest, services
):
    services.pause('cinder-scheduler')
    volume_id = cloud.start(image, 'eic-gold')
    services.pause('glance')
    services.resume('cinder-scheduler')
    time.sleep(3)  # long enough for the driver to be waiting for Glance
    services.resume('glance')
    volume = cloud.ended(volume_id)
    assert volume['status'] == 'available'
    assert cloud.sha256(volume, 'gold') == digest


def test_without_glance_the_api_answers_as_the_stock_one(cloud, image, services):
    with services.stopped('glance'):
        answers = {
            name: _post(cloud, name, image)
            for name in ('cinder-api', 'cinder-api-stock')
        }
    assert answers['cinder-api'] == answers['cinder-api-stock']
    assert answers['cinder-api'][0] >= 400


@pytest.mark.parametrize(
    'body',
    [
        {'volume': {'size': 1, 'imageRef': '00000000-0000-4000-8000-000000000000'}},
        {'volume': {'size': 1, 'imageRef': 'no-such-name'}},
        {'volume': {'size': 0, 'imageRef': 'IMAGE'}},
        {'volume': {'size': 1, 'imageRef': 'IMAGE', 'volume_type': 'nope'}},
        {
            'volume': {'size': 1, 'imageRef': 'IMAGE'},
            'OS-SCH-HNT:scheduler_hints': 'text',
        },
        {'volume': []},
    ],
)
def test_the_real_api_answers_bad_requests_as_the_stock_one(cloud, image, body):
    text = (
        {'volume': {**body['volume'], 'imageRef': image}}
        if (body['volume'] and body['volume']['imageRef'] == 'IMAGE')
        else {}
    )
    body = {**body, **text}
    ours = _post(cloud, 'cinder-api', body=body)
    assert ours == _post(cloud, 'cinder-api-stock', body=body)
    assert ours[0] in {400, 404}


def _post(cloud, service, image=None, body=None):
    body = body or {'volume': {'size': 1, 'imageRef': image}}
    url = f'{cloud.lab.ports.url(service)}/v3/{cloud.api.project_id}/volumes'
    answer = cloud.api.session.post(url, json=body, raise_exc=False)
    return answer.status_code, answer.json()


def test_a_user_cannot_create_from_an_image_that_is_not_theirs(cloud, content):
    """The service sees more images than the user: it must not help."""
    theirs = cloud.admin.request(
        'POST',
        'glance',
        '/v2/images',
        {
            'name': 'private',
            'disk_format': 'raw',
            'container_format': 'bare',
            'visibility': 'private',
        },
    )
    try:
        cloud.admin.session.put(
            f'{cloud.lab.ports.url("glance")}/v2/images/{theirs["id"]}/file',
            data=content,
            headers={'Content-Type': 'application/octet-stream'},
        )
        with pytest.raises(exceptions.BadRequest):
            cloud.start(theirs['id'], 'eic-gold')
    finally:
        cloud.admin.request('DELETE', 'glance', f'/v2/images/{theirs["id"]}')
