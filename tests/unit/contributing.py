"""The examples of CONTRIBUTING.md, carried out in a copy of the repository.

A block whose first line names a file behind the language is that file; a block
of kind ``diff`` is a change of it: lines that are there, and lines that come
behind them.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / 'CONTRIBUTING.md'
TIMEOUT = 300
_BLOCK = re.compile(
    r'^```(?P<language>\w+) (?P<path>\S+)\n(?P<text>.*?)^```$', re.DOTALL | re.MULTILINE
)
_NOT_COPIED = shutil.ignore_patterns(
    '.git',
    '.venv*',
    '.*_cache',
    '.hypothesis',
    '.coverage*',
    '*.egg-info',
    '__pycache__',
)


@dataclasses.dataclass(frozen=True)
class Block:
    """What one block of the guide adds to the repository."""

    language: str
    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Write the file, or change it."""
        target = root / self.path
        if self.language == 'diff':
            target.write_text(self._changed(target.read_text()))
        else:
            assert not target.exists(), f'{self.path} is there already'
            target.write_text(self.text)

    def _changed(self, text: str) -> str:
        lines = self.text.splitlines(keepends=True)
        before = '\n' + ''.join(line[1:] for line in lines if line[0] == ' ')
        after = '\n' + ''.join(line[1:] for line in lines)
        assert text.count(before) == 1, f'not once in {self.path}:{before}'
        return text.replace(before, after)


def blocks() -> list[Block]:
    """All blocks that belong to a file, in the guide's order."""
    return [Block(**found.groupdict()) for found in _BLOCK.finditer(GUIDE.read_text())]


class Copy:
    """A copy of the repository in which the examples were followed."""

    def __init__(self, root: Path) -> None:
        self.root = root / 'copy'
        self._home = root
        shutil.copytree(ROOT, self.root, ignore=_NOT_COPIED)
        for block in blocks():
            block.apply(self.root)
        # What `make venv` does with a new entry point.
        self.run('setup.py', '-q', 'egg_info')

    def run(self, *arguments: str, below: str = '.') -> None:
        """Run Python there; whatever it prints is shown if it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root / below,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        """Without the measuring of coverage, which is of the real files."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('COVERAGE_', 'PYTEST_', 'PYTHONPATH'))
        }
        # stevedore remembers entry points by path.
        return {**kept, 'XDG_CACHE_HOME': str(self._home)}
