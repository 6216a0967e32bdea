"""What ``eic check`` asks a cluster: what is there, and what a role allows.

Everything here reads, and nothing is remembered. What a cluster does not show,
because it is too old or the user's role forbids it, is None, and never an empty
list: the two must not be taken for each other.
"""

import dataclasses
import datetime
import email.utils
import http.client
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

from eic_plugins.ontap import releases
from eic_plugins.ontap.session import (
    Endpoint,
    JsonObject,
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
    OntapSession,
    role_path,
)
from eic_plugins.support.name_resolution import canonical

_TIMEOUT = 6
_API = '/api'
_CLUSTER = f'{_API}/cluster'
_READS = {
    f'{_API}/cluster': '',
    f'{_API}/cluster/jobs': '',
    f'{_API}/network/ip/interfaces': '',
    f'{_API}/storage/volumes': '',
    f'{_API}/storage/aggregates': '',
    f'{_API}/storage/file/clone/split-status': '',
    f'{_API}/storage/file/clone/split-loads': '',
    f'{_API}/svm/peers': 'nfs',
    f'{_API}/storage/luns': 'luns',
    f'{_API}/storage/namespaces': 'namespaces',
}
"""The paths that EIC reads, and for which kind of pools alone."""
_SPARED = {
    f'{_API}/cluster',
    f'{_API}/cluster/jobs',
    f'{_API}/storage/aggregates',
    f'{_API}/storage/file/clone/split-status',
    f'{_API}/storage/file/clone/split-loads',
}
"""Those of them without which all works: the guard of ONTAP's limits is blind, or a
job that takes too long goes on."""
_WRITES = {
    f'{_API}/cluster/jobs': ('read_modify', ''),
    f'{_API}/storage/file/clone': ('read_create', 'nfs'),
    f'{_API}/storage/file/copy': ('read_create', 'nfs'),
    f'{_API}/storage/volumes/*/files': ('all', 'nfs'),
    f'{_API}/storage/luns': ('all', 'luns'),
    f'{_API}/storage/namespaces': ('all', 'namespaces'),
}
"""The paths that EIC writes to, with the access level that this takes."""


@dataclasses.dataclass(frozen=True)
class Greeting:
    """What a cluster tells before anybody logs in.

    ``expires`` is None where the certificate is not verified; ``ahead`` are the
    seconds by which its clock is before this host's.
    """

    expires: datetime.datetime | None = None
    ahead: float | None = None


@dataclasses.dataclass(frozen=True)
class Interface:
    """A LIF; its address in canonical form."""

    name: str
    address: str
    svm: str
    up: bool = True
    services: frozenset[str] | None = None


@dataclasses.dataclass(frozen=True)
class Flexvol:
    """A volume (sizes in bytes); ``deduplicated`` is None if it is not told."""

    name: str
    svm: str
    junction_path: str
    style: str = 'flexvol'
    state: str = 'online'
    size: int = 0
    available: int = 0
    deduplicated: bool | None = None
    export_policy: str = ''


@dataclasses.dataclass(frozen=True)
class Forbidden:
    """A path that the user's role does not allow at the level that it takes.

    ``needed`` if volumes from images take more without it, or are downloaded.
    """

    path: str
    level: str
    needed: bool = True

    def command(self, svm: str) -> str:
        """The command of ONTAP that allows it, but for the role's name."""
        return (
            f'security login rest-role create -vserver {svm} -role ROLE '
            f'-api "{self.path}" -access {self.level}'
        )


