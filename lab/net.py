"""Checks of ports: does something answer, and who has taken one."""

import socket
import urllib.error
import urllib.request

from lab import proc
from lab.processes import Processes

_TIMEOUT = 5.0


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
        return err.code < 500  # noqa: PLR2004
    except OSError:
        return False


def taken_ports(
    wanted: dict[tuple[str, int], str],
    processes: Processes,
) -> list[str]:
    """Describes each wanted port that somebody else listens on."""
    return [
        f'{address}:{port} ({wanted[address, port]}) by {_owner(pid)}'
        for address, port, pid in _listening_on(wanted)
        if pid is None or not processes.owns(pid)
    ]


def _listening_on(
    wanted: dict[tuple[str, int], str],
) -> list[tuple[str, int, int | None]]:
    everybody = ('0.0.0.0', '::')  # noqa: S104
    listeners = proc.listeners()
    found = []
    for address, port in wanted:
        for candidate in (address, *everybody):
            inode = listeners.get((candidate, port))
            if inode is not None:
                found.append((address, port, proc.socket_owner(inode)))
    return found


def _owner(pid: int | None) -> str:
    seen = proc.stat(pid) if pid else None
    return f'{seen.comm} (pid {pid})' if seen else 'an unknown process'
