"""Locks over Cinder's coordination on each backend that the manual names, as hosts
see them that are stopped, killed, or lose their backend.

By default leases take two seconds, and hosts bear with a backend for four. The
hosts of etcd have eventlet's greenthreads, as cinder-volume has by default, those of
Redis have threads. With ``EIC_LOCK_TABLE=1`` (``make tables``) both have both, leases
and patience are the product's own.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.lock_backends import Backend, Etcd, Redis, running
from tests.contract.lock_host import SIZE, Host, Options
from tests.unit.factories import image

ALL = os.environ.get('EIC_LOCK_TABLE') == '1'
LEASE = 0 if ALL else 2
LEASE_SECONDS = LEASE or 30
"""tooz's own, if nothing is said."""
ANSWER, PATIENCE = (0, 0) if ALL else (1, 4)
ANSWER_SECONDS, PATIENCE_SECONDS = (5, 15) if ALL else (ANSWER, PATIENCE)
SLACK = 3.0
"""What a busy machine may take."""
SHORT = 1.0
KINDS = {'etcd': Etcd, 'redis': Redis}
THREADS = ('greenthreads', 'threads')
CASES = (
    [*itertools.product(KINDS, THREADS)]
    if ALL
    else [('etcd', THREADS[0]), ('redis', THREADS[1])]
)
thorough = pytest.mark.skipif(not ALL, reason='takes long: EIC_LOCK_TABLE=1')
NAME = 'eic-a-lock'
CACHED = image(size=SIZE).cached_name


