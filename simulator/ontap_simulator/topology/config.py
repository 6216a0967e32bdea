"""Reads a topology file. README.md shows all that can be in one."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ontap_simulator.errors.common import ConfigError
from ontap_simulator.personality import CHOICES
from ontap_simulator.topology.checks import check_topology
from ontap_simulator.topology.model import (
    DEFAULT_IPSPACE,
    PROTOCOLS,
    ROLES,
    AggregateConfig,
    LifConfig,
    SvmConfig,
    Topology,
    User,
    VolumeConfig,
)
from ontap_simulator.topology.values import (
    count_in,
    each_in,
    name_in,
    parse_listen,
    parse_size,
    required_in,
    table_in,
    version_in,
)

_JUNCTION = re.compile(r'(/[^/\0]+)+')


VERSION = 'EIC_ONTAP_VERSION'
"""The environment variable with the release of clusters that name none."""
_DEFAULT_VERSION = '9.15.1'


def load(path: Path, listen: str | None = None, version: str | None = None) -> Topology:
    """Read a topology file.

    :param listen: in place of the file's
    :param version: in place of the file's
    :raises ConfigError: it cannot be read, or is wrong
    """
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ConfigError(f'Cannot read the topology file {path}: {err}') from err
    if listen is not None:
        data.setdefault('cluster', {})['listen'] = listen
    if version is not None:
        data.setdefault('cluster', {})['version'] = version
    return parse(data, path.parent)


def parse(data: Mapping[str, Any], directory: Path = Path()) -> Topology:
    """Turn the parsed TOML into a topology.

    :param directory: where relative password files are
    :raises ConfigError: it is wrong
    """
    cluster = table_in(data, 'cluster')
    host, port = parse_listen(str(required_in(cluster, 'listen', '[cluster]')))
    topology = Topology(
        name=name_in(cluster, '[cluster]'),
        version=version_in(str(cluster.get('version', _default_version()))),
        host=host,
        port=port,
        users=each_in(data, 'users', lambda t: _user(t, directory)),
        aggregates=each_in(data, 'aggregates', _aggregate),
        svms=each_in(data, 'svms', _svm),
        copy_throughput=count_in(cluster, 'copy_throughput', 0),
        copy_limit=count_in(cluster, 'copy_limit', 50),
        personality=_personality(data.get('personality', {})),
    )
    check_topology(topology)
    return topology


def _default_version() -> str:
    return os.environ.get(VERSION) or _DEFAULT_VERSION


def _personality(table: Mapping[str, Any]) -> Mapping[str, str]:
    for name, choice in table.items():
        known = CHOICES.get(name)
        if known is None:
            raise ConfigError(
                f'[personality] has no {name!r}: use {", ".join(CHOICES)}.'
            )
        if choice not in known:
            raise ConfigError(
                f'[personality] has {name} = {choice!r}: use one of {", ".join(known)}.'
            )
    return table


def _user(table: Mapping[str, Any], directory: Path) -> User:
    name = name_in(table, '[[users]]')
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
        file = directory / str(required_in(table, 'password_file', f'User {name}'))
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
        name_in(table, where),
        parse_size(required_in(table, 'size', where)),
        str(required_in(table, 'node', where)),
    )


def _svm(table: Mapping[str, Any]) -> SvmConfig:
    name = name_in(table, '[[svms]]')
    return SvmConfig(
        name,
        each_in(table, 'lifs', _lif),
        each_in(table, 'volumes', _volume),
        _protocols(table, name),
        str(table.get('ipspace', DEFAULT_IPSPACE)),
        _root_volume(table),
    )


def _root_volume(table: Mapping[str, Any]) -> str | None:
    if 'root_volume' not in table:
        return None
    return name_in({'name': table['root_volume']}, '[[svms]] root_volume')


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
    name = name_in(table, '[[svms.lifs]]')
    address = str(required_in(table, 'address', f'LIF {name}'))
    try:
        ipaddress.ip_address(address)
    except ValueError as err:
        raise ConfigError(f'LIF {name}: {err}') from err
    return LifConfig(name, address)


def _volume(table: Mapping[str, Any]) -> VolumeConfig:
    name = name_in(table, '[[svms.volumes]]')
    return VolumeConfig(
        name,
        _junction(table, name),
        parse_size(required_in(table, 'size', f'Volume {name}')),
        str(required_in(table, 'aggregate', f'Volume {name}')),
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
