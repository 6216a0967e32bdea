"""A service that creates a volume from an image hears of it when it is there."""

import json
import threading

import pytest
from cinder import context, exception, objects
from webtest.app import TestRequest

from tests.functional.conftest import PROJECT
from tests.functional.glance_stub import IMAGE
from tests.functional.test_cinder_filter import seen, volume

HEADER = 'X-EIC-Hold'
SERVICE = '5d2a6b1e-7c5e-4c6e-9d3b-0c1f4a7f0d33'


def create(app, body=None, roles='service', multithread=True, path='/v3/volumes'):
    request = TestRequest.blank(
        path,
        method='POST',
        headers={'X-Auth-Token': f'user:{PROJECT}', 'X-Service-Roles': roles},
    )
    request.body = json.dumps(body or volume()).encode()
    request.content_type = 'application/json'
    request.environ['wsgi.multithread'] = multithread
    return app.do_request(request, expect_errors=True)


def without_hold(response):
    status, headers, body = seen(response)
    return status, [h for h in headers if h[0] != HEADER.lower()], body


@pytest.fixture
def becomes(glance, scheduled, monkeypatch):
    """Makes a volume become ``status``, a moment after it was scheduled."""
    threads = []

    def decide(status, after=0.1):
        def change(volume_id):
            found = objects.Volume.get_by_id(context.get_admin_context(), volume_id)
            if status == 'deleted':
                found.destroy()
            else:
                found.status = status
                found.service_uuid = SERVICE
                found.save()

        def create_volume(_api, _context, created, **_kwargs):
            threads.append(threading.Timer(after, change, [created.id]))
            threads[-1].start()

        monkeypatch.setattr(
            'cinder.scheduler.rpcapi.SchedulerAPI.create_volume', create_volume
        )

    yield decide
    for thread in threads:
        thread.join(20)


@pytest.mark.parametrize('status', ['available', 'error'])
@pytest.mark.parametrize(
    'path', ['/v3/volumes', f'/v3/{PROJECT}/volumes', '/v3/volumes.json']
)
def test_the_answer_comes_when_the_volume_has_its_status(
    status, path, plain_app, filtered_app, becomes
):
    becomes(status)
    held = create(filtered_app, path=path)
    assert held.headers[HEADER] == status
    assert without_hold(held) == seen(create(plain_app, path=path))
    shown = objects.Volume.get_by_id(
        context.get_admin_context(), held.json['volume']['id']
    )
    assert shown.status == status


def test_a_volume_that_vanishes_ends_the_hold(filtered_app, becomes):
    becomes('deleted')
    held = create(filtered_app)
    assert (held.status_int, held.headers[HEADER]) == (202, 'unknown')
    with pytest.raises(exception.VolumeNotFound):
        objects.Volume.get_by_id(context.get_admin_context(), held.json['volume']['id'])


def test_a_volume_that_no_service_has_yet_is_not_there(
    filtered_app, becomes, monkeypatch
):
    monkeypatch.setattr(f'{__name__}.SERVICE', None)
    becomes('available')
    assert create(filtered_app).headers[HEADER] == 'budget'


def test_the_budget_ends_the_hold(filtered_app, glance, scheduled):
    assert create(filtered_app).headers[HEADER] == 'budget'


def test_a_server_without_threads_holds_nothing(filtered_app, glance, scheduled):
    assert create(filtered_app, multithread=False).headers[HEADER] == 'single_threaded'


@pytest.mark.parametrize('roles', ['', 'member', 'member,reader'])
def test_users_are_not_kept_waiting(roles, filtered_app, glance, scheduled):
    assert HEADER not in create(filtered_app, roles=roles).headers


@pytest.mark.parametrize(
    'body',
    [
        {'volume': {'size': 1}},
        volume(imageRef='cirros'),
        volume(size='big'),
        volume(snapshot_id=IMAGE),
        {'volume': None},
    ],
)
def test_what_is_no_new_volume_of_an_image_is_not_held(
    body, plain_app, filtered_app, glance, scheduled
):
    answer = create(filtered_app, body)
    assert HEADER not in answer.headers
    assert seen(answer) == seen(create(plain_app, body))


def test_an_error_while_holding_is_not_the_users(
    filtered_app, plain_app, glance, scheduled, monkeypatch
):
    def broken(*_args):
        raise OSError('the database went away')

    monkeypatch.setattr('cinder.db.api.volume_get_all', broken)
    held = create(filtered_app)
    assert held.headers[HEADER] == 'unknown'
    assert without_hold(held) == seen(create(plain_app))
