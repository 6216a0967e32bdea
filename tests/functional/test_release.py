"""What is released of a commit: its version, and the same bytes wherever it is built.

``make release`` does the same with pinned tools, and asks twine and the index, too.
"""

import os
import tarfile
from pathlib import Path

import pytest

from release import archives, build, check, commands, source
from release.project import PROJECTS, Project
from tests.functional.committed import committed, git

EVERY_PROJECT = pytest.mark.parametrize('project', PROJECTS, ids=lambda each: each.name)


@pytest.fixture(scope='module')
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One commit without a tag."""
    return committed(tmp_path_factory.mktemp('repository'))


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    git(tmp_path, 'clone', '-q', str(repository), 'clone')
    return tmp_path / 'clone'


def _built(project: Project, repository: Path, work: Path) -> tuple[Path, Path, int]:
    """Sdist, wheel and time of what is checked out."""
    work.mkdir()
    found = source.clone(repository, work / 'clone')
    out = work / 'out'
    out.mkdir()
    folder = found.folder / project.folder
    sdist = build.sdist(folder, out, found.epoch)
    return sdist, build.wheel(folder, out, found.epoch), found.epoch


@EVERY_PROJECT
def test_two_clones_make_the_same_bytes(
    project: Project, repository: Path, tmp_path: Path
) -> None:
    """At paths of different length, and one of them is readable by its owner alone."""
    long = tmp_path / 'another' / 'path to it'
    long.parent.mkdir()
    git(tmp_path, 'clone', '-q', str(repository), str(long), umask=0o077)
    assert not (long / 'setup.cfg').stat().st_mode & 0o044
    one = _built(project, repository, tmp_path / 'one')
    other = _built(project, long, tmp_path / 'other')
    assert archives.differing(one[0].parent, other[0].parent) == []


@EVERY_PROJECT
def test_the_sdist_alone_makes_the_wheel(
    project: Project, repository: Path, tmp_path: Path
) -> None:
    sdist, wheel, epoch = _built(project, repository, tmp_path / 'one')
    check.same_wheel(sdist, wheel, epoch)
    with pytest.raises(commands.ReleaseError):
        check.same_wheel(sdist, wheel, epoch + 86400)


@EVERY_PROJECT
def test_no_path_and_no_owner_of_this_machine_is_in_it(
    project: Project, repository: Path, tmp_path: Path
) -> None:
    sdist, wheel, _ = _built(project, repository, tmp_path / 'one')
    words = [str(tmp_path).encode(), str(repository).encode()]
    assert archives.naming(sdist, words) + archives.naming(wheel, words) == []
    with tarfile.open(sdist) as archive:
        owners = {(info.uid, info.uname, info.mode & 0o7000) for info in archive}
    assert owners == {(0, '', 0)}


def _version(folder: Path, tmp_path: Path) -> str:
    """As the build backend has it."""
    target = tmp_path / 'metadata'
    target.mkdir(exist_ok=True)
    return check.version_of(build.wheel(folder, target, 0))


def test_without_a_tag_the_version_names_the_commit(
    clone: Path, tmp_path: Path
) -> None:
    commit = source.git(clone, 'rev-parse', 'HEAD')
    first, _, node = _version(clone, tmp_path).partition('+g')
    assert first == '0.1.dev1'
    assert commit.startswith(node)


def test_a_tag_is_the_version_of_its_project_alone(clone: Path, tmp_path: Path) -> None:
    git(clone, 'tag', '-am', 'One', '1.2.0')
    git(clone, 'tag', '-am', 'Other', 'simulator-0.7.1')
    assert _version(clone, tmp_path) == '1.2.0'
    (tmp_path / 'other').mkdir()
    assert _version(clone / 'simulator', tmp_path / 'other') == '0.7.1'


def test_behind_a_tag_the_version_is_between_it_and_the_next_one(
    clone: Path, tmp_path: Path
) -> None:
    git(clone, 'tag', '-am', 'One', '1.2.0')
    git(clone, 'commit', '-qm', 'Two', '--allow-empty')
    assert _version(clone, tmp_path).startswith('1.2.1.dev1+g')


def test_a_shallow_clone_without_tags_is_built(
    repository: Path, tmp_path: Path
) -> None:
    """As CI has it."""
    options = ['--depth', '1', '--no-tags', f'file://{repository}']
    git(tmp_path, 'clone', '-q', *options, 'shallow')
    found = source.clone(tmp_path / 'shallow', tmp_path / 'of-the-commit')
    assert found.commit == source.git(repository, 'rev-parse', 'HEAD')
    assert _version(found.folder, tmp_path).startswith('0.1.dev1+g')


def test_a_tree_without_git_is_built(clone: Path, tmp_path: Path) -> None:
    """It does not know what it is of."""
    (clone / '.git').rename(tmp_path / 'git')
    assert _version(clone, tmp_path) == '0.0'


def test_what_is_not_committed_is_named_and_left_out(
    clone: Path, tmp_path: Path
) -> None:
    with (clone / 'README.md').open('a') as file:
        file.write('Changed.\n')
    (clone / 'eic_plugins/untracked.py').write_text('')
    assert source.left_out(clone) == ['README.md']
    found = source.clone(clone, tmp_path / 'of-the-commit')
    assert 'Changed.' not in (found.folder / 'README.md').read_text()
    assert not (found.folder / 'eic_plugins/untracked.py').exists()


def test_a_version_with_a_tag_is_in_the_changelog_of_the_simulator(
    clone: Path, tmp_path: Path
) -> None:
    git(clone, 'tag', '-am', 'One', 'simulator-7.8.9')
    out = tmp_path / 'out'
    out.mkdir()
    sdist = build.sdist(clone / 'simulator', out, 0)
    with pytest.raises(commands.ReleaseError, match=r'## 7\.8\.9'):
        check.in_changelog(sdist, '7.8.9')
    check.in_changelog(sdist, f'7.8.9.dev1+g{os.urandom(4).hex()}')
