"""Debian's packages of a commit, by Debian's own tools: ``make deb``.

The upstream tarball is what git has of the commit, with the metadata of both projects'
sdists: so no package needs git, or its history, to know its version. debian/ has the
rest; only the version in its changelog is written here.
"""

import email.utils
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from release import archives, build, source
from release.commands import run
from release.project import BUNDLE, PROJECTS

TOOLS = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'DEBEMAIL': '', 'DEBFULLNAME': ''}
"""Debian's Python, and not one that was put in front of it."""
PACKAGES = ('eic-plugins', 'ontap-simulator')
_PRE_RELEASE = re.compile(r'\.?(?=dev|a\d|b\d|rc)')


def version(upstream: str) -> str:
    """Python's version as Debian orders it: what is before 1.2 is ``1.2~…``."""
    public, plus, local = upstream.partition('+')
    return f'{_PRE_RELEASE.sub("~", public, count=1)}{plus}{local}'


def packages(repository: Path, work: Path, target: Path) -> Sequence[Path]:
    """Build the source package and the binary ones, and have lintian look at them.

    :raises ReleaseError: a tool has failed, or lintian has found something
    """
    found = source.clone(repository, work / 'clone')
    infos = _infos(found, work)
    upstream = re.findall(r'^Version: (.+)$', infos[BUNDLE.name], re.M)[0]
    tree = _tree(found, infos, work / f'eic-plugins-{version(upstream)}')
    _tarball(tree, work / f'eic-plugins_{version(upstream)}.orig.tar.gz', found.epoch)
    shutil.copytree(found.folder / 'debian', tree / 'debian')
    _say_version(tree / 'debian/changelog', version(upstream), found)
    run(['dpkg-buildpackage', '-us', '-uc'], tree, TOOLS)
    (changes,) = work.glob('*.changes')
    # Nobody uploads from here: `UNRELEASED` is right.
    options = ['--fail-on', 'error,warning', '--suppress-tags', 'unreleased-changes']
    run(['lintian', '--allow-root', *options, changes], work, TOOLS)
    return [
        Path(shutil.copy(each, target)) for each in work.iterdir() if each.is_file()
    ]


def differing(first: Path, second: Path) -> list[str]:
    """Which packages of two builds are not the same; those of one commit are.

    What dpkg says of the build itself (``.changes``, ``.buildinfo``) has its time.
    """
    told = ('.changes', '.buildinfo')
    return [
        name for name in archives.differing(first, second) if not name.endswith(told)
    ]


def _infos(found: source.Source, work: Path) -> dict[str, str]:
    """PKG-INFO of each project."""
    out = work / 'sdists'
    out.mkdir()
    infos = {}
    for project in PROJECTS:
        sdist = build.sdist(found.folder / project.folder, out, found.epoch)
        top = sdist.name.removesuffix('.tar.gz')
        infos[project.name] = archives.members(sdist)[f'{top}/PKG-INFO'].decode()
    return infos


def _tree(found: source.Source, infos: dict[str, str], tree: Path) -> Path:
    packed = tree.with_suffix('.tar')
    what = ['HEAD', '.', ':(exclude)debian']
    run(['git', 'archive', '-o', packed, *what], found.folder)
    with tarfile.open(packed) as archive:
        archive.extractall(tree, filter='data')
    packed.unlink()
    for project in PROJECTS:
        (tree / project.folder / 'PKG-INFO').write_text(infos[project.name])
    return tree


def _tarball(tree: Path, path: Path, epoch: int) -> None:
    with tarfile.open(path, 'w:gz') as archive:
        archive.add(tree, tree.name)
    archives.normalise(path, epoch)


def _say_version(changelog: Path, upstream: str, found: source.Source) -> None:
    text = changelog.read_text()
    text = re.sub(r'\(.*?\)', f'({upstream}-1)', text, count=1)
    date = email.utils.formatdate(found.epoch)
    changelog.write_text(re.sub(r'(?m)^( -- .*>  ).*$', rf'\g<1>{date}', text, count=1))
