"""Which image boots become boots from a volume, and which are left alone."""

import pytest
from oslo_config import cfg

from tests.functional_nova.conftest import OTHER_PROJECT, PROJECT
from tests.functional_nova.glance_stub import IMAGES, PRIVATE, UNKNOWN
from tests.functional_nova.release import allow_no_local_disk
from tests.functional_nova.requests import HEADER, seen, send, server

DEVICE = {
    'boot_index': 0,
    'uuid': IMAGES['raw']['id'],
    'source_type': 'image',
    'volume_size': 1,
}
# What `openstack server create --image` and `nova boot --image` send.
LOCAL_ROOT = {
    'boot_index': 0,
    'uuid': IMAGES['raw']['id'],
    'source_type': 'image',
    'destination_type': 'local',
    'delete_on_termination': True,
}
REWRITTEN = {
    'raw': (server(), 'flavor', 10),
    'qcow2': (server('qcow2'), 'flavor', 10),
    'qcow2 of unknown virtual size': (server('qcow2-unknown'), 'flavor', 10),
    'image that opted in': (server('opted-in', 'plain'), 'image', 10),
    'flavor is heard before image': (server('opted-out'), 'flavor', 10),
    'nonsense in the image': (server('nonsense'), 'flavor', 10),
    'signed, and Nova verifies none': (server('signed'), 'flavor', 10),
    'swap and ephemeral disk': (server(flavor='local-disks'), 'flavor', 10),
    'no root disk, raw': (server(flavor='diskless'), 'flavor', 1),
    'no root disk, qcow2': (server('qcow2', 'diskless'), 'flavor', 3),
    'no root disk, min_disk': (server('min-disk', 'diskless'), 'flavor', 4),
    'config drive and user data': (
        server(config_drive=True, user_data='YQ=='),
        'flavor',
        10,
    ),
    'several': (server(min_count=2, max_count=3), 'flavor', 10),
    'empty list of devices': (server(block_device_mapping_v2=[]), 'flavor', 10),
    'as the clients say it': (
        server(block_device_mapping_v2=[LOCAL_ROOT]),
        'flavor',
        10,
    ),
    'flavor by URL': (server(flavor='http://x/v2.1/flavors/opted-in'), 'flavor', 10),
}
PASSED = server(
    imageRef=..., block_device_mapping_v2=[{**DEVICE, 'destination_type': 'volume'}]
)
# What a path below /flavors may also mean, or nothing at all.
NO_FLAVORS = [
    'detail',
    'http://x/flavors/detail',
    'http://x/detail?a=b#c',
    'detail.json',
    'plain.json',
    'DETAIL',
    'new',
    '.',
    '..',
    ' detail',
    'os-extra_specs',
    'plain ',
    ' ',
    '',
    'http://[',
    'a/b/',
    '%64etail',
    '%2e%2e',
    'detail\n',
    '\ud800',
    'd\u00e9tail',
    '0',
    0,
    -1,
    True,
    10**30,
    'x' * 300,
]
LEFT = {
    'not_opted_in': [
        server(flavor='plain'),
        server(flavor='opted-out'),
        server('opted-in', 'opted-out'),
        server('nonsense', 'plain'),
    ],
    'opted_out': [server(metadata={'eic_boot_from_volume': 'false'})],
    'block_device_mapping': [
        server(block_device_mapping_v2=[{**DEVICE, 'destination_type': 'local'}]),
        server(
            block_device_mapping_v2=[{**LOCAL_ROOT, 'delete_on_termination': False}]
        ),
        server(block_device_mapping_v2=[{**LOCAL_ROOT, 'uuid': UNKNOWN}]),
        server(
            block_device_mapping_v2=[
                LOCAL_ROOT,
                {**LOCAL_ROOT, 'boot_index': -1, 'source_type': 'blank'},
            ]
        ),
        server(block_device_mapping=[{'volume_id': UNKNOWN, 'device_name': 'vdb'}]),
    ],
    'no_image': [server(imageRef=''), server(imageRef=...)],
    'image_unknown': [server(imageRef=UNKNOWN), server(imageRef=PRIVATE['id'])],
    'flavor_unknown': [server(flavor=flavor) for flavor in ('nope', 77, *NO_FLAVORS)],
    'trusted_certificates': [server(trusted_image_certificates=[UNKNOWN])],
    'image_not_active': [server('queued')],
    'image_format': [server('iso'), server('ova')],
    'image_encrypted': [server('encrypted')],
    'image_with_kernel': [server('kernel')],
    'image_maps_devices': [server('snapshot')],
    'image_too_large': [
        server('min-disk-too-large'),
        server('larger-than-flavor'),
        server('virtually-larger'),
    ],
    'image_size_unknown': [server('qcow2-unknown', 'diskless')],
    'ephemeral_encryption': [
        server('ephemeral-encryption'),
        server(flavor='encrypting'),
    ],
    'not_understood': [{}, {'server': []}, []],
}
TABLE = [(reason, body) for reason, bodies in LEFT.items() for body in bodies]


