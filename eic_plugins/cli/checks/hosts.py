"""Users and files of this host."""

import dataclasses
import grp
import os
import pwd
import stat

from eic_plugins.cli.checks.finding import NotSeenError

_READ_WRITE = 6


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
