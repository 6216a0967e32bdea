"""The topology file: one simulated cluster in TOML.

::

    [cluster]
    name = "cluster-a"
    version = "9.15.1"
    listen = "127.0.10.1:18443"
    copy_throughput = 0      # bytes/s of each copy; 0: at once
    copy_limit = 50          # file and LUN copies at the same time

    [[users]]
    name = "admin"
    password_file = "admin.password"   # or: password = "..."
    role = "admin"                     # or: "readonly"

    [[aggregates]]
    name = "aggr1"
    size = "2TiB"
    node = "cluster-a-01"

    [[svms]]
    name = "svm1"
    protocols = ["nfs", "iscsi"]       # of nfs, iscsi, fcp, nvme; or: ["nfs"]
    ipspace = "tenants"                # or: "Default", the only one that this
                                       # host has a network to
    [[svms.lifs]]
    name = "lif1"
    address = "127.0.11.1"
    [[svms.volumes]]
    name = "images_vol"
    junction_path = "/images"          # none: not mounted in the namespace
    size = "500GiB"
    aggregate = "aggr1"

A relative ``password_file`` is looked for next to the topology file.
"""

import dataclasses
import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ontap_simulator.exceptions import ConfigError

_T = TypeVar('_T')
ROLES = ('admin', 'readonly')
DEFAULT_IPSPACE = 'Default'
PROTOCOLS = ('nfs', 'iscsi', 'fcp', 'nvme')
_SIZE = re.compile(r'(\d+)\s*([KMGTP]?)(?:iB|B)?')
_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]*')
_JUNCTION = re.compile(r'(/[^/\0]+)+')
_VERSION = re.compile(r'\d+\.\d+\.\d+')
_HIGHEST_PORT = 65535


@dataclasses.dataclass(frozen=True)
class User:
    """Who may log in, with HTTP basic authentication."""

    name: str
    password: str = dataclasses.field(repr=False)
    role: str = 'admin'


@dataclasses.dataclass(frozen=True)
class AggregateConfig:
    """A local tier and the node that owns it."""

    name: str
    size: int
    node: str


@dataclasses.dataclass(frozen=True)
class LifConfig:
    """A logical interface of an SVM."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class VolumeConfig:
    """A FlexVol and where it is in the SVM's namespace, if it is there."""

    name: str
    junction_path: str | None
    size: int
    aggregate: str


@dataclasses.dataclass(frozen=True)
class SvmConfig:
    """A storage virtual machine."""

    name: str
    lifs: tuple[LifConfig, ...]
    volumes: tuple[VolumeConfig, ...]
    protocols: tuple[str, ...] = ('nfs',)
    ipspace: str = DEFAULT_IPSPACE


@dataclasses.dataclass(frozen=True)
class Topology:
    """Everything about a cluster that never changes while it runs."""

    name: str
    version: str
    host: str
    port: int
    users: tuple[User, ...]
    aggregates: tuple[AggregateConfig, ...]
    svms: tuple[SvmConfig, ...]
    copy_throughput: int = 0
    copy_limit: int = 50


def load(path: Path, listen: str | None = None) -> Topology:
    """Read a topology file; ``listen`` replaces its own.

    :raises ConfigError: it cannot be read, or is wrong
    """
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ConfigError(f'Cannot read the topology file {path}: {err}') from err
    if listen is not None:
        data.setdefault('cluster', {})['listen'] = listen
    return parse(data, path.parent)


def parse(data: Mapping[str, Any], directory: Path = Path()) -> Topology:
    """Turn the parsed TOML into a topology.

    :param directory: where relative password files are
    :raises ConfigError: it is wrong
    """
    cluster = _table(data, 'cluster')
    host, port = parse_listen(str(_required(cluster, 'listen', '[cluster]')))
    topology = Topology(
        name=_name(cluster, '[cluster]'),
        version=_version(str(cluster.get('version', '9.15.1'))),
        host=host,
        port=port,
        users=_each(data, 'users', lambda t: _user(t, directory)),
        aggregates=_each(data, 'aggregates', _aggregate),
        svms=_each(data, 'svms', _svm),
        copy_throughput=_count(cluster, 'copy_throughput', 0),
        copy_limit=_count(cluster, 'copy_limit', 50),
    )
    _check(topology)
    return topology


def parse_listen(text: str) -> tuple[str, int]:
    """``ADDRESS:PORT`` on loopback; port 0 is any free one.

    :raises ConfigError: it is not
    """
    host, _, port = text.rpartition(':')
    host = host.strip('[]')
    if not port.isdigit() or int(port) > _HIGHEST_PORT or not _is_loopback(host):
        raise ConfigError(
            f'listen is {text!r}: give a loopback address and a port, such as '
            '"127.0.10.1:18443". The simulator is for tests, and stays on this '
            'machine.'
        )
    return host, int(port)