@pytest.fixture(autouse=True)
def _stub(glance):
    """Every test here uses it."""


@pytest.mark.parametrize('name', REWRITTEN)
def test_an_image_boot_becomes_a_boot_from_a_volume(name, filtered_app, built):
    body, why, size = REWRITTEN[name]
    answer = send(filtered_app, body)
    assert answer.status_int == 202, answer.body
    assert answer.headers[HEADER] == f'rewritten; reason={why}'
    assert built.devices() == [('image', 'volume', size, True, 'fast')]


def test_a_project_opts_in(filtered_app, built):
    answer = send(
        filtered_app, server(flavor='plain'), token=f'me:{OTHER_PROJECT}:member,reader'
    )
    assert answer.headers[HEADER] == 'rewritten; reason=project'
    assert built.devices() == [('image', 'volume', 10, True, 'fast')]


def test_all_of_a_multiple_create_get_a_volume_of_their_own(filtered_app, built):
    send(filtered_app, server(min_count=3))
    assert len(built.calls[-1]['build_requests']) == 3
    assert all(
        len(
            [bdm for bdm in request.block_device_mappings if bdm.source_type == 'image']
        )
        == 1
        for request in built.calls[-1]['build_requests']
    )


def test_a_request_that_creates_a_volume_is_passed(filtered_app, built):
    answer = send(filtered_app, PASSED)
    assert answer.status_int == 202
    assert answer.headers[HEADER] == 'passed; reason=creates_volume'
    assert built.devices() == [('image', 'volume', 1, False, None)]


@pytest.mark.parametrize(('reason', 'body'), TABLE)
def test_what_would_not_be_the_same_is_left_to_nova(
    reason, body, plain_app, filtered_app, built
):
    alone = send(plain_app, body)
    without = [call['block_device_mapping'] for call in built.calls]
    behind = send(filtered_app, body)
    assert behind.headers[HEADER] == f'left; reason={reason}'
    assert seen(behind) == seen(alone)
    assert len(built.calls) == 2 * len(without)
    assert all(
        bdm.destination_type == 'local' or bdm.source_type != 'image'
        for call in built.calls
        for bdm in call['block_device_mapping']
    )


def test_file_injection_is_left_to_nova(filtered_app, built):
    answer = send(
        filtered_app,
        server(networks=None, personality=[{'path': '/etc/motd', 'contents': 'YQ=='}]),
        version='2.1',
    )
    assert answer.headers[HEADER] == 'left; reason=file_injection'
    assert built.devices() == [('image', 'local', None, True, None)]


def test_what_nova_refuses_of_a_volume_boots_from_a_local_disk(
    plain_app, filtered_app, built, volume_types
):
    """The operator's volume type is not there: no trouble of the user's."""
    volume_types.clear()
    answer = send(filtered_app, server())
    assert answer.headers[HEADER] == 'left; reason=refused_by_nova'
    assert seen(answer) == seen(send(plain_app, server()))
    assert answer.status_int == 202
    assert built.devices() == [('image', 'local', None, True, None)]


