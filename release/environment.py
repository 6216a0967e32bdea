"""An environment with one wheel and what it asks for: what an operator would have."""

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from release.commands import run
from release.project import ROOT

CONSTRAINTS = ROOT / 'constraints/2026.2.txt'
_PROBE = Path(__file__).with_name('entry_points.py')


@dataclasses.dataclass(frozen=True)
class Environment:
    """A virtual environment, without pip in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / 'bin/python'

    def run(self, program: str, *arguments: str) -> str:
        """What one of its programs says."""
        return run([self.folder / 'bin' / program, *arguments], self.folder)

    def entry_points(self, name: str) -> Any:
        """Which entry points load in it: see :mod:`release.entry_points`."""
        return json.loads(run([self.python, _PROBE, name], self.folder))


def install(wheel: Path, folder: Path) -> Environment:
    """A new environment with a wheel, and the newest libraries that were tested."""
    run([sys.executable, '-m', 'venv', '--without-pip', folder], folder.parent)
    made = Environment(folder)
    _pip(made.python, '-c', str(CONSTRAINTS), str(wheel))
    return made


def beside_hosts(python: Path, wheel: Path, name: str) -> Any:
    """Which entry points of a wheel load where Cinder and its like are installed.

    :param python: of an environment with them, which stays as it is
    """
    with tempfile.TemporaryDirectory() as folder:
        _pip(python, '--no-deps', '--target', folder, str(wheel))
        env = {'PYTHONPATH': folder, 'PYTHONWARNINGS': 'ignore'}
        return json.loads(run([python, _PROBE, name], Path(folder), env))


def _pip(python: Path, *arguments: str) -> None:
    pip = [sys.executable, '-m', 'pip', '--python', str(python), 'install']
    quiet = ['--quiet', '--disable-pip-version-check', '--no-compile']
    run([*pip, *quiet, *arguments], ROOT)
