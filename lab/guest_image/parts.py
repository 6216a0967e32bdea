"""Debian's packages that the guest is made of: fetched and unpacked, not installed.

A kernel that is installed would change the boot of this machine, and busybox-static
would take the place of busybox. ``mtools`` and ``dosfstools`` are installed
(lab/packages.py); they make the disk's file system.
"""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab import commands, files
from lab.context import Lab
from lab.errors import LabError

_KERNEL = 'linux-image-cloud-amd64'
"""Names the newest kernel's package as what it depends on."""
_OTHERS = ('busybox-static', 'syslinux', 'syslinux-common')
_LIST_SECONDS = 120
_FETCH_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Parts:
    """The directory that the packages are unpacked in."""

    directory: Path

    @property
    def kernel(self) -> Path:
        """What syslinux loads."""
        return self._only('boot/vmlinuz-*')

    @property
    def busybox(self) -> Path:
        """All of the guest's commands, linked to no library."""
        return self.directory / 'bin/busybox'

    @property
    def syslinux(self) -> Path:
        """Makes a FAT file system one that boots."""
        return self.directory / 'usr/bin/syslinux'

    @property
    def boot_record(self) -> Path:
        """The code of the first sector: it starts the partition that is active."""
        return self.directory / 'usr/lib/syslinux/mbr/mbr.bin'

    def module(self, name: str) -> Path:
        """A module of the kernel."""
        return self._only(f'lib/modules/*/kernel/**/{name}.ko')

    def _only(self, pattern: str) -> Path:
        found = sorted(self.directory.glob(pattern))
        if len(found) != 1:
            raise LabError(
                f'{self.directory} should have one {pattern}, and has {len(found)}: '
                'delete the directory, and it is fetched again.'
            )
        return found[0]


def fetch(lab: Lab) -> Parts:
    """Have the parts; what is there is not fetched again.

    :raises LabError: a package cannot be fetched
    """
    target = lab.paths / 'guest/parts'
    if not target.exists():
        unfinished = target.with_name('parts.new')
        shutil.rmtree(unfinished, ignore_errors=True)
        files.private_dir(unfinished)
        _unpack(lab, [_kernel_package(), *_OTHERS], unfinished)
        unfinished.rename(target)
    return Parts(target)


def _kernel_package() -> str:
    listed = commands.output_of(
        ['apt-cache', 'depends', '--important', _KERNEL], _LIST_SECONDS
    )
    names = [
        line.split()[1]
        for line in listed.splitlines()
        if line.strip().startswith('Depends:')
    ]
    if not names:
        raise LabError(
            f'apt-cache knows no {_KERNEL}: the guest needs Debian on amd64, and '
            '`apt-get update`.'
        )
    return names[0]


def _unpack(lab: Lab, packages: Sequence[str], target: Path) -> None:
    downloads = files.private_dir(target / 'packages')
    commands.run(
        [
            *('env', f'--chdir={downloads}', 'apt-get', '-q'),
            *('-o', 'APT::Sandbox::User=root', 'download', *packages),
        ],
        lab.paths.log('guest'),
        seconds=_FETCH_SECONDS,
        cancel=lab.cancel,
    )
    for package in sorted(downloads.glob('*.deb')):
        lab.run('guest', ['dpkg-deb', '-x', str(package), str(target)])
    shutil.rmtree(downloads)