def test_a_diskless_flavor_boots_where_nova_alone_refuses(plain_app, filtered_app):
    """A documented difference in a status."""
    body = server(flavor='diskless')
    assert send(plain_app, body).status_int == 403
    assert send(filtered_app, body).status_int == 202


def test_without_local_disks_images_boot_where_nova_alone_refuses(
    plain_app, filtered_app, built, glance
):
    """A documented difference in a status: max_local_block_devices."""
    cfg.CONF.set_override('max_local_block_devices', 0)
    try:
        assert send(plain_app, server()).status_int == 400
        assert send(filtered_app, server()).status_int == 202
        assert built.devices() == [('image', 'volume', 10, True, 'fast')]
    finally:
        cfg.CONF.clear_override('max_local_block_devices')


def test_a_limit_of_disks_counts_no_volume(plain_app, filtered_app, built, monkeypatch):
    """A documented difference in a status: unified limits of class:DISK_GB."""
    allow_no_local_disk(monkeypatch)
    assert send(plain_app, server()).status_int == 403
    assert send(filtered_app, server()).status_int == 202
    assert built.devices() == [('image', 'volume', 10, True, 'fast')]


@pytest.mark.parametrize('status', [500, 503])
def test_a_glance_out_of_order_leaves_the_request(
    status, plain_app, filtered_app, glance
):
    glance.status = status
    behind = send(filtered_app, server())
    assert behind.headers[HEADER] == 'left; reason=image_not_looked_up'
    assert seen(behind) == seen(send(plain_app, server()))


def test_a_private_image_is_seen_by_its_owner_alone(filtered_app, built):
    body = server(imageRef=PRIVATE['id'])
    owner = send(filtered_app, body, token=f'owner:{PROJECT}:member,reader')
    other = send(filtered_app, body)
    assert owner.headers[HEADER] == 'rewritten; reason=flavor'
    assert other.headers[HEADER] == 'left; reason=image_unknown'
    assert other.status_int == 400
    assert len(built.calls) == 1


@pytest.mark.parametrize('flavor', NO_FLAVORS)
def test_what_is_no_flavor_is_no_error_of_the_filter(flavor, filtered_app, caplog):
    send(filtered_app, server(flavor=flavor))
    assert [
        record
        for record in caplog.records
        if record.name.startswith('eic_plugins') and record.exc_info
    ] == []


@pytest.mark.parametrize(('reason', 'body'), TABLE[::4])
def test_no_answer_shows_a_location(reason, body, filtered_app):
    answer = send(filtered_app, body)
    assert 'secret' not in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('GET', '/v2.1/servers'),
        ('GET', '/v2.1/flavors'),
        ('GET', '/v2.1'),
        ('PUT', '/v2.1/servers'),
        ('POST', f'/v2.1/servers/{UNKNOWN}/action'),
        ('POST', '/v2.1/servers/'),
        ('POST', '/v2.1/servers.json'),
        ('GET', '/'),
        ('DELETE', f'/v2.1/servers/{UNKNOWN}'),
        ('POST', '/v2.1/nope'),
    ],
)
def test_other_requests_are_not_looked_at(
    method, path, plain_app, filtered_app, glance
):
    body = {} if method in {'POST', 'PUT'} else b''
    how = {'method': method, 'path': path}
    assert seen(send(filtered_app, body, **how)) == seen(send(plain_app, body, **how))
    assert glance.asked == []


@pytest.mark.parametrize(
    'body', [b'', b'{', b'5', b'\xff', b'[' * 50_000, b'{"server": {}}', b'x' * 120_000]
)
@pytest.mark.parametrize(
    'content_type',
    [
        'application/json',
        'text/plain',
        'application/json; charset=utf-8',
        'application/vnd.openstack.compute+json',
    ],
)
def test_what_is_no_request_gets_the_answer_of_nova_alone(
    body, content_type, plain_app, filtered_app
):
    how = {'content_type': content_type}
    assert seen(send(filtered_app, body, **how)) == seen(send(plain_app, body, **how))


def test_no_credentials_no_answer(plain_app, filtered_app, glance):
    assert seen(send(filtered_app, server(), token='')) == seen(
        send(plain_app, server(), token='')
    )
    assert glance.asked == []
