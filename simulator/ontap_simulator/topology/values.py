"""Single values of a topology file, and the error when one is wrong."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ontap_simulator.errors.common import ConfigError

_T = TypeVar('_T')

_SIZE = re.compile(r'(\d+)\s*([KMGTP]?)(?:iB|B)?')

_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]*')

_VERSION = re.compile(r'\d+\.\d+\.\d+')

_HIGHEST_PORT = 65535


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


def table_in(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise ConfigError(f'The topology needs a table [{key}].')
    return value


def each_in(
    data: Mapping[str, Any], key: str, make: Callable[[Mapping[str, Any]], _T]
) -> tuple[_T, ...]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(
        isinstance(table, dict) for table in tables
    ):
        raise ConfigError(f'{key} must be tables: write [[{key}]].')
    return tuple(make(table) for table in tables)


def required_in(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise ConfigError(f'{where} needs "{key}".')
    return table[key]


def name_in(table: Mapping[str, Any], where: str) -> str:
    value = required_in(table, 'name', where)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigError(
            f'{where} has the name {value!r}: use letters, digits, "_", "-" and ".".'
        )
    return value


def version_in(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ConfigError(f'version is {text!r}: write it as "9.15.1".')
    return text


def count_in(table: Mapping[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigError(f'{key} is {value!r}: give a number from 0 up.')
    return value
