"""Checks of ports: does something answer, and who has taken one."""

import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus

import psutil

from lab import proc
from lab.processes import Processes

_TIMEOUT = 5.0
_EVERYBODY = ('0.0.0.0', '::')  # noqa: S104

Address = tuple[str, int]
"""Of a TCP socket: IP address and port."""


def answers(address: str, port: int) -> bool:
    """Whether something accepts connections."""
    try:
        with socket.create_connection((address, port), timeout=_TIMEOUT):
            return True
    except OSError:
        return False


def serves(url: str) -> bool:
    """Whether an HTTP server answers, with whatever status."""
    request = urllib.request.Request(url)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT):
            return True
    except urllib.error.HTTPError as err:
        return err.code < HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False


def listeners() -> dict[Address, int | None]:
    """Who listens where: the pid by the address, None if we may not see it."""
    return {
        (_plain(connection.laddr.ip), connection.laddr.port): connection.pid
        for connection in psutil.net_connections('tcp')
        if connection.status == psutil.CONN_LISTEN and connection.laddr
    }


def taken_ports(wanted: Mapping[Address, str], processes: Processes) -> list[str]:
    """Describes each wanted port that somebody else listens on."""
    known = listeners()
    return [
        f'{address}:{port} ({what}) by {_owner(known[at, port])}'
        for (address, port), what in wanted.items()
        for at in (address, *_EVERYBODY)
        if (at, port) in known and not _is_of(processes, known[at, port])
    ]


def _is_of(processes: Processes, pid: int | None) -> bool:
    return pid is not None and processes.owns(pid)


def _plain(address: str) -> str:
    """An IPv4 address, also of a socket that speaks IPv6."""
    mapped = getattr(ipaddress.ip_address(address), 'ipv4_mapped', None)
    return str(mapped or address)


def _owner(pid: int | None) -> str:
    name = proc.name(pid) if pid else ''
    return f'{name} (pid {pid})' if name else 'an unknown process'
