"""The release notes are rendered in a clone, and in a tree without history."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT = 120
NEWEST_AND_OLDEST = ('First release', 'A volume of a cached image on iSCSI')


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What an archive of the repository has."""
    for name in ('Makefile', 'pyproject.toml'):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / 'releasenotes', tmp_path / 'releasenotes')
    return tmp_path


def _rendered(tree: Path) -> str:
    subprocess.run(
        [
            'make',
            # As if everything were installed.
            '--old-file=.venv/.installed',
            f'BIN={Path(sys.executable).parent}',
            'release-notes',
        ],
        cwd=tree,
        check=True,
        timeout=TIMEOUT,
    )
    return (tree / 'build/release-notes.rst').read_text()


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(
        ['git', '-c', 'user.name=a', '-c', 'user.email=a@localhost', *arguments],
        cwd=tree,
        check=True,
        timeout=TIMEOUT,
    )


def _has_all(notes: str) -> bool:
    return all(
        ' '.join(said.split()) in ' '.join(notes.split()) for said in NEWEST_AND_OLDEST
    )


def test_without_history(tree: Path) -> None:
    assert _has_all(_rendered(tree))


def test_with_the_newest_commit_alone(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _git(tree, 'init', '-q')
    _git(tree, 'add', '.')
    _git(tree, 'commit', '-qm', 'One')
    _git(tree, 'commit', '-qm', 'Two', '--allow-empty')
    shallow = tmp_path_factory.mktemp('shallow') / 'clone'
    _git(tree, 'clone', '-q', '--depth', '1', f'file://{tree}', str(shallow))
    assert _has_all(_rendered(shallow))


def test_what_is_behind_a_tag_is_not_released(tree: Path) -> None:
    _git(tree, 'init', '-q')
    _git(tree, 'add', '.')
    _git(tree, 'commit', '-qm', 'One')
    _git(tree, 'tag', '-am', 'First', '0.1.0')
    # That one is the simulator's.
    _git(tree, 'tag', '-am', 'Other', 'simulator-9.9.9')
    note = tree / 'releasenotes/notes/later-0123456789abcdef.yaml'
    note.write_text('---\nfixes:\n  - |\n    Later.\n')
    _git(tree, 'add', '.')
    _git(tree, 'commit', '-qm', 'Two')
    rendered = _rendered(tree)
    assert rendered.index('Not released yet') < rendered.index('- Later.')
    assert rendered.index('- Later.') < rendered.index('\n0.1.0\n')
    assert '9.9.9' not in rendered
