"""From the name of an NFS server to its addresses."""

import socket


def addresses(server: str) -> tuple[str, ...]:
    """The addresses of a name or address; itself if it does not resolve.

    Blocks for as long as the resolver does: call it where that is bounded.
    """
    try:
        found = socket.getaddrinfo(server, None, type=socket.SOCK_STREAM)
    except OSError:
        return (server,)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