def parse_size(value: object) -> int:
    """Bytes as a number, or as text such as "100GiB".

    :raises ConfigError: it is neither
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SIZE.fullmatch(str(value))
    if isinstance(value, bool) or not match or int(match[1]) == 0:
        raise ConfigError(
            f'{value!r} is not a size: write a number of bytes, or "100GiB".'
        )
    return int(match[1]) << (10 * ' KMGTP'.index(match[2] or ' '))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise ConfigError(f'The topology needs a table [{key}].')
    return value


def _each(
    data: Mapping[str, Any], key: str, make: Callable[[Mapping[str, Any]], _T]
) -> tuple[_T, ...]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(
        isinstance(table, dict) for table in tables
    ):
        raise ConfigError(f'{key} must be tables: write [[{key}]].')
    return tuple(make(table) for table in tables)


def _required(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise ConfigError(f'{where} needs "{key}".')
    return table[key]


def _name(table: Mapping[str, Any], where: str) -> str:
    value = _required(table, 'name', where)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigError(
            f'{where} has the name {value!r}: use letters, digits, "_", "-" and ".".'
        )
    return value


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ConfigError(f'version is {text!r}: write it as "9.15.1".')
    return text


def _count(table: Mapping[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigError(f'{key} is {value!r}: give a number from 0 up.')
    return value


def _user(table: Mapping[str, Any], directory: Path) -> User:
    name = _name(table, '[[users]]')
    role = table.get('role', 'admin')
    if role not in ROLES:
        raise ConfigError(
            f'User {name} has the role {role!r}: use one of {", ".join(ROLES)}.'
        )
    return User(name, _password(table, name, directory), role)


def _password(table: Mapping[str, Any], name: str, directory: Path) -> str:
    if 'password' in table:
        password = str(table['password'])
    else:
        file = directory / str(_required(table, 'password_file', f'User {name}'))
        try:
            password = file.read_text().strip()
        except OSError as err:
            raise ConfigError(f'Cannot read the password of {name}: {err}') from err
    if not password:
        raise ConfigError(f'User {name} has an empty password.')
    return password


def _aggregate(table: Mapping[str, Any]) -> AggregateConfig:
    where = '[[aggregates]]'
    return AggregateConfig(
        _name(table, where),
        parse_size(_required(table, 'size', where)),
        str(_required(table, 'node', where)),
    )


def _svm(table: Mapping[str, Any]) -> SvmConfig:
    name = _name(table, '[[svms]]')
    return SvmConfig(
        name,
        _each(table, 'lifs', _lif),
        _each(table, 'volumes', _volume),
        _protocols(table, name),
        str(table.get('ipspace', DEFAULT_IPSPACE)),
    )


def _protocols(table: Mapping[str, Any], svm: str) -> tuple[str, ...]:
    found = table.get('protocols', ['nfs'])
    if (
        not isinstance(found, list)
        or not found
        or not set(map(str, found)) <= set(PROTOCOLS)
    ):
        raise ConfigError(
            f'SVM {svm} has the protocols {found!r}: write a list '
            f'of {", ".join(PROTOCOLS)}.'
        )
    return tuple(found)


def _lif(table: Mapping[str, Any]) -> LifConfig:
    name = _name(table, '[[svms.lifs]]')
    address = str(_required(table, 'address', f'LIF {name}'))
    try:
        ipaddress.ip_address(address)
    except ValueError as err:
        raise ConfigError(f'LIF {name}: {err}') from err
    return LifConfig(name, address)


def _volume(table: Mapping[str, Any]) -> VolumeConfig:
    name = _name(table, '[[svms.volumes]]')
    return VolumeConfig(
        name,
        _junction(table, name),
        parse_size(_required(table, 'size', f'Volume {name}')),
        str(_required(table, 'aggregate', f'Volume {name}')),
    )


def _junction(table: Mapping[str, Any], volume: str) -> str | None:
    if 'junction_path' not in table:
        return None
    junction = str(table['junction_path'])
    if not _JUNCTION.fullmatch(junction) or {'.', '..'} & set(junction.split('/')):
        raise ConfigError(
            f'Volume {volume} has the junction path {junction!r}: '
            'write it as "/images".'
        )
    return junction


def _check(topology: Topology) -> None:
    svms = topology.svms
    if not topology.users:
        raise ConfigError('The topology needs at least one [[users]].')
    _distinct('users', [user.name for user in topology.users])
    _distinct('aggregates', [a.name for a in topology.aggregates])
    _distinct('SVMs', [svm.name for svm in svms])
    for ipspace in {svm.ipspace for svm in svms}:
        _distinct(
            f'LIF addresses of the IPspace {ipspace}',
            [lif.address for svm in svms if svm.ipspace == ipspace for lif in svm.lifs],
        )
    aggregates = {aggregate.name for aggregate in topology.aggregates}
    for svm in svms:
        _distinct(f'volumes of {svm.name}', [v.name for v in svm.volumes])
        _distinct(
            f'junction paths of {svm.name}',
            [v.junction_path for v in svm.volumes if v.junction_path],
        )
        for volume in svm.volumes:
            if volume.aggregate not in aggregates:
                raise ConfigError(
                    f'Volume {volume.name} is on the aggregate '
                    f'{volume.aggregate!r}, which [[aggregates]] does not have.'
                )


def _distinct(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f'Two {what} are called {name!r}.')
        seen.add(name)
