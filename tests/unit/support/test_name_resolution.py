"""Equal addresses are equal, however they are written."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from eic_plugins.support import name_resolution as servers
from eic_plugins.support.name_resolution import addresses, canonical


@pytest.mark.parametrize(
    ('written', 'form'),
    [
        ('FD00:0:0::0011', 'fd00::11'),
        ('fd00::11', 'fd00::11'),
        ('192.0.2.11', '192.0.2.11'),
        ('no address', 'no address'),
    ],
)
def test_an_address_has_one_form(written: str, form: str) -> None:
    assert canonical(written) == form


def test_a_literal_address_is_its_own_address() -> None:
    assert addresses('FD00:0:0::0011') == ('fd00::11',)
    assert addresses('192.0.2.11') == ('192.0.2.11',)


@pytest.mark.parametrize('name', ['a' * 64 + '.example.org', 'a..b'])
def test_what_dns_cannot_hold_resolves_to_nothing(name: str) -> None:
    """The resolver raises UnicodeError for these, which is no OSError."""
    assert addresses(name) == (name,)


class NameServer:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked = []
        self.answers = threading.Event()

    def __call__(self, name: Any, *_args: Any, **_how: Any) -> Any:
        self.asked.append(name)
        assert self.answers.wait(20)
        if name == 'unknown':
            raise socket.gaierror
        return [(2, 1, 6, '', ('192.0.2.7', 0)), (2, 1, 6, '', ('192.0.2.7', 0))]


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    remote = NameServer()
    monkeypatch.setattr(socket, 'getaddrinfo', remote)
    monkeypatch.setattr(servers, 'RESOLVER', servers.Resolver())
    yield remote
    remote.answers.set()


def test_an_address_asks_no_name_server(name_server: NameServer) -> None:
    assert addresses('192.0.2.11') == ('192.0.2.11',)
    assert addresses('fd00::0011') == ('fd00::11',)
    assert name_server.asked == []


def test_what_a_name_server_says_is_remembered(name_server: NameServer) -> None:
    name_server.answers.set()
    for _ in range(3):
        assert addresses('nfs') == ('192.0.2.7',)
        assert addresses('unknown') == ('unknown',)
    assert sorted(name_server.asked) == ['nfs', 'unknown']


def test_a_deaf_name_server_is_waited_for_once(name_server: NameServer) -> None:
    """Nothing would end these waits but their budget: the first one's is short,
    and the others find it spent.
    """
    assert addresses('nfs', 0.05) == ('nfs',)
    for _ in range(100):
        assert addresses('nfs', 0.05) == ('nfs',)
    assert name_server.asked == ['nfs']


def test_a_late_answer_is_there_for_the_next(name_server: NameServer) -> None:
    assert addresses('nfs', 0.01) == ('nfs',)
    name_server.answers.set()
    assert servers.RESOLVER._asked['nfs'][1].wait(20) == ('192.0.2.7',)
    assert addresses('nfs', 0.01) == ('192.0.2.7',)
    assert name_server.asked == ['nfs']


def test_names_without_end_take_no_threads_without_end(name_server: NameServer) -> None:
    for number in range(50):
        addresses(f'nfs-{number}', 0.001)
    assert len(name_server.asked) <= 8
