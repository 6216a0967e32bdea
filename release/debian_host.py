"""Installs the packages where they are for: in a Debian 13, beside its Cinder and Nova.

``make deb-check``. mmdebstrap makes that Debian in a folder, and deletes it. NetApp's
library comes from PyPI, as README.Debian says.
"""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from release.commands import ReleaseError, run
from release.debian import PACKAGES, TOOLS
from release.project import PROJECTS, ROOT

SUITE = 'trixie'
CONSTRAINTS = ROOT / 'constraints/2025.1.txt'
SERVICES = (
    'python3-cinder',
    'python3-nova',
    'python3-openstackclient',
    'python3-tempest',
)
PROJECT_NAMES = [project.name for project in PROJECTS]
_PROBE = Path(__file__).with_name('entry_points.py')


def check(folder: Path, work: Path) -> str:
    """Install the packages in a folder, and load all that plugs in somewhere.

    :raises ReleaseError: apt refuses them, or something does not load
    """
    found = [each for name in PACKAGES for each in folder.glob(f'{name}_*_all.deb')]
    options = [
        '--variant=apt',
        '--format=null',
        '--aptopt=APT::Install-Recommends "false"',
        f'--include={",".join(("python3-pip", *SERVICES))}',
        *(f'--customize-hook={hook}' for hook in _hooks(found, library(work), work)),
    ]
    run(['mmdebstrap', *options, SUITE, '-', mirror(work)], work, TOOLS)
    return ''.join(_loaded(name, work) for name in PROJECT_NAMES)


def library(work: Path) -> Path:
    """NetApp's, as a wheel."""
    pip = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
    run([*pip, '-c', CONSTRAINTS, '-d', work / 'library', 'netapp-ontap'], work)
    (wheel,) = (work / 'library').iterdir()
    return wheel


def _hooks(packages: list[Path], wheel: Path, work: Path) -> Iterator[str]:
    for file in (*packages, wheel, _PROBE):
        yield f'upload {shlex.quote(str(file))} /root/{file.name}'
    names = ' '.join(f'/root/{each.name}' for each in packages)
    yield inside(f'apt-get install -qq -y {names}')
    pip = 'python3 -m pip install -q --no-index --no-deps --break-system-packages'
    yield inside(f'{pip} --root-user-action=ignore /root/{wheel.name}')
    yield inside('eic --version && eic-ontap-simulator --version')
    for name in PROJECT_NAMES:
        yield inside(f'python3 /root/{_PROBE.name} {name} > /root/{name}.json || true')
        yield f'download /root/{name}.json {shlex.quote(str(work / name))}.json'


def inside(command: str) -> str:
    """A hook of mmdebstrap: a command in that Debian."""
    shell = f'export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive; {command}'
    return f'chroot "$1" sh -c {shlex.quote(shell)} >&2'


def mirror(work: Path) -> str:
    """This machine's."""
    targets = ['apt-get', 'indextargets', '--format', '$(REPO_URI)']
    return run(targets, work, TOOLS).split()[0]


def _loaded(name: str, work: Path) -> str:
    found = json.loads((work / f'{name}.json').read_text())
    if found['waiting'] or found['broken']:
        raise ReleaseError(f'on Debian, {name}: {found}')
    return f'{name}: {found["loaded"]} plugins and programs load on Debian 13\n'
