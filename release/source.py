"""What a release is built from: a clone of the commit, and nothing that lies around.

Its files have the modes that git gives them, whatever the umask of the checkout was.
The commit's time is the time of all that is built (``SOURCE_DATE_EPOCH``).
"""

import dataclasses
from pathlib import Path

from release.commands import run


@dataclasses.dataclass(frozen=True)
class Source:
    """A clone; ``epoch`` is the commit's time, in seconds."""

    folder: Path
    commit: str
    epoch: int


def clone(repository: Path, folder: Path) -> Source:
    """The commit that is checked out, in a new folder; its tags come along."""
    run(['git', 'clone', '-q', '--no-hardlinks', repository, folder], folder.parent)
    commit = git(repository, 'rev-parse', 'HEAD')
    run(['git', 'checkout', '-q', '--detach', commit], folder)
    return Source(folder, commit, int(git(folder, 'log', '-1', '--format=%ct')))


def left_out(repository: Path) -> list[str]:
    """Tracked files that were changed and not committed."""
    said = git(repository, 'status', '--porcelain', '--untracked-files=no')
    return [line[2:].strip() for line in said.splitlines()]


def git(folder: Path, *arguments: str) -> str:
    """What git says of a repository."""
    return run(['git', *arguments], folder).rstrip()
