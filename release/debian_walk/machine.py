"""One Debian in a folder that takes itself for a host: it has namespaces of its own.

Processes, mounts, the host's name and the network are its own; the network is loopback
alone, so each service listens where it does on a real host. It ends with the process
that started it, also after a kill -9: the kernel ends whoever lives in there, and then
there are no mounts any more.
"""

import contextlib
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from release.commands import ReleaseError

NAME = 'controller'
_BEGIN = """
set -e
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/lock" "$root/dev/pts" "$root/dev/shm"
chmod 1777 "$root/run/lock"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -sf pts/ptmx "$root/dev/ptmx"
mount -o loop "$root/$2" "$root/srv/ontap"
ip link set lo up
hostname "$3"
exec chroot "$root" /usr/bin/python3 -c "$4"
"""
_INIT = """
import os, time
print('up', flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.2)
"""
"""The first process: whoever is left alone becomes its child."""
_KEPT = {
    'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME': '/root',
    'LC_ALL': 'C.UTF-8',
    'TERM': 'dumb',
    'DEBIAN_FRONTEND': 'noninteractive',
}
_UP_SECONDS = 60
_PAUSE = 0.5
_LAST = 3000
"""Characters of an output that an error shows."""


class Machine:
    """That Debian, running.

    :param root: the folder
    :param first: the number of its first process, seen from outside
    :param log: a file that has all that was run, and what it said
    """

    def __init__(self, root: Path, first: int, log: IO[str]) -> None:
        self.root = root
        self._first = first
        self._log = log

    def run(
        self,
        command: Sequence[str],
        seconds: float = 120,
        env: Mapping[str, str] | None = None,
        user: str = 'root',
    ) -> str:
        """What a program says, as a user.

        :raises ReleaseError: it failed, or did not end in time
        """
        code, said = self.tried(command, seconds, env, user)
        if code:
            raise ReleaseError(
                f'{shlex.join(command)} (as {user}) ended with {code}:\n{said[-_LAST:]}'
            )
        return said

    def tried(
        self,
        command: Sequence[str],
        seconds: float = 120,
        env: Mapping[str, str] | None = None,
        user: str = 'root',
    ) -> tuple[int, str]:
        """The same for one that may fail: its exit status, and what it says.

        :raises ReleaseError: it did not end in time
        """
        inner = [*_as(user), *command]
        self._log.write(f'\n# {user}: {shlex.join(command)}\n')
        self._log.flush()
        begin = self._log.seek(0, os.SEEK_END)
        # Not a pipe: a service that it leaves behind would hold its other end.
        process = subprocess.Popen(
            [*self._enter(), *inner],
            env={**_KEPT, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ReleaseError(
                f'{shlex.join(command)} did not end in {seconds:g} s:\n'
                f'{self._since(begin)[-_LAST:]}'
            ) from None
        return code, self._since(begin)

    def shell(
        self, script: str, seconds: float = 600, env: Mapping[str, str] | None = None
    ) -> str:
        """What somebody types as root, up to the first line that fails."""
        return self.run(['bash', '-euo', 'pipefail', '-c', script], seconds, env)

    def until(self, check: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait for something.

        :raises ReleaseError: it did not come in time
        """
        end = time.monotonic() + seconds
        while not check():
            if time.monotonic() > end:
                raise ReleaseError(f'waited {seconds:g} s for {what}')
            time.sleep(_PAUSE)

    def file(self, path: str) -> Path:
        """A file in there, from outside: also what is only mounted there."""
        return Path(f'/proc/{self._first}/root{path}')

    def start(self, command: Sequence[str], log: str) -> None:
        """What nobody waits for; it ends with the machine."""
        script = f'exec "$@" >> {shlex.quote(log)} 2>&1 < /dev/null'
        subprocess.Popen(
            [*self._enter(), 'setsid', 'sh', '-c', script, 'sh', *command],
            env=_KEPT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _enter(self) -> list[str]:
        target = ['--target', str(self._first)]
        kinds = ['--mount', '--uts', '--ipc', '--net', '--pid']
        return ['nsenter', *target, *kinds, '--root', '--', 'env', '--chdir=/root']

    def _since(self, begin: int) -> str:
        with Path(self._log.name).open(errors='replace') as again:
            again.seek(begin)
            return again.read()


def _as(user: str) -> list[str]:
    return [] if user == 'root' else ['runuser', '-u', user, '--']


@contextlib.contextmanager
def running(root: Path, disk: str, log: Path) -> Iterator[Machine]:
    """Start it, and end it with all that lives in there.

    :param disk: a file system in a file in there, mounted at ``/srv/ontap``
    """
    with log.open('a+') as said:
        holder = _hold(root, disk, said)
        first = _first(holder)
        try:
            yield Machine(root, first, said)
        finally:
            holder.kill()
            holder.wait()
            _gone(first)


def _hold(root: Path, disk: str, said: IO[str]) -> subprocess.Popen[str]:
    namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid']
    options = [*namespaces, '--propagation', 'private', '--fork', '--kill-child']
    script = [_BEGIN, 'sh', str(root), disk, NAME, _INIT]
    holder = subprocess.Popen(
        ['setpriv', '--pdeathsig', 'KILL', 'unshare', *options, 'sh', '-c', *script],
        env=_KEPT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        start_new_session=True,
    )
    if (holder.stdout and holder.stdout.readline()) != 'up\n':
        holder.kill()
        said.seek(0)
        raise ReleaseError(f'the machine does not start:\n{said.read()[-_LAST:]}')
    return holder


def _gone(first: int) -> None:
    """The kernel lets the first process go when all others are gone."""
    end = time.monotonic() + _UP_SECONDS
    while Path(f'/proc/{first}').exists() and time.monotonic() < end:
        time.sleep(_PAUSE)


def _first(holder: subprocess.Popen[str]) -> int:
    children = Path(f'/proc/{holder.pid}/task/{holder.pid}/children').read_text()
    return int(children.split()[0])
