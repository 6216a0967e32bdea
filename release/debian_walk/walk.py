"""The walk: a machine is made, the page is followed, and all of it is looked at."""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from release.debian_walk import (
    expected,
    follow,
    ground,
    machine,
    page,
    storage,
    tree,
)
from release.debian_walk.report import Report
from release.project import ROOT

PAGE = ROOT / 'docs/debian.md'
_LIFS = {'MANAGEMENT_LIF': storage.MANAGEMENT, 'DATA_LIF': storage.DATA_ADDRESS}
_GROUND = 'Packages'
"""The section behind which ONTAP is needed."""
_SHOWN = (
    'cinder-volume',
    'glance-api',
    'keystone',
    'python3',
    'uwsgi-core',
    'rabbitmq-server',
    'etcd-server',
    'memcached',
    'eic-plugins',
)


def values(text: str) -> Mapping[str, str]:
    """What takes the place of the page's placeholders: passwords of this walk alone."""
    names = page.placeholders(text)
    return {name: _LIFS.get(name) or secrets.token_hex(12) for name in sorted(names)}


def walk(packages: Path, kept: Path, report: Report) -> Mapping[str, str]:
    """Walk through the page once; what is made for it is deleted.

    :param packages: a folder with ours
    :param kept: where Debian's are kept between two walks
    :returns: the versions of what was walked with
    :raises ReleaseError: the page cannot be followed
    """
    text = PAGE.read_text()
    known = values(text)
    sections = page.sections(text, known)
    with _folder() as work:
        root, log = work / 'root', work / 'log'
        report.say(f'Debian 13 in {root}')
        steps = [step for section in sections for step in section.steps]
        tree.make(root, packages, kept, work, steps)
        storage.disk(root)
        with machine.running(root, storage.DISK, log) as here:
            return _sections(here, sections, known['ONTAP_PASS'], report)


def _sections(
    here: machine.Machine,
    sections: Sequence[page.Section],
    password: str,
    report: Report,
) -> Mapping[str, str]:
    """Walk through all of them.

    :returns: versions, also of what a later section removes
    """
    walker = expected.Walker(here, report)
    expected.image(here)
    versions: dict[str, str] = {}
    for section in sections:
        report.say(section.title)
        for block in section.steps:
            follow.step(here, block)
        if section.title == _GROUND:
            here.shell('apt-get install -qq -y ./ontap-simulator_*_all.deb')
            ground.prepare(here, report)
            storage.start(here, password)
            storage.certificate(here)
        if section.title in expected.AFTER:
            expected.AFTER[section.title](walker)
        versions |= _versions(here)
    return versions


def _versions(here: machine.Machine) -> Mapping[str, str]:
    """Of those that are installed now."""
    # It exits with 1 if one of them is not.
    _, said = here.tried(['dpkg-query', '-W', '-f', '${Package} ${Version}\n', *_SHOWN])
    rows = (line.split() for line in said.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}  # noqa: PLR2004


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Where all of it is, and nothing afterwards."""
    work = Path(tempfile.mkdtemp(prefix='eic-debian-walk.', dir='/var/tmp'))
    # Users of the machine find their files in there.
    work.chmod(0o755)
    try:
        yield work
    finally:
        tree.remove(work)
