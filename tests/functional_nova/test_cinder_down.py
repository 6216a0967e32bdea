"""What nova-api can fail at for a boot from a volume, and for no other one.

Nova's own client of Cinder, against a Cinder that fails in every way.
"""

import pytest
from nova import objects
from nova.conductor import api as conductor
from nova.context import get_admin_context
from nova.db.api import api as api_db
from nova.db.api import models
from nova.volume import cinder
from oslo_config import cfg
from oslo_db import exception as db_exception
from oslo_messaging import exceptions as messaging

from tests.functional_nova.cinder_stub import CinderStub
from tests.functional_nova.conftest import load_app
from tests.functional_nova.release import reset_session
from tests.functional_nova.requests import HEADER, seen, send, server

VOLUME_TYPES = cinder.API.get_all_volume_types
LOCAL = [('image', 'local', None, True, None)]
VOLUME = [('image', 'volume', 10, True, 'fast')]
FAILS = [
    400,
    401,
    404,
    405,
    409,
    413,
    422,
    429,
    500,
    501,
    502,
    503,
    504,
    'hangs up',
    'is silent',
]


@pytest.fixture
def stub_cinder(glance, monkeypatch):
    """Nova asks it, as it is configured."""
    stub = CinderStub()
    monkeypatch.setattr(cinder.API, 'get_all_volume_types', VOLUME_TYPES)
    with stub.serve() as url:
        configure(f'{url}/v3/%(project_id)s')
        yield stub
    for name in ('endpoint_template', 'http_retries', 'timeout', 'catalog_info'):
        cfg.CONF.clear_override(name, 'cinder')
    reset_session()


def configure(endpoint, **options):
    reset_session()
    for name, value in {
        'endpoint_template': endpoint,
        'http_retries': 0,
        'timeout': 1,
        **options,
    }.items():
        cfg.CONF.set_override(name, value, 'cinder')


def records():
    """What nova-api has written of servers."""
    with api_db.context_manager.reader.using(get_admin_context()) as session:
        return [
            getattr(session, 'session', session).query(model).count()
            for model in (
                models.BuildRequest,
                models.RequestSpec,
                models.InstanceMapping,
            )
        ]


def test_with_cinder_there_it_is_a_boot_from_a_volume(filtered_app, built, stub_cinder):
    """Otherwise nothing below would say anything."""
    answer = send(filtered_app, server())
    assert answer.headers[HEADER] == 'rewritten; reason=flavor'
    assert built.devices() == VOLUME
    assert stub_cinder.asked == 1


@pytest.mark.parametrize('fails', FAILS)
def test_a_cinder_that_fails_costs_the_volume_alone(
    fails, plain_app, filtered_app, built, stub_cinder
):
    alone = seen(send(plain_app, server()))
    assert alone[0].startswith('202')
    stub_cinder.answers = [fails]
    behind = send(filtered_app, server())
    assert seen(behind) == alone
    assert behind.headers[HEADER] == 'left; reason=cinder_failed'
    assert (stub_cinder.asked, len(built.calls)) == (1, 2)
    assert built.devices() == LOCAL


def test_what_cinder_forbids_nova_forbids(plain_app, filtered_app, built, stub_cinder):
    alone = seen(send(plain_app, server()))
    stub_cinder.answers = [403]
    behind = send(filtered_app, server())
    assert seen(behind) == alone
    assert behind.headers[HEADER] == 'left; reason=refused_by_nova'
    assert built.devices() == LOCAL


@pytest.mark.parametrize(
    ('endpoint', 'options'),
    [
        ('http://127.0.0.1:1/v3', {}),
        ('http://no-such-host.invalid/v3', {}),
        ('http://127.0.0.1:1/v2', {}),
        (None, {}),
        (None, {'catalog_info': 'image::publicURL'}),
        (None, {'catalog_info': 'nothing:of:that'}),
    ],
)
def test_a_cinder_that_is_not_there_costs_the_volume_alone(
    endpoint, options, plain_app, filtered_app, built, stub_cinder
):
    configure(endpoint, **options)
    alone = seen(send(plain_app, server()))
    behind = send(filtered_app, server())
    assert seen(behind) == alone
    assert alone[0].startswith('202')
    assert behind.headers[HEADER] == 'left; reason=cinder_failed'
    assert built.devices() == LOCAL


def test_what_was_written_for_the_first_of_several_is_taken_back(
    filtered_app, built, stub_cinder
):
    """Nova asks Cinder once for each server."""
    before = records()
    stub_cinder.answers = [200, 503]
    answer = send(filtered_app, server(min_count=2))
    assert answer.headers[HEADER] == 'left; reason=cinder_failed'
    assert answer.status_int == 202
    assert (stub_cinder.asked, len(built.calls)) == (2, 1)
    assert [
        after - earlier for after, earlier in zip(records(), before, strict=True)
    ] == [2, 2, 2]
    assert built.devices() == LOCAL


def test_an_answer_that_is_none_of_cinder_is_not_told_from_an_error_of_nova(
    filtered_app, built, stub_cinder
):
    """A TypeError: Nova may raise one behind the writing as well."""
    stub_cinder.answers = ['speaks html']
    answer = send(filtered_app, server())
    assert answer.status_int == 500
    assert answer.headers[HEADER] == 'rewritten; reason=flavor'
    assert built.calls == []


@pytest.mark.parametrize(
    'error',
    [
        messaging.MessageDeliveryFailure('the bus is down'),
        messaging.MessagingTimeout(),
        TypeError('an error of ours'),
    ],
)
def test_what_may_have_created_a_server_is_not_repeated(
    error, filtered_app, stub_cinder, monkeypatch
):
    sent, before = [], records()

    def fail(_api, _context, **kwargs):
        sent.append(kwargs)
        raise error

    monkeypatch.setattr(conductor.ComputeTaskAPI, 'schedule_and_build_instances', fail)
    answer = send(filtered_app, server())
    assert answer.status_int == 500
    assert answer.headers[HEADER] == 'rewritten; reason=flavor'
    assert len(sent) == 1
    assert [
        after - earlier for after, earlier in zip(records(), before, strict=True)
    ] == [1, 1, 1]


def test_a_database_that_fails_is_novas_own_trouble(
    plain_app, filtered_app, stub_cinder, monkeypatch
):
    calls = []

    def fail(*_args):
        calls.append(1)
        raise db_exception.DBConnectionError

    monkeypatch.setattr(objects.BuildRequest, 'create', fail)
    behind = send(filtered_app, server())
    assert len(calls) == 1
    assert behind.headers[HEADER] == 'rewritten; reason=flavor'
    assert seen(behind) == seen(send(plain_app, server()))


def test_a_cinder_that_goes_on_failing_is_not_asked_for_a_while(
    nova_conf, glance_server, built, stub_cinder
):
    touchy = load_app(
        nova_conf,
        glance_server[1],
        'cinder-down',
        lambda sample: sample.replace(
            '[filter:eic]\n', '[filter:eic]\nbreaker_failures = 2\n'
        ),
    )
    stub_cinder.answers = [500] * 9
    verdicts = [send(touchy, server()).headers[HEADER] for _ in range(5)]
    assert verdicts == ['left; reason=cinder_failed'] * 5
    assert stub_cinder.asked == 2
    assert len(built.calls) == 5
    # Below 2.67 no type can be named, and so Nova does not ask Cinder.
    older = send(touchy, server(), version='2.66')
    assert older.headers[HEADER] == 'rewritten; reason=flavor'
