"""What must be true of a release before it is anybody's."""

import sys
import tarfile
import tempfile
from pathlib import Path

from release import archives, build, sbom
from release.commands import ReleaseError, run
from release.environment import Environment, beside_hosts
from release.project import BUNDLE, ROOT, Project


def built(project: Project, sdist: Path, wheel: Path, clone: Path, epoch: int) -> None:
    """Twine takes it, the sdist makes the same wheel, and no path of ours is in it.

    :raises ReleaseError: something is not so
    """
    run([sys.executable, '-m', 'twine', 'check', '--strict', sdist, wheel], clone)
    same_wheel(sdist, wheel, epoch)
    words = [str(path).encode() for path in (clone, sdist.parent, ROOT)]
    told = [name for each in (sdist, wheel) for name in archives.naming(each, words)]
    if told:
        raise ReleaseError(f'a path of this machine is in {", ".join(told)}')
    if project is not BUNDLE:
        in_changelog(sdist, version_of(wheel))


def same_wheel(sdist: Path, wheel: Path, epoch: int) -> None:
    """The sdist alone, without git, makes the wheel.

    :raises ReleaseError: it makes another one
    """
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        (work / 'wheel').mkdir()
        with tarfile.open(sdist) as archive:
            archive.extractall(work / 'sdist', filter='data')
        (folder,) = (work / 'sdist').iterdir()
        again = build.wheel(folder, work / 'wheel', epoch)
        if again.name != wheel.name or archives.digest(again) != archives.digest(wheel):
            raise ReleaseError(f'the sdist makes another wheel than {wheel.name}')


def version_of(wheel: Path) -> str:
    """As the name of a wheel has it."""
    return wheel.name.split('-')[1]


def in_changelog(sdist: Path, version: str) -> None:
    """The simulator's changelog has each version that has a tag.

    :raises ReleaseError: it has not
    """
    text = next(
        content.decode()
        for name, content in archives.members(sdist).items()
        if name.endswith('/CHANGELOG.md')
    )
    if '+' not in version and f'## {version}\n' not in text:
        raise ReleaseError(f'simulator/CHANGELOG.md has no section "## {version}"')


def installed(
    environment: Environment, project: Project, wheel: Path, hosts: Path
) -> str:
    """Its programs start alone, and its plugins load where their hosts are.

    :param hosts: the Python of an environment with Cinder and Nova
    :raises ReleaseError: one does not
    """
    alone = environment.entry_points(project.name)
    hosted = {'waiting': {}, 'broken': {}, **alone}
    if project is BUNDLE:
        hosted = beside_hosts(hosts, wheel, project.name)
    for found in (alone, hosted):
        if found['broken']:
            raise ReleaseError(f'entry points do not load: {found["broken"]}')
    if hosted['waiting']:
        raise ReleaseError(f'not even beside Cinder: {hosted["waiting"]}')
    said = environment.run(program(project), '--version').split()[-1]
    if said != version_of(wheel):
        raise ReleaseError(f'{program(project)} says that it is {said}')
    return (
        f'{alone["loaded"]} plugins load alone, {hosted["loaded"]} beside the services'
    )


def program(project: Project) -> str:
    """The one that says its version."""
    return 'eic' if project is BUNDLE else project.name


def licences(document: Path) -> None:
    """Somebody has looked at each of them.

    :raises ReleaseError: at one nobody has
    """
    found = sbom.unknown(document)
    if found:
        raise ReleaseError(f'nobody has looked at these licences: {", ".join(found)}')
