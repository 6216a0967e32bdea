"""Users, files and mounts of this host."""

import dataclasses
import grp
import os
import pwd
import re
import stat
from pathlib import Path

from eic_plugins.cli.checks.finding import NotSeenError

_ESCAPED = re.compile(r'\\([0-7]{3})')
_READ_WRITE = 6
_SEPARATOR = '-'


@dataclasses.dataclass(frozen=True)
class Account:
    """A user, with all groups that it is in."""

    name: str
    uid: int
    gids: frozenset[int]

    def may(self, path: os.stat_result, bits: int) -> bool:
        """Whether the mode of a file allows it all of ``bits`` (4, 2, 1)."""
        mode = stat.S_IMODE(path.st_mode)
        if self.uid == 0:
            return True
        if path.st_uid == self.uid:
            return mode >> 6 & bits == bits
        if path.st_gid in self.gids:
            return mode >> 3 & bits == bits
        return mode & bits == bits

    def may_read_and_write(self, path: os.stat_result) -> bool:
        """Whether the mode of a file allows it to read and change it."""
        return self.may(path, _READ_WRITE)


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


def account(name: str, service: str) -> Account:
    """A user by name or number.

    :raises NotSeenError: there is none on this host
    """
    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError as err:
        if name.isdigit():
            return Account(name, int(name), frozenset({int(name)}))
        raise NotSeenError(
            f'there is no user {name} on this host',
            f'say with --{service}-user as which user the service runs',
        ) from err
    gids = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_uid, gids)


def group_name(gid: int) -> str:
    """The name of a group, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def read_mounts(mountinfo: Path) -> list[Mount]:
    """The mounts, as ``/proc/self/mountinfo`` lists them."""
    found = []
    for line in mountinfo.read_text().splitlines():
        words = line.split(' ')
        after = words.index(_SEPARATOR)
        found.append(
            Mount(_unescape(words[4]), _unescape(words[after + 2]), words[after + 1])
        )
    return found


def mount_of(mounts: list[Mount], path: str) -> Mount | None:
    """The mount that a path is on: the last one with the longest fitting point."""
    fitting = [
        mount
        for mount in mounts
        if path == mount.point or path.startswith(mount.point.rstrip('/') + '/')
    ]
    return max(reversed(fitting), key=lambda mount: len(mount.point), default=None)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
