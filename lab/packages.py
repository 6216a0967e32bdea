"""Installs the Debian packages that the lab is made of.

``python3 -m lab.packages venv`` (the Makefile) installs what .venv needs,
``lab`` what the services need; nothing happens where all are there. The
packaged services are not started: the lab runs instances of its own. Uses the
standard library alone, since it runs before there is a .venv.
"""

import contextlib
import dataclasses
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.errors import LabError

# What tests/contract mounts and runs.
_MOUNTING = ('qemu-utils', 'nfs-common', 'xfsprogs', 'util-linux', 'mount')
# The servers that tests/functional runs the Cinder filter in.
_SERVERS = ('uwsgi', 'uwsgi-plugin-python3', 'apache2', 'libapache2-mod-wsgi-py3')
# The backends of locks that tests/contract loses.
_LOCKING = ('etcd-server', 'redis-server')
# Its promtool reads the alert rules, it scrapes the metrics, and answers what the
# dashboard asks.
_ALERTING = ('prometheus',)
# They read what docs/recipes.md has operators copy: shell scripts, systemd's units.
_RECIPES = ('shellcheck', 'systemd')
# It draws docs/drawings for `make docs`.
DOCS_PACKAGES = ('graphviz',)
# With it the simulator's README lists FlexVols.
_CLIENTS = ('curl',)
# What `make deb` builds with, and looks at the result with.
DEB_PACKAGES = (
    'debhelper',
    'dh-python',
    'dpkg-dev',
    'lintian',
    'pybuild-plugin-pyproject',
    'python3-all',
    'python3-setuptools',
    'python3-setuptools-scm',
)
# What `make deb-check` makes a Debian 13 with.
DEB_CHECK_PACKAGES = ('debian-archive-keyring', 'mmdebstrap')
DEBIAN_WALK_PACKAGES = (*DEB_CHECK_PACKAGES, 'iproute2', 'util-linux', 'xfsprogs')
TEST_PACKAGES = (
    *_MOUNTING,
    *_SERVERS,
    *_LOCKING,
    *_ALERTING,
    *_RECIPES,
    *_CLIENTS,
    *DEB_PACKAGES,
)
LAB_PACKAGES = ('mariadb-server', 'rabbitmq-server', 'e2fsprogs', 'sudo', *_MOUNTING)
_MARK = '# Written by the eic-plugins lab while it installs packages.'
_INSTALL_SECONDS = 1200


def venv_packages() -> tuple[str, ...]:
    """What `python -m venv` lacks; Debian packs ensurepip separately."""
    if importlib.util.find_spec('ensurepip') is None:
        return (f'python3.{sys.version_info.minor}-venv',)
    return ()


def missing(packages: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed."""
    if not packages:
        return []
    listed = subprocess.run(
        ['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n', *packages],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    installed = {
        line.split()[0]
        for line in listed.stdout.splitlines()
        if line.endswith(' installed')
    }
    return [name for name in packages if name not in installed]


def ensure(packages: Sequence[str], log: Path | None = None) -> None:
    """Install those of the packages that are missing."""
    if shutil.which('dpkg-query') is None:
        raise LabError(
            'This is not Debian: the lab installs its database and '
            'message broker from Debian 12 packages.'
        )
    wanted = missing(packages)
    if not wanted:
        return
    if os.geteuid() != 0:
        raise LabError(
            'Missing Debian packages: run as root, or: apt-get '
            f'install {" ".join(wanted)}'
        )
    with ServicePolicy().services_stay_down():
        # A stale list is no reason to fail: the install tells.
        _apt(['update'], log, check=False)
        _apt(['install', '--no-install-recommends', *wanted], log)
    still = missing(packages)
    if still:
        raise LabError(f'apt-get did not install {" ".join(still)}.')


@dataclasses.dataclass(frozen=True)
class ServicePolicy:
    """Debian's policy-rc.d: whether a package may start its services."""

    path: Path = Path('/usr/sbin/policy-rc.d')
    saved: Path = Path('/usr/sbin/policy-rc.d.eic-lab-saved')
    """Where the machine's own policy is meanwhile."""

    @contextlib.contextmanager
    def services_stay_down(self) -> Iterator[None]:
        """Keep packages from starting their services, and restore that policy.

        A run that was killed in here leaves our policy behind; the next one tells
        it by its mark and puts the saved one back.
        """
        self.restore()
        if self.path.exists():
            self.path.rename(self.saved)
        self.path.write_text(f'#!/bin/sh\n{_MARK}\nexit 101\n', encoding='utf-8')
        self.path.chmod(0o755)
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        """Put the machine's policy back, also after a run that was killed."""
        if self.path.exists() and _MARK in self.path.read_text(errors='replace'):
            self.path.unlink()
        if self.saved.exists():
            self.saved.rename(self.path)


def _apt(
    arguments: Sequence[str],
    log: Path | None,
    check: bool = True,
) -> None:
    env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8'}
    argv = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=300', *arguments]
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open('ab')) if log else None
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            check=False,
            timeout=_INSTALL_SECONDS,
        )
    if check and done.returncode:
        where = f'; its output is in {log}' if log else ''
        raise LabError(f'`{" ".join(argv)}` failed{where}.')


def main() -> int:
    """The command: install the packages of the group that is named."""
    groups = {
        'venv': venv_packages(),
        'lab': LAB_PACKAGES,
        'test': TEST_PACKAGES,
        'docs': DOCS_PACKAGES,
        'deb': DEB_PACKAGES,
        'deb-check': DEB_CHECK_PACKAGES,
        'debian-walk': DEBIAN_WALK_PACKAGES,
    }
    if len(sys.argv) != 2 or sys.argv[1] not in groups:  # noqa: PLR2004
        print('usage: python3 -m lab.packages ' + '|'.join(groups), file=sys.stderr)
        return 2
    try:
        ensure(groups[sys.argv[1]])
    except LabError as err:
        print(f'lab: {err}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
