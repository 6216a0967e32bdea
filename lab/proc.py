"""Reads /proc: who a process is, what it belongs to, who listens where."""

import contextlib
import dataclasses
import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

_PROC = Path('/proc')
_TCP_LISTEN = '0A'


@dataclasses.dataclass(frozen=True)
class Stat:
    """The part of /proc/PID/stat that tells processes apart."""

    comm: str
    state: str
    parent: int
    group: int
    start_time: int

    @property
    def running(self) -> bool:
        """Not a zombie that nobody has reaped yet."""
        return self.state not in 'ZX'


def parse_stat(text: str) -> Stat:
    """Parse /proc/PID/stat; the name in it may hold blanks and brackets."""
    head, _, rest = text.rpartition(')')
    fields = rest.split()
    return Stat(
        comm=head.partition('(')[2],
        state=fields[0],
        parent=int(fields[1]),
        group=int(fields[2]),
        start_time=int(fields[19]),
    )


def stat(pid: int) -> Stat | None:
    """The process, or None if there is none."""
    try:
        return parse_stat((_PROC / str(pid) / 'stat').read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


def lineage(pid: int) -> Iterator[int]:
    """A process, its parent, and so on."""
    while pid > 1:
        yield pid
        seen = stat(pid)
        pid = seen.parent if seen else 0


def boot_id() -> str:
    """Names this boot: start times count from it."""
    return (_PROC / 'sys/kernel/random/boot_id').read_text().strip()


def pids() -> Iterator[int]:
    """All processes."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    try:
        raw = (_PROC / str(pid) / 'environ').read_bytes()
    except OSError:
        return {}
    pairs = (
        item.decode(errors='replace').partition('=')
        for item in raw.split(b'\0')
        if item
    )
    return {name: value for name, _, value in pairs}


def mount_namespace(pid: int | str) -> str:
    """The identity of a process's mount namespace, '' if it is gone."""
    try:
        return str((_PROC / str(pid) / 'ns/mnt').readlink())
    except OSError:
        return ''


def mount_points(pid: int) -> set[str]:
    """What is mounted where a process lives."""
    try:
        text = (_PROC / str(pid) / 'mounts').read_text()
    except OSError:
        return set()
    return {_unescape(line.split()[1]) for line in text.splitlines()}


def _unescape(path: str) -> str:
    for code, character in (('040', ' '), ('011', '\t'), ('012', '\n')):
        path = path.replace(f'\\{code}', character)
    return path.replace('\\134', '\\')


def listeners() -> dict[tuple[str, int], str]:
    """Listening TCP sockets over IPv4 and IPv6: (address, port) -> inode."""
    found = {}
    for table in ('tcp', 'tcp6'):
        with contextlib.suppress(FileNotFoundError):
            text = (_PROC / 'net' / table).read_text()
            found.update(parse_listeners(text))
    return found


def parse_listeners(text: str) -> dict[tuple[str, int], str]:
    """Parse /proc/net/tcp or /proc/net/tcp6."""
    found = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if fields[3] == _TCP_LISTEN:
            address, _, port = fields[1].partition(':')
            found[(_address(address), int(port, 16))] = fields[9]
    return found


def _address(text: str) -> str:
    # The kernel prints 32-bit words in the byte order of the machine.
    raw = bytes.fromhex(text)
    words = [raw[i : i + 4] for i in range(0, len(raw), 4)]
    if sys.byteorder == 'little':
        words = [word[::-1] for word in words]
    address = ipaddress.ip_address(b''.join(words))
    mapped = getattr(address, 'ipv4_mapped', None)
    return str(mapped or address)


def socket_owner(inode: str) -> int | None:
    """The process that holds a socket open, as far as we may see it."""
    wanted = f'socket:[{inode}]'
    for pid in pids():
        with contextlib.suppress(OSError):
            for descriptor in (_PROC / str(pid) / 'fd').iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) == wanted:  # noqa: PTH115
                        return pid
    return None


def terminate(pid: int) -> None:
    """Ask a process to end."""
    os.kill(pid, signal.SIGTERM)
