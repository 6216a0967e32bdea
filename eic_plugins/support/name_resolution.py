"""From the name of an NFS server to its addresses.

If a name server does not answer, the resolver blocks for as long as resolv.conf
lets it. So names are resolved in native threads, and nobody waits longer than he
may. An answer that comes later is there for the next one who asks.
"""

import ipaddress
import socket
import threading

from eic_plugins.support.clock import SYSTEM
from eic_plugins.support.memory import Memory
from eic_plugins.support.native import Call, original

WAIT = 5.0
"""Seconds that somebody waits for an address who has no budget."""
_KNOWN_FOR = 60.0
_UNKNOWN_FOR = 10.0
"""Seconds for which addresses, and that there are none, are remembered."""
_AT_ONCE = 8
_REMEMBERED = 256

Addresses = tuple[str, ...]


def addresses(server: str, wait: float = WAIT) -> Addresses:
    """The addresses of a name or address; itself if it does not resolve.

    In canonical form, so that equal ones compare equal. Lets other
    greenthreads go on while it waits.

    :param wait: seconds that it may take
    """
    if _is_address(server):
        return (canonical(server),)
    return RESOLVER.find(server, wait) or (server,)


def canonical(address: str) -> str:
    """An address in the one form that it is compared in (RFC 5952).

    What is no address comes back as it is.
    """
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


class Resolver:
    """Asks for a name once at a time, and remembers for a while.

    Its lock is held by nobody who waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[float, Call[Addresses]]] = {}
        self._known: Memory[str, Addresses] = Memory(_KNOWN_FOR, _REMEMBERED)
        self._unknown: Memory[str, bool] = Memory(_UNKNOWN_FOR, _REMEMBERED)

    def find(self, name: str, wait: float) -> Addresses:
        """The addresses, none if there are none or not in time."""
        with self._lock:
            self._collect()
            known = self._known.get(name)
            if known or self._unknown.get(name):
                return known or ()
            if name not in self._asked and len(self._asked) >= _AT_ONCE:
                return ()
            if name not in self._asked:
                self._asked[name] = SYSTEM.monotonic(), Call(_resolve, name)
            began, call = self._asked[name]
        try:
            # What is late keeps the first waiting, and no others.
            return call.wait(began + wait - SYSTEM.monotonic())
        except TimeoutError:
            return ()

    def _collect(self) -> None:
        """Remember what has come meanwhile."""
        for name, (_, call) in list(self._asked.items()):
            if call.over:
                del self._asked[name]
                resolved = call.wait()
                if resolved:
                    self._known.put(name, resolved)
                else:
                    self._unknown.put(name, True)


RESOLVER = Resolver()


def _resolve(name: str) -> Addresses:
    try:
        entries = original('socket').getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # UnicodeError: no name that DNS can hold.
        return ()
    return tuple(dict.fromkeys(canonical(str(entry[4][0])) for entry in entries))


def _is_address(server: str) -> bool:
    try:
        ipaddress.ip_address(server)
    except ValueError:
        return False
    return True
