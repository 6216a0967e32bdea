"""``python -m release WHAT FOLDER``, with the Python of ``.venv-release``.

``build FOLDER``
    builds what is checked out, checks it, and puts it into a folder. ``--source`` is
    another clone, ``--hosts`` the Python that has Cinder and Nova.
``twice FOLDER``
    compares what is there with what a clone at another path and with another umask
    makes.
``deb FOLDER``
    builds Debian's packages of what is checked out.
``deb-check FOLDER``
    installs those in a Debian 13, and loads all that plugs in somewhere.
``licences FOLDER``
    writes the table of docs/licences.md from the bill of materials that is there.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release import (
    archives,
    build,
    check,
    debian,
    debian_host,
    environment,
    pages,
    sbom,
    source,
)
from release.commands import ReleaseError, run
from release.project import PROJECTS, ROOT, Project

WHAT = ('build', 'twice', 'deb', 'deb-check', 'licences')


def make(repository: Path, hosts: Path, target: Path) -> None:
    """Build and check both projects; the folder has nothing else afterwards."""
    for name in source.left_out(repository):
        print(f'not in it, for it is not committed: {name}', flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        found = source.clone(repository, work / 'clone')
        out = work / 'out'
        out.mkdir()
        for project in PROJECTS:
            print(f'{project.name} of {found.commit[:12]}', flush=True)
            _one(project, found, hosts, out)
        (out / archives.SUMS).write_text(archives.sums(out))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(out, target)
    print((target / archives.SUMS).read_text(), end='')


def _one(project: Project, found: source.Source, hosts: Path, out: Path) -> None:
    folder = found.folder / project.folder
    work = out.parent
    built = work / project.name
    built.mkdir()
    sdist = build.sdist(folder, built, found.epoch)
    wheel = build.wheel(folder, built, found.epoch)
    check.built(project, sdist, wheel, found.folder, found.epoch)
    alone = environment.install(wheel, work / f'{project.name}-alone')
    print(f'  {check.installed(alone, project, wheel, hosts)}', flush=True)
    document = built / f'{project.stem}-{check.version_of(wheel)}.cdx.json'
    sbom.write(alone, wheel, document)
    check.licences(document)
    for file in built.iterdir():
        shutil.copy(file, out)


def twice(first: Path, hosts: Path) -> None:
    """Build once more from another path, with another umask.

    :raises ReleaseError: something differs
    """
    with tempfile.TemporaryDirectory(prefix='another path ') as scratch:
        clone, second = Path(scratch, 'clone'), Path(scratch, 'second')
        with_umask('git', 'clone', '-q', str(ROOT), str(clone))
        options = ['--source', str(clone), '--hosts', str(hosts)]
        with_umask(sys.executable, '-m', 'release', 'build', str(second), *options)
        found = archives.differing(first, second)
    if found:
        raise ReleaseError(f'not the same bytes: {", ".join(found)}')
    print(f'the same bytes twice: {len(list(first.iterdir()))} files')


def deb(repository: Path, target: Path) -> None:
    """Build Debian's packages; the folder has nothing else afterwards."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(debian.packages(repository, Path(scratch), target)):
            print(file.name)


def deb_check(folder: Path) -> None:
    """Build them once more, and install them where they are for.

    :raises ReleaseError: these are others than those in the folder, or do not work
    """
    with tempfile.TemporaryDirectory() as scratch:
        again = Path(scratch, 'again')
        deb(ROOT, again)
        found = debian.differing(folder, again)
        if found:
            raise ReleaseError(f'not the same bytes: {", ".join(found)}')
        # mmdebstrap's own user reads what is uploaded.
        Path(scratch).chmod(0o755)
        print(debian_host.check(folder, Path(scratch)), end='')


def with_umask(*command: str) -> None:
    """Run it as somebody does who gives nothing away."""
    run(['sh', '-c', 'umask 077; exec "$@"', 'sh', *command], ROOT)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog='python -m release')
    parser.add_argument('what', choices=WHAT)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--source', type=Path, default=ROOT)
    parser.add_argument('--hosts', type=Path, default=ROOT / '.venv/bin/python')
    options = parser.parse_args(arguments)
    # Not resolved: an environment's Python is a link to another one.
    hosts = options.hosts.absolute()
    folder = options.folder.resolve()
    try:
        if options.what == 'build':
            make(options.source.resolve(), hosts, folder)
        elif options.what == 'twice':
            twice(folder, hosts)
        elif options.what == 'deb':
            deb(options.source.resolve(), folder)
        elif options.what == 'deb-check':
            deb_check(folder)
        else:
            pages.write(folder)
    except ReleaseError as err:
        print(f'release: {err}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
