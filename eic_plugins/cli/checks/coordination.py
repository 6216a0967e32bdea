"""Checks of [coordination]: whether locks reach every host of a backend."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from eic_plugins.cli.checks.credentials import no_credentials
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, failure, warning

_OPTION = 'backend_url'
_KNOWN = {
    'etcd3+http': 2379,
    'etcd3+https': 2379,
    'redis': 6379,
    'rediss': 6379,
    'zookeeper': 2181,
    'kazoo': 2181,
    'memcached': 11211,
    'mysql': 3306,
    'postgresql': 5432,
    'kubernetes': 0,
    'file': 0,
    'ipc': 0,
}
_LOCAL = {'file', 'ipc'}
_UNNOTICED = {'mysql', 'postgresql'}
"""Of these tooz cannot tell whether a lock is still held."""
_LEASED = {'etcd3+http', 'etcd3+https', 'redis', 'rediss'}
_SHORTEST_LEASE = 10
_TIMEOUT = 3.0


def coordination_backend(facts: Facts) -> Iterator[Finding]:
    """[coordination] backend_url names a backend that tooz has."""
    scheme = _url(facts).scheme
    if scheme not in _KNOWN:
        yield failure(
            f'[coordination] backend_url has the scheme {scheme or "none"}, which '
            'tooz does not have: cinder-volume does not start',
            remedy='set backend_url in [coordination] to etcd3+http://HOST:2379, '
            'redis://HOST:6379 or another backend of tooz',
        )
    elif scheme == 'memcached':
        yield warning(
            'locks in memcached are lost when it runs out of memory or restarts',
            remedy='use etcd or Redis for [coordination] backend_url',
        )
    elif scheme in _UNNOTICED:
        yield warning(
            f'a lock in {scheme} that ends with its connection is lost unnoticed: '
            'then two hosts make the same cached image, and the later one replaces '
            "the other one's",
            remedy='use etcd or Redis for [coordination] backend_url',
        )
    yield from _lease(_url(facts))


def _lease(url: SplitResult) -> Iterator[Finding]:
    """A lease that is too short is lost by a host that is only busy."""
    options = parse_qs(url.query)
    lease = (options.get('lock_timeout') or options.get('timeout') or ['30'])[-1]
    if url.scheme not in _LEASED or not lease.isdigit():
        return
    if int(lease) < _SHORTEST_LEASE:
        yield warning(
            f'locks end after {lease} s without a heartbeat: a host that stands still '
            'for a moment loses them, and makes cached images for nothing',
            remedy='set lock_timeout=30 in the query of [coordination] backend_url',
        )


def coordination_reaches_all(facts: Facts) -> Iterator[Finding]:
    """Locks reach all hosts: where several share a backend, they are not files."""
    if _url(facts).scheme not in _LOCAL:
        return
    who = _shared(facts)
    if who:
        yield failure(
            f'{who}, so that several hosts share a backend, and [coordination] '
            'backend_url is of this host alone: simultaneous first volumes of an '
            'image disturb each other and are downloaded',
            remedy='set backend_url in [coordination] to one that all hosts of '
            'cinder-volume share, such as etcd3+http://HOST:2379',
        )


def coordination_reachable(facts: Facts) -> Iterator[Finding]:
    """The backend of the locks can be reached, or written to."""
    url = _url(facts)
    if url.scheme not in _KNOWN:
        raise NotSeenError('tooz has no such backend', 'see coordination-backend')
    if url.scheme == 'file':
        yield from _directory(facts, Path(url.path))
        return
    port = url.port or _KNOWN.get(url.scheme, 0)
    if not url.hostname or not port:
        return
    try:
        socket.create_connection((url.hostname, port), _TIMEOUT).close()
    except OSError as err:
        yield failure(
            f'the backend of [coordination] at {url.hostname}:{port} cannot be '
            f'reached: {err.strerror or type(err).__name__}',
            remedy='start it, or correct backend_url in [coordination]',
        )


def _shared(facts: Facts) -> str:
    """Why several hosts share a backend; '' if they do not."""
    if facts.cinder.get('cluster'):
        return 'there is a cluster'
    for backend in facts.eic_backends:
        if backend.get('backend_host'):
            return f'[{backend.name}] has a backend_host'
    no_credentials(facts.cinder)
    for backend in facts.eic_backends:
        found = [host.partition('@') for host in facts.volume_hosts]
        hosts = sorted({host for host, _, name in found if name == backend.name})
        if len(hosts) > 1:
            return f'[{backend.name}] is on {" and ".join(hosts)}'
    return ''


def _directory(facts: Facts, path: Path) -> Iterator[Finding]:
    try:
        status = path.stat()
    except PermissionError as err:
        raise NotSeenError(f'{path} cannot be seen by this user') from err
    except OSError as err:
        yield failure(
            f'the directory of the locks, {path}, cannot be used: {err.strerror}',
            remedy=f'mkdir -p {path}, and give it to the user of cinder-volume',
        )
        return
    account = facts.account('cinder')
    if not account.may(status, 7):
        yield failure(
            f'the user {account.name} may not write to {path}, where the locks are',
            remedy=f'chown {account.name} {path}',
        )


def _url(facts: Facts) -> SplitResult:
    text = facts.cinder.get(_OPTION, 'coordination')
    try:
        found = urlsplit(text)
        found.port  # noqa: B018 - the property is what validates the port
    except ValueError as err:
        raise NotSeenError('[coordination] backend_url is no URL') from err
    return found