@pytest.fixture(scope='module', params=CASES, ids='-'.join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture(scope='module')
def backend(
    case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    directory = tmp_path_factory.mktemp('backend')
    with running(KINDS[case[0]], directory, LEASE) as found:
        yield found


@pytest.fixture(scope='module')
def eventlet(case: tuple[str, str]) -> bool:
    return case[1] == 'greenthreads'


@pytest.fixture(scope='module')
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('share')


class Hosts:
    """Two hosts, and who takes the place of one that was killed."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._hosts = [Host(options), Host(options)]
        for host in self._hosts:
            assert host.says()['said'] == 'ready'

    @property
    def both(self) -> tuple[Host, Host]:
        one, other = self._hosts
        return one, other

    def replace(self, host: Host) -> None:
        host.kill()
        index = self._hosts.index(host)
        self._hosts[index] = Host(self._options)
        assert self._hosts[index].says()['said'] == 'ready'

    def kill(self) -> None:
        for host in self._hosts:
            host.kill()


@pytest.fixture(scope='module')
def hosts(backend: Backend, eventlet: bool, share: Path) -> Iterator[Hosts]:
    found = Hosts(Options(backend.url, str(share), eventlet, ANSWER, PATIENCE))
    yield found
    found.kill()


@pytest.fixture
def one(hosts: Hosts, share: Path) -> Host:
    for path in share.iterdir():
        path.unlink()
    return hosts.both[0]


@pytest.fixture
def other(hosts: Hosts) -> Host:
    return hosts.both[1]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A lock that no other test has left to its lease."""
    return f'{NAME}-{request.node.name}'.replace('[', '-').replace(']', '-')


def eventually(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def content(share: Path) -> str:
    """The letter that the cached image is made of; '' if there is none."""
    files = {path.name for path in share.iterdir()}
    assert not [name for name in files if name.startswith('eic-fill-')]
    if CACHED not in files:
        return ''
    (letter,) = set((share / CACHED).read_bytes())
    return chr(letter)


def lose(host: Host) -> None:
    """Have the host stand still until its lease is over."""
    host.pause()
    time.sleep(LEASE_SECONDS + 1.5)
    host.resume()


def test_one_at_a_time(one: Host, other: Host, share: Path, name: str) -> None:
    (share / 'number').write_text('0')
    for host in (one, other):
        host.hears('count', name, 4, 10)
    assert {one.says()['said'], other.says()['said']} == {'counted'}
    assert (share / 'number').read_text() == '20'


def test_a_wait_ends_when_it_should(one: Host, other: Host, name: str) -> None:
    assert one.asked('hold', name, 5)['said'] == 'held'
    at_once = other.asked('hold', name, 5, False)
    in_time = other.asked('hold', name, SHORT)
    assert at_once['said'] == in_time['said'] == 'LockTimeoutError'
    assert at_once['after'] < SHORT
    assert SHORT <= in_time['after'] < SHORT + 1
    other.hears('hold', name, 10)
    time.sleep(0.3)
    assert one.asked('release')['said'] == 'released'
    assert other.says()['after'] < 1.5
    assert other.asked('release') == {
        'said': 'released',
        'after': 0,
        'detail': '',
        'log': '',
    }


@thorough
def test_a_holder_that_lives_keeps_its_lock(one: Host, other: Host, name: str) -> None:
    one.asked('hold', name, 5)
    waited = other.asked('hold', name, LEASE_SECONDS + 1)
    assert waited['said'] == 'LockTimeoutError'
    assert one.asked('release')['log'] == ''


def test_the_lock_of_a_killed_holder_is_free_after_its_lease(
    hosts: Hosts, one: Host, other: Host, name: str
) -> None:
    assert one.asked('hold', name, 5)['said'] == 'held'
    hosts.replace(one)
    found = other.asked('hold', name, LEASE_SECONDS + SLACK)
    assert found['said'] == 'held'
    other.asked('release')


def test_who_has_lost_the_lock_to_another_publishes_nothing(
    one: Host, other: Host, share: Path
) -> None:
    assert one.asked('ensure', 'a')['said'] == 'filling'
    one.pause()
    assert other.asked('ensure', 'b', LEASE_SECONDS * 2)['said'] == 'filling'
    one.resume()
    one.hears('go')
    # It waits for the other one now.
    time.sleep(0.5)
    assert other.asked('go') == {'said': 'made', 'after': 0, 'detail': '', 'log': ''}
    found = one.says()
    assert found['said'] == 'found'
    assert 'is held by another' in found['log']
    assert content(share) == 'b'


@thorough
def test_who_has_lost_the_lock_to_one_who_has_published_uses_that(
    one: Host, other: Host, share: Path
) -> None:
    assert one.asked('ensure', 'a')['said'] == 'filling'
    one.pause()
    assert other.asked('ensure', 'b', LEASE_SECONDS * 2)['said'] == 'filling'
    assert other.asked('go')['said'] == 'made'
    one.resume()
    assert one.asked('go')['said'] == 'found'
    assert content(share) == 'b'


def test_a_lost_lock_that_nobody_wanted_is_taken_again(one: Host, share: Path) -> None:
    assert one.asked('ensure', 'a')['said'] == 'filling'
    lose(one)
    made = one.asked('go')
    assert made['said'] == 'made'
    assert 'was lost, and is held again' in made['log']
    assert content(share) == 'a'


@thorough
def test_greenthreads_that_stand_still_lose_the_lock(
    one: Host, eventlet: bool, share: Path
) -> None:
    """The heartbeats stand still with them; native threads go on."""
    assert one.asked('ensure', 'a')['said'] == 'filling'
    made = one.asked('go', LEASE_SECONDS + 1.5)
    assert made['said'] == 'made'
    assert ('was lost, and is held again' in made['log']) == eventlet
    assert content(share) == 'a'


@thorough
def test_a_release_of_what_was_lost_takes_it_from_nobody(
    one: Host, other: Host, name: str
) -> None:
    one.asked('hold', name, 5)
    one.pause()
    assert other.asked('hold', name, LEASE_SECONDS * 2)['said'] == 'held'
    one.resume()
    assert 'was lost before' in one.asked('release')['log']
    assert one.asked('hold', name, 0, False)['said'] == 'LockTimeoutError'
    assert other.asked('release')['log'] == ''


def test_a_backend_that_is_restarted_costs_no_fill(
    backend: Backend, one: Host, other: Host, share: Path
) -> None:
    assert one.asked('ensure', 'a')['said'] == 'filling'
    backend.stop()
    other.hears('ensure', 'b')
    backend.start()
    time.sleep(0.2)
    one.hears('go')
    # Redis has forgotten who has the lock: whoever is faster.
    if (said := other.says())['said'] == 'filling':
        said = other.asked('go')
    assert {said['said'], one.says()['said']} == {'made', 'found'}
    assert content(share) in {'a', 'b'}


def test_without_its_backend_nothing_is_published(
    backend: Backend, one: Host, other: Host, share: Path
) -> None:
    assert one.asked('ensure', 'a')['said'] == 'filling'
    backend.stop()
    try:
        one.hears('go')
        waited = other.asked('hold', NAME, 60)
        at_once = other.asked('hold', NAME, 60, False)
        failed = one.says()
    finally:
        backend.start()
    assert (
        waited['said'] == at_once['said'] == failed['said'] == 'LocksUnavailableError'
    )
    assert waited['after'] < PATIENCE_SECONDS + ANSWER_SECONDS + SLACK
    assert at_once['after'] < ANSWER_SECONDS + 1
    assert content(share) == ''


@thorough
def test_a_backend_that_stands_still_is_not_waited_for(
    backend: Backend, other: Host, name: str
) -> None:
    backend.pause()
    try:
        waited = other.asked('hold', name, 60)
        at_once = other.asked('hold', name, 60, False)
    finally:
        backend.resume()
    assert waited['said'] == at_once['said'] == 'LocksUnavailableError'
    assert waited['after'] < PATIENCE_SECONDS + ANSWER_SECONDS + SLACK
    assert at_once['after'] < ANSWER_SECONDS + 1
    # What came of the questions that were given up is given back, or ends.
    assert other.asked('hold', name, LEASE_SECONDS + SLACK)['said'] == 'held'
    other.asked('release')


def test_a_lock_that_could_not_be_released_ends_with_its_lease(
    backend: Backend, one: Host, other: Host, name: str
) -> None:
    assert one.asked('hold', name, 5)['said'] == 'held'
    backend.stop()
    try:
        assert f'Lock {name} was' in one.asked('release')['log']
    finally:
        backend.start()
    found = other.asked('hold', name, LEASE_SECONDS * 2 + SLACK)
    assert found['said'] == 'held'
    other.asked('release')