class Survey:
    """Asks one cluster, as the user of a backend.

    Each method raises :class:`OntapError` if there is no answer.
    """

    def __init__(self, session: OntapSession) -> None:
        self._session = session

    def version(self) -> tuple[int, int, int] | None:
        """ONTAP's release, None if this user may not read it."""
        return releases.release_of(self._session)

    def svms(self) -> Mapping[str, JsonObject]:
        """The SVMs that the user sees, by name."""
        listed = self._session.records(f'{_API}/svm/svms', fields='name,state')
        return {record['name']: record for record in listed}

    def interfaces(self) -> list[Interface]:
        """The LIFs that the user sees."""
        listed = self._session.records(
            f'{_API}/network/ip/interfaces',
            fields='name,ip.address,svm.name,state,enabled,services',
        )
        return [_interface(record) for record in listed if 'svm' in record]

    def flexvols(self, svms: Iterable[str]) -> list[Flexvol]:
        """The volumes of these SVMs, but their roots and the mirrors of those."""
        listed = self._session.records(
            f'{_API}/storage/volumes',
            **{
                'svm.name': '|'.join(sorted(set(svms))),
                'fields': 'name,svm.name,nas.path,nas.export_policy.name,style,state,'
                'space.size,space.available,efficiency.dedupe,type,is_svm_root',
            },
        )
        return [
            _flexvol(record)
            for record in listed
            if not record.get('is_svm_root') and record.get('type') != 'ls'
        ]

    def peers(self) -> list[tuple[frozenset[str], str, frozenset[str]]]:
        """SVM peerings: both ends, their state, and what they are for."""
        listed = self._session.records(
            f'{_API}/svm/peers',
            fields='svm.name,peer.svm.name,state,applications',
        )
        return [
            (
                frozenset({record['svm']['name'], record['peer']['svm']['name']}),
                record.get('state', ''),
                frozenset(record.get('applications', ())),
            )
            for record in listed
        ]

    def licences(self) -> frozenset[str] | None:
        """The names of the features that are licensed."""
        answer = self._tolerant(f'{_API}/cluster/licensing/licenses', fields='state')
        if answer is None:
            return None
        return frozenset(
            record['name']
            for record in answer.get('records', ())
            if record.get('state') in {None, 'compliant'}
        )

    def nfs_enabled(self, svm: str) -> bool | None:
        """Whether the SVM serves NFS at all."""
        answer = self._tolerant(
            f'{_API}/protocols/nfs/services', **{'svm.name': svm, 'fields': 'enabled'}
        )
        if answer is None:
            return None
        return any(record.get('enabled') for record in answer.get('records', ()))

    def forbidden(self, user: str, kinds: frozenset[str]) -> list[Forbidden]:
        """What the role of the user lacks: by its privileges if these can be
        read, and by trying the reads in any case.

        :param kinds: of pools: ``nfs``, ``luns``, ``namespaces``
        """
        tried = [
            Forbidden(role_path(path), 'readonly', path not in _SPARED)
            for path, kind in _READS.items()
            if (not kind or kind in kinds) and self._is_forbidden(path)
        ]
        granted = self._privileges(user)
        if granted is None:
            return tried
        lacking = [
            Forbidden(path, level, path not in _SPARED)
            for path, (level, kind) in _WRITES.items()
            if (not kind or kind in kinds) and not _allows(granted, path, level)
        ]
        return [*tried, *lacking]

    def _is_forbidden(self, path: str) -> bool:
        try:
            self._session.get(path, max_records=1)
        except OntapForbiddenError:
            return True
        except OntapRejectedError:
            return False
        return False

    def _privileges(self, user: str) -> Mapping[str, str] | None:
        account = self._first(f'{_API}/security/accounts', name=user, fields='role')
        role = (account or {}).get('role', {}).get('name')
        if role is None:
            return None
        found = self._first(f'{_API}/security/roles', name=role, fields='privileges')
        if found is None or 'privileges' not in found:
            return None
        return {each['path']: each.get('access', '') for each in found['privileges']}

    def _first(self, path: str, **params: Any) -> JsonObject | None:
        answer = self._tolerant(path, **params)
        records = (answer or {}).get('records', ())
        return records[0] if records else None

    def _tolerant(self, path: str, **params: Any) -> JsonObject | None:
        """The answer, None if the cluster does not want to give one."""
        try:
            return self._session.get(path, **params)
        except OntapRejectedError:
            return None


def greet(endpoint: Endpoint) -> Greeting:
    """Look at the certificate and the clock of a cluster, without logging in.

    :raises OntapError: there is no answer, or the certificate is not trusted
    """
    try:
        return _greet(endpoint)
    except ssl.SSLCertVerificationError as err:
        raise OntapError(
            f'its certificate is not trusted: {err.verify_message}'
        ) from err
    except (OSError, http.client.HTTPException) as err:
        raise OntapError(f'no answer: {type(err).__name__}') from err


def _greet(endpoint: Endpoint) -> Greeting:
    connection = _connection(endpoint)
    try:
        connection.request('GET', _CLUSTER)
        asked = datetime.datetime.now(datetime.UTC)
        answer = connection.getresponse()
        return Greeting(_expiry(connection), _ahead(answer, asked))
    finally:
        connection.close()


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    if endpoint.scheme == 'http':
        return http.client.HTTPConnection(
            endpoint.host, endpoint.port, timeout=_TIMEOUT
        )
    context = ssl.create_default_context(
        cafile=endpoint.verify if isinstance(endpoint.verify, str) else None
    )
    if endpoint.verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(
        endpoint.host, endpoint.port, timeout=_TIMEOUT, context=context
    )


def _expiry(connection: http.client.HTTPConnection) -> datetime.datetime | None:
    socket = connection.sock
    found = socket.getpeercert() if isinstance(socket, ssl.SSLSocket) else None
    ends = (found or {}).get('notAfter')
    if not isinstance(ends, str):
        return None
    return datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), datetime.UTC)


def _ahead(answer: http.client.HTTPResponse, asked: datetime.datetime) -> float | None:
    date = answer.getheader('Date')
    if date is None:
        return None
    try:
        told = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    return (told - asked).total_seconds()


def _interface(record: JsonObject) -> Interface:
    services = record.get('services')
    return Interface(
        record.get('name', ''),
        canonical(record['ip']['address']),
        record['svm']['name'],
        record.get('enabled', True) and record.get('state', 'up') == 'up',
        None if services is None else frozenset(services),
    )


def _flexvol(record: JsonObject) -> Flexvol:
    nas = record.get('nas', {})
    space = record.get('space', {})
    dedupe = record.get('efficiency', {}).get('dedupe')
    return Flexvol(
        record['name'],
        record['svm']['name'],
        nas.get('path') or '',
        record.get('style', 'flexvol'),
        record.get('state', 'online'),
        space.get('size', 0),
        space.get('available', 0),
        None if dedupe is None else dedupe not in {'none', '-'},
        nas.get('export_policy', {}).get('name', ''),
    )


def _allows(granted: Mapping[str, str], path: str, level: str) -> bool:
    """Whether a role allows a path, by the longest of its own that leads there."""
    above = [own for own in granted if own == path or path.startswith(f'{own}/')]
    if not above:
        return False
    have = granted[max(above, key=len)]
    enough = {'all', level}
    return have in enough or (
        have == 'read_create_modify' and level in {'read_create', 'read_modify'}
    )
