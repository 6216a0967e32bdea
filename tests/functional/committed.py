"""The tracked files as they are here, committed or not, as one commit elsewhere."""

import subprocess
from pathlib import Path

from release import commands
from release.project import ROOT

TIMEOUT = 120


def git(folder: Path, *arguments: str, umask: int = -1) -> None:
    """As somebody, with that umask."""
    subprocess.run(
        ['git', '-c', 'user.name=a', '-c', 'user.email=a@localhost', *arguments],
        cwd=folder,
        check=True,
        umask=umask,
        timeout=TIMEOUT,
    )


def committed(folder: Path) -> Path:
    """That repository, in an empty folder."""
    names = commands.run(['git', 'ls-files', '-z'], ROOT).split('\0')
    for name in filter(None, names):
        if (ROOT / name).exists():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
            target.chmod((ROOT / name).stat().st_mode)
    git(folder, 'init', '-q')
    git(folder, 'add', '.')
    git(folder, 'commit', '-qm', 'First')
    return folder
