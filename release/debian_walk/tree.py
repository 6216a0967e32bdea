"""Makes the Debian that the walk happens in, and what it will install there.

Installing happens on the walk, without a network: so apt brings the packages of the
page beforehand. They are kept in a folder between two walks.
"""

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from release.commands import ReleaseError, run
from release.debian import PACKAGES, TOOLS
from release.debian_host import SUITE, inside, library, mirror
from release.debian_walk import page

_INCLUDED = ('ca-certificates', 'iproute2', 'procps', 'python3')
"""What a fresh installation has."""
_NO_SERVICES = '#!/bin/sh\nexit 101\n'
"""As in all containers: what is installed is not started by that."""
_INSTALL = re.compile(r'apt-get install (?P<what>[^&;|]+)')
_ARCHIVES = '"$1"/var/cache/apt/archives'
WHEELS = '/root/wheels'
_ALONE = (
    'unshare',
    *('--mount', '--propagation', 'private'),
    *('--pid', '--mount-proc', '--fork', '--kill-child'),
)
"""What mmdebstrap mounts is gone with it, also if it is killed."""


def make(
    root: Path, packages: Path, kept: Path, work: Path, steps: Sequence[page.Step]
) -> None:
    """Make it.

    :param packages: a folder with ours
    :param kept: where Debian's are kept
    :raises ReleaseError: one of ours is not there, or apt has not got all
    """
    ours = [_newest(packages, name) for name in PACKAGES]
    kept.mkdir(parents=True, exist_ok=True)
    options: list[str] = [
        '--mode=root',
        '--variant=apt',
        '--format=directory',
        '--aptopt=APT::Install-Recommends "false"',
        *(f'--skip={each}' for each in ('download/empty', 'essential/unlink')),
        '--skip=cleanup/apt',
        f'--include={",".join(_INCLUDED)}',
        *(f'--setup-hook={hook}' for hook in _before(kept, work)),
        *(f'--customize-hook={hook}' for hook in _after(ours, kept, work, steps)),
    ]
    run([*_ALONE, 'mmdebstrap', *options, SUITE, root, mirror(work)], work, TOOLS)
    (root / 'etc/hosts').write_text('127.0.0.1 localhost controller\n')
    (root / 'etc/hostname').write_text('controller\n')


def _newest(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f'{name}_*_all.deb'))
    if not found:
        raise ReleaseError(f'there is no {name} in {folder}: make deb')
    return found[-1]


def _before(kept: Path, work: Path) -> Iterator[str]:
    yield f'mkdir -p {_ARCHIVES} "$1"/usr/sbin'
    yield f'find {shlex.quote(str(kept))} -name "*.deb" -exec cp -t {_ARCHIVES} {{}} +'
    policy = work / 'policy-rc.d'
    policy.write_text(_NO_SERVICES)
    yield f'install -m 755 {shlex.quote(str(policy))} "$1"/usr/sbin/policy-rc.d'


def _after(
    ours: Sequence[Path], kept: Path, work: Path, steps: Sequence[page.Step]
) -> Iterator[str]:
    for file in ours:
        yield f'upload {shlex.quote(str(file))} /root/{file.name}'
    wheel = library(work)
    yield f'mkdir -p "$1"{WHEELS}'
    yield f'upload {shlex.quote(str(wheel))} {WHEELS}/{wheel.name}'
    for what in [*wanted(steps), './ontap-simulator_*_all.deb']:
        yield inside(f'cd /root && apt-get install -qq -y --download-only {what}')
    yield f'cp -n {_ARCHIVES}/*.deb {shlex.quote(str(kept))}'


def wanted(steps: Sequence[page.Step]) -> list[str]:
    """What the page has apt install, each time with its options."""
    text = '\n'.join(step.text for step in steps if step.language == page.SHELL)
    return [
        ' '.join(found['what'].split())
        for line in text.replace('\\\n', ' ').splitlines()
        for found in _INSTALL.finditer(line)
    ]


def remove(folder: Path) -> None:
    """Delete it, unless something is mounted in there: that would be deleted, too.

    :raises ReleaseError: something is
    """
    mounts = Path('/proc/self/mounts').read_text()
    found = [line for line in mounts.splitlines() if f' {folder}/' in line]
    if found:
        raise ReleaseError(f'left in {folder}, for it has mounts: {found}')
    shutil.rmtree(folder, ignore_errors=True)
