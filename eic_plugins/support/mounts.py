"""What is mounted on this host, as Linux tells each process of its own view."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

MOUNTINFO = Path('/proc/self/mountinfo')
_ESCAPED = re.compile(r'\\([0-7]{3})')
_SEPARATOR = '-'


@dataclasses.dataclass(frozen=True)
class Mount:
    """A mount: where it is, and what is mounted there."""

    point: str
    source: str
    kind: str

    @property
    def is_nfs(self) -> bool:
        """Whether it is of an NFS server."""
        return self.kind in {'nfs', 'nfs4'}


def read_mounts(mountinfo: Path = MOUNTINFO) -> list[Mount]:
    """The mounts, as ``/proc/self/mountinfo`` lists them (proc(5)). No server is
    asked, so none that is silent is waited for.

    :raises OSError: it cannot be read
    """
    found = []
    for line in mountinfo.read_text().splitlines():
        words = line.split(' ')
        after = words.index(_SEPARATOR)
        found.append(
            Mount(_unescape(words[4]), _unescape(words[after + 2]), words[after + 1])
        )
    return found


def mount_of(mounts: Sequence[Mount], path: str) -> Mount | None:
    """The mount that a path is on: the last one with the longest fitting point."""
    fitting = [
        mount
        for mount in mounts
        if path == mount.point or path.startswith(mount.point.rstrip('/') + '/')
    ]
    return max(reversed(fitting), key=lambda mount: len(mount.point), default=None)


def is_mounted(point: str, mountinfo: Path = MOUNTINFO) -> bool:
    """True if something is mounted at this very directory.

    :raises OSError: nobody can tell
    """
    return any(mount.point == point for mount in read_mounts(mountinfo))


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
