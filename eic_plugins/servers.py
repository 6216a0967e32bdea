"""From the name of an NFS server to its addresses."""

import ipaddress
import socket


def addresses(server: str) -> tuple[str, ...]:
    """The addresses of a name or address; itself if it does not resolve.

    In canonical form, so that equal ones compare equal. Blocks for as long as
    the resolver does: call it where that is bounded.
    """
    try:
        found = socket.getaddrinfo(server, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # UnicodeError: no name that DNS can hold.
        return (server,)
    return tuple(dict.fromkeys(canonical(str(entry[4][0])) for entry in found))


def canonical(address: str) -> str:
    """An address in the one form that it is compared in (RFC 5952).

    What is no address comes back as it is.
    """
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address
