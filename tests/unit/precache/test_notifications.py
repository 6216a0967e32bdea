"""Glance's notifications, over oslo.messaging's bus in memory."""

import queue
from collections.abc import Iterator
from typing import Any

import oslo_messaging
import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.precache import notifications
from tests.unit.factories import IMAGE_ID

LISTENER = oslo_messaging.get_notification_listener


@pytest.fixture
def conf() -> Any:
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    # The fake driver has a bus for each transport_url and process.
    made.set_override('notification_transport_url', 'fake://', 'eic')
    return made


class Glance:
    """Sends what Glance sends; waits for those that listen."""

    def __init__(self) -> None:
        self.listening = queue.Queue()
        self.servers = []

    def listener(self, transport: Any, *arguments: Any, **keywords: Any) -> Any:
        made = LISTENER(transport, *arguments, **keywords)
        start = made.start
        made.start = lambda: (start(), self.listening.put((transport, made)))
        return made

    def has_listeners(self, count: Any = 1) -> None:
        for _ in range(count):
            self.transport, server = self.listening.get(timeout=10)
            self.servers.append(server)

    def notify(self, event_type: Any, payload: Any) -> None:
        self.transport._driver._exchange_manager._default_exchange = 'glance'
        oslo_messaging.Notifier(
            self.transport,
            'image.host',
            driver='messagingv2',
        ).info({}, event_type, payload)


@pytest.fixture
def glance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made = Glance()
    monkeypatch.setattr(oslo_messaging, 'get_notification_listener', made.listener)
    yield made
    for server in made.servers:
        server.stop()
        server.wait()


@pytest.mark.parametrize('event', ['activate', 'update', 'upload', 'delete'])
def test_a_change_of_an_image_has_it_looked_at(
    conf: Any, glance: Glance, event: str
) -> None:
    seen = queue.Queue()
    notifications.listen(conf, 'host@gold', seen.put)
    glance.has_listeners()
    glance.notify(f'image.{event}', {'id': IMAGE_ID, 'status': 'active'})
    assert seen.get(timeout=10) == IMAGE_ID


def test_what_is_no_change_of_an_image_is_passed_over(
    conf: Any, glance: Glance
) -> None:
    seen = queue.Queue()
    notifications.listen(conf, 'host@gold', seen.put)
    glance.has_listeners()
    for event, payload in (
        ('image.send', {'id': IMAGE_ID}),
        ('image.member.update', {'id': IMAGE_ID}),
        ('task.success', {'id': IMAGE_ID}),
        ('image.update', 'text'),
        ('image.update', {'id': '../x'}),
        ('image.update', {'id': 7}),
        ('image.update', {}),
    ):
        glance.notify(event, payload)
    other = IMAGE_ID.replace('2f0b', '3f0b')
    glance.notify('image.update', {'id': other})
    assert seen.get(timeout=10) == other
    assert seen.empty()


def test_each_backend_gets_its_own_copy(conf: Any, glance: Glance) -> None:
    seen = {host: queue.Queue() for host in ('host@gold', 'host@silver')}
    for host, heard in seen.items():
        notifications.listen(conf, host, heard.put)
    glance.has_listeners(2)
    glance.notify('image.update', {'id': IMAGE_ID})
    assert [heard.get(timeout=10) for heard in seen.values()] == [IMAGE_ID] * 2


def test_a_bus_that_is_wrongly_configured_costs_the_notifications_alone(
    conf: Any, caplog: pytest.LogCaptureFixture
) -> None:
    conf.set_override('notification_transport_url', 'nonsense://', 'eic')
    notifications._start(conf, 'host@gold', print)
    assert 'does not hear' in caplog.text
