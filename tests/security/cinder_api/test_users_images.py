"""What somebody's images are like costs nobody else a hint."""

import threading

import pytest

from tests.functional.conftest import load_app
from tests.functional.glance_stub import IMAGE, locations
from tests.functional.test_cinder_filter import COPIES, send, volume

ATTACKER = 'f' * 32
ODD = {
    'metadata in words': [{'url': 'file:///a', 'metadata': 'text'}],
    'metadata as a list': [{'url': 'file:///a', 'metadata': [1]}],
    'metadata of other types': [
        {
            'url': 'file:///a',
            'metadata': {'share_location': 5, 'mountpoint': [], 'type': {}},
        }
    ],
    'lone surrogates': [
        {'url': 'nfs://h/\ud800', 'metadata': {}},
        {'url': 'nfs://\udfff/a', 'metadata': {}},
    ],
    'brackets': [
        {'url': 'nfs://[', 'metadata': {}},
        {'url': 'nfs://[::1', 'metadata': {}},
    ],
    'a name without end': [{'url': f'nfs://{"a" * 70000}/b', 'metadata': {}}],
    'a share that is no URL': [
        {
            'url': 'file:///a/b',
            'metadata': {
                'share_location': 'nfs://[',
                'mountpoint': '/a',
                'type': 'nfs',
            },
        }
    ],
}


@pytest.mark.parametrize('name', ODD)
def test_an_odd_location_is_no_failure_of_glance(
    name, filtered_app, glance, scheduled, failures
):
    glance.locations_body = ODD[name]
    assert send(filtered_app, volume()).status_int == 202
    assert 'eic' not in (scheduled.last_hints() or {})
    assert failures == []


@pytest.mark.parametrize('name', ODD)
def test_a_good_location_beside_an_odd_one_is_used(
    name, filtered_app, glance, scheduled
):
    glance.locations_body = [*ODD[name], *locations()]
    send(filtered_app, volume())
    assert scheduled.last_hints() == {'eic': COPIES}


@pytest.mark.parametrize('status', [400, 404, 409, 413])
def test_what_glance_refuses_is_no_failure_of_glance(
    status, filtered_app, glance, scheduled, failures
):
    glance.locations_status, glance.locations_body = status, {'a': {'b': 'c'}}
    assert send(filtered_app, volume()).status_int == 202
    assert failures == []


@pytest.mark.parametrize('status', [401, 429, 500, 502, 503, 504])
def test_what_glance_cannot_do_is(status, filtered_app, glance, scheduled, failures):
    glance.locations_status, glance.locations_body = status, {'a': {'b': 'c'}}
    assert send(filtered_app, volume()).status_int == 202
    assert len(failures) == 1


def app_with(cinder_conf, name, **options):
    """Cinder behind a filter with these options."""
    return load_app(
        cinder_conf,
        name,
        lambda pipeline: pipeline.replace('authtoken keystonecontext', 'noauth'),
        options,
    )


def test_what_glance_fails_at_is_its_projects_trouble_alone(
    cinder_conf, glance, scheduled, failures
):
    touchy = app_with(cinder_conf, 'touchy', breaker_failures=2)
    glance.locations_status = 500
    for _ in range(4):
        send(touchy, volume(), project=ATTACKER)
    assert len(failures) == 2
    glance.locations_status = 200
    send(touchy, volume(), project=ATTACKER)
    assert 'eic' not in (scheduled.last_hints() or {})
    send(touchy, volume())
    assert scheduled.last_hints() == {'eic': COPIES}


def test_slow_images_of_one_project_take_nobody_elses_threads(
    cinder_conf, glance, scheduled, monkeypatch
):
    """What is slow stays under way until the end of the test."""
    asked, slow = [], threading.Event()

    def find(_finder, image_id):
        asked.append(image_id)
        slow.wait(20)
        return ()

    monkeypatch.setattr('eic_plugins.middleware.copies.CopiesInGlance.find', find)
    hasty = app_with(cinder_conf, 'hasty', filter_budget=0.05)
    theirs = [f'{number:08d}-2222-4333-8444-555555555555' for number in range(8)]
    for image_id in theirs:
        send(hasty, volume(imageRef=image_id), project=ATTACKER)
    send(hasty, volume())
    slow.set()
    assert asked == [*theirs[:2], IMAGE]
