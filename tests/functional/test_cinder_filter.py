"""Whatever comes in, users get exactly the answer of Cinder alone."""

import json
import re

import pytest
from webtest.app import TestRequest

from eic_plugins.middleware.copies import CopyLookup
from tests.functional.conftest import PROJECT
from tests.functional.glance_stub import (
    IMAGE,
    INVISIBLE,
    NAMED,
    SECRET_PATH,
    locations,
)

HINTS = 'OS-SCH-HNT:scheduler_hints'
FORGED = {'copies': [{'server': '6.6.6.6', 'path': '/forged'}]}
COPIES = {'copies': [{'server': '127.0.11.2', 'path': f'/images/{IMAGE}', 'raw': True}]}
JSON = 'application/json'

UUID = re.compile(rb'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
TIME = re.compile(rb'\d{4}-\d\d-\d\dT[\d:.]+')
PER_REQUEST = {
    'x-openstack-request-id',
    'x-compute-request-id',
    'content-length',
    'date',
}


def send(
    app,
    body,
    path='/v3/volumes',
    method='POST',
    content_type=JSON,
    version=None,
    chunked=False,
    project=PROJECT,
):
    headers = {'X-Auth-Token': f'user:{project}', 'Accept': JSON}
    if version:
        headers['OpenStack-API-Version'] = version
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = TestRequest.blank(path, method=method, headers=headers)
    request.body = raw
    if content_type is None:
        request.environ.pop('CONTENT_TYPE', None)
    else:
        request.content_type = content_type
    if chunked:
        del request.environ['CONTENT_LENGTH']
        request.environ['HTTP_TRANSFER_ENCODING'] = 'chunked'
        request.environ['wsgi.input_terminated'] = True
    return app.do_request(request, expect_errors=True)


def seen(response):
    """All of an answer but what differs between any two requests."""
    headers = sorted(
        (k.lower(), v)
        for k, v in response.headers.items()
        if k.lower() not in PER_REQUEST
    )
    body = TIME.sub(b'TIME', UUID.sub(b'UUID', response.body))
    return response.status, headers, body


def volume(**fields):
    return {'volume': {'size': 1, 'imageRef': IMAGE, **fields}}


REQUESTS = {
    'volume of image': (volume(), {}),
    'image by url': (volume(imageRef=f'http://x/v2/images/{IMAGE}'), {}),
    'image by name': (volume(imageRef=NAMED), {}),
    'image_id': ({'volume': {'size': 1, 'image_id': IMAGE}}, {}),
    'unknown image': (volume(imageRef=INVISIBLE), {}),
    'image of wrong type': (volume(imageRef=5), {}),
    'image as list': (volume(imageRef=[IMAGE]), {}),
    'empty image': (volume(imageRef=''), {}),
    'null image': (volume(imageRef=None), {}),
    'no image': ({'volume': {'size': 1}}, {}),
    'snapshot and image': (volume(snapshot_id=INVISIBLE), {}),
    'no size': ({'volume': {'imageRef': IMAGE}}, {}),
    'size of wrong type': (volume(size='big'), {}),
    'size too big': (volume(size=2**40), {}),
    'unknown volume type': (volume(volume_type='nope'), {}),
    'own hints': ({**volume(), HINTS: {'same_host': INVISIBLE}}, {}),
    'null hints': ({**volume(), HINTS: None}, {}),
    'hints of wrong type': ({**volume(), HINTS: 'x'}, {}),
    'bad hint': ({**volume(), HINTS: {'same_host': 5}}, {}),
    'forged hint': ({**volume(), HINTS: {'eic': FORGED}}, {}),
    'forged and bad hint': ({**volume(), HINTS: {'eic': FORGED, 'same_host': 5}}, {}),
    'forged legacy hint': (volume(scheduler_hints={'eic': FORGED}), {}),
    'forged legacy hint, strict': (
        volume(scheduler_hints={'eic': FORGED}),
        {'version': 'volume 3.53'},
    ),
    'unknown field': ({**volume(), 'extra': 1}, {}),
    'unknown volume field': (volume(extra=1), {}),
    'unknown volume field, strict': (volume(extra=1), {'version': 'volume 3.60'}),
    'volume is a list': ({'volume': []}, {}),
    'volume is null': ({'volume': None}, {}),
    'no volume': ({}, {}),
    'a list': ([], {}),
    'a number': (b'5', {}),
    'malformed': (b'{"volume": {', {}),
    'not utf-8': (b'{"volume": "\xff"}', {}),
    'utf-16': (json.dumps(volume()).encode('utf-16'), {}),
    'byte order mark': (b'\xef\xbb\xbf' + json.dumps(volume()).encode(), {}),
    'deeply nested': (b'[' * 50_000, {}),
    'huge number': (b'{"volume": {"size": 1' + b'0' * 5000 + b'}}', {}),
    'duplicate keys': (
        b'{"volume": {"size": 2}, "volume": {"size": 1, "imageRef": "%s"}}'
        % IMAGE.encode(),
        {},
    ),
    'surrogates': (
        b'{"volume": {"size": 1, "name": "\\ud800", "imageRef": "%s"}}'
        % IMAGE.encode(),
        {},
    ),
    'not a number': (
        b'{"volume": {"size": NaN, "imageRef": "%s"}}' % IMAGE.encode(),
        {},
    ),
    'empty body': (b'', {}),
    'no content type': (volume(), {'content_type': None}),
    'form': (volume(), {'content_type': 'application/x-www-form-urlencoded'}),
    'vendor json': (
        volume(),
        {'content_type': 'application/vnd.openstack.volume+json'},
    ),
    'json with charset': (
        volume(),
        {'content_type': 'application/json; charset=utf-8'},
    ),
    'chunked': (volume(), {'chunked': True}),
    'chunked and forged': ({**volume(), HINTS: {'eic': FORGED}}, {'chunked': True}),
    'too large': (volume(description='x' * 120_000), {}),
    'too large and chunked': (volume(description='x' * 120_000), {'chunked': True}),
    'with project id': (volume(), {'path': f'/v3/{PROJECT}/volumes'}),
    'wrong project id': (volume(), {'path': '/v3/00000000/volumes'}),
    'trailing slash': (volume(), {'path': '/v3/volumes/'}),
    'with format': (volume(), {'path': '/v3/volumes.json'}),
    'wrong path': (volume(), {'path': '/v3/volumes/x/volumes'}),
    'put': (volume(), {'method': 'PUT'}),
    **{
        f'microversion {v}': (volume(), {'version': v})
        for v in (
            'volume 3.0',
            'volume 3.27',
            'volume 3.46',
            'volume 3.47',
            'volume 3.52',
            'volume 3.53',
            'volume 3.71',
            'volume latest',
            'volume 2.0',
            'volume 9.99',
            'volume x',
            'latest',
            'compute 2.90',
            'compute 2.90, volume 3.60',
        )
    },
}


@pytest.fixture(autouse=True)
def _quick_budget(filtered_app, glance, scheduled):
    """Every test here uses the stub and the recorder."""


@pytest.mark.parametrize('name', REQUESTS)
def test_the_answer_is_that_of_cinder_alone(name, plain_app, filtered_app, scheduled):
    body, how = REQUESTS[name]
    alone = seen(send(plain_app, body, **how))
    without_filter = len(scheduled.requests)
    behind = seen(send(filtered_app, body, **how))
    assert behind == alone
    assert len(scheduled.requests) == 2 * without_filter


def test_the_comparison_is_not_of_errors_alone(plain_app, scheduled):
    statuses = [
        send(plain_app, body, **how).status_int for body, how in REQUESTS.values()
    ]
    assert statuses.count(202) > 20
    assert {400, 404, 413, 415, 406} <= set(statuses)


@pytest.mark.parametrize('glance_does', ['500', '403', 'nonsense', 'empty', 'html'])
@pytest.mark.parametrize(
    'name', ['volume of image', 'unknown image', 'malformed', 'forged hint']
)
def test_the_answer_is_that_of_cinder_alone_when_locations_fail(
    name, glance_does, plain_app, filtered_app, glance, scheduled
):
    glance.locations_status = int(glance_does) if glance_does.isdigit() else 200
    glance.locations_body = {
        'nonsense': [{'url': 7}, 'x'],
        'empty': b'[]',
        'html': b'<html>',
    }.get(glance_does)
    body, how = REQUESTS[name]
    assert seen(send(filtered_app, body, **how)) == seen(send(plain_app, body, **how))
    assert all(
        'eic' not in request['filter_properties'].get('scheduler_hints', {})
        for request in scheduled.requests[:1]
    )


def test_an_image_in_a_cinder_volume_adds_nothing_to_the_hint(
    filtered_app, glance, scheduled
):
    """Where the volume is, stands in a database that the API plane leaves alone."""
    at_cinder = {'url': f'cinder://store/{INVISIBLE}', 'metadata': {}}
    glance.locations_body = [at_cinder]
    assert send(filtered_app, volume()).status_int == 202
    assert 'eic' not in (scheduled.last_hints() or {})
    glance.locations_body = [at_cinder, *locations()]
    assert send(filtered_app, volume()).status_int == 202
    assert scheduled.last_hints()['eic'] == COPIES


def test_a_glance_too_slow_for_the_budget_costs_the_hint_alone(
    plain_app, filtered_app, glance, scheduled, monkeypatch
):
    monkeypatch.setattr(
        'eic_plugins.middleware.copies.CopyLookup.copies', _with_budget(0.01)
    )
    glance.answer_locations.clear()
    assert seen(send(filtered_app, volume())) == seen(send(plain_app, volume()))
    assert 'scheduler_hints' not in scheduled.requests[0]['filter_properties']


def _with_budget(seconds):
    original = CopyLookup.copies
    return lambda lookup, image_id, _budget, owner: original(
        lookup, image_id, seconds, owner
    )


def test_the_scheduler_learns_where_the_image_is(filtered_app, scheduled):
    assert send(filtered_app, volume()).status_int == 202
    assert scheduled.last_hints() == {'eic': COPIES}


@pytest.mark.parametrize(
    'name',
    [
        'chunked',
        'with project id',
        'with format',
        'vendor json',
        'json with charset',
        'image_id',
        'image by url',
        'microversion volume latest',
    ],
)
def test_the_hint_is_added_in_every_form_of_the_request(name, filtered_app, scheduled):
    body, how = REQUESTS[name]
    assert send(filtered_app, body, **how).status_int == 202
    assert scheduled.last_hints() == {'eic': COPIES}


def test_images_that_do_not_exist_keep_nobody_else_waiting(
    filtered_app, glance, scheduled, monkeypatch
):
    """A user who asks for many of them is no outage of Glance."""
    monkeypatch.setattr(
        'eic_plugins.support.breaker.CircuitBreaker.failed',
        lambda _self: pytest.fail('counted as a failure of Glance'),
    )
    for _ in range(5):
        send(filtered_app, volume(imageRef=INVISIBLE))
    assert f'/v2/images/{INVISIBLE}/locations' in glance.asked
    send(filtered_app, volume())
    assert scheduled.last_hints() == {'eic': COPIES}


def test_the_users_own_hints_are_kept(filtered_app, scheduled):
    send(filtered_app, {**volume(), HINTS: {'same_host': INVISIBLE}})
    assert scheduled.last_hints() == {'same_host': INVISIBLE, 'eic': COPIES}


def test_legacy_hints_are_kept_and_not_hidden(filtered_app, scheduled):
    hints = {'same_host': INVISIBLE, 'eic': FORGED}
    send(filtered_app, volume(scheduler_hints=hints))
    assert scheduled.last_hints() == {'same_host': INVISIBLE}


@pytest.mark.parametrize(
    'name', ['forged hint', 'chunked and forged', 'forged legacy hint']
)
def test_a_users_own_eic_hint_is_dropped(name, filtered_app, glance, scheduled):
    glance.locations_status = 500
    body, how = REQUESTS[name]
    send(filtered_app, body, **how)
    assert 'eic' not in (scheduled.last_hints() or {})


def test_a_forged_hint_without_an_image_is_dropped(filtered_app, scheduled):
    send(filtered_app, {'volume': {'size': 1}, HINTS: {'eic': FORGED}})
    assert not scheduled.last_hints()


def test_without_the_filter_a_forged_hint_reaches_the_scheduler(plain_app, scheduled):
    """The comparison above would be empty if it did not."""
    send(plain_app, {**volume(), HINTS: {'eic': FORGED}})
    assert scheduled.last_hints() == {'eic': FORGED}


@pytest.mark.parametrize('name', REQUESTS)
def test_no_answer_shows_a_location(name, filtered_app):
    body, how = REQUESTS[name]
    answer = send(filtered_app, body, **how)
    shown = answer.body.decode(errors='replace') + str(answer.headers)
    assert SECRET_PATH not in shown
    assert '127.0.11.2' not in shown


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('GET', '/v3/volumes'),
        ('GET', '/v3/volumes/detail'),
        ('GET', '/v3'),
        ('GET', f'/v3/volumes/{INVISIBLE}'),
        ('DELETE', f'/v3/volumes/{INVISIBLE}'),
        ('POST', f'/v3/volumes/{INVISIBLE}/action'),
        ('POST', '/v3/snapshots'),
        ('GET', '/'),
        ('GET', '/healthcheck'),
        ('GET', '/nowhere'),
    ],
)
def test_other_requests_are_not_looked_at(
    method, path, plain_app, filtered_app, glance
):
    body = {} if method == 'POST' else b''
    how = {'method': method, 'path': path}
    assert seen(send(filtered_app, body, **how)) == seen(send(plain_app, body, **how))
    assert glance.asked == []
