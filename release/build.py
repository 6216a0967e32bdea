"""Builds the sdist and the wheel of a project with the pinned build backend.

``release/requirements.txt`` has the pins. The backend's own hooks are called, as
``pip`` calls them; nothing is installed for it meanwhile.
"""

import sys
from pathlib import Path

from release.archives import normalise
from release.commands import run

_HOOK = 'import setuptools.build_meta as b; b.build_{}({!r})'


def sdist(folder: Path, target: Path, epoch: int) -> Path:
    """The sdist of the project in a folder, the same from build to build."""
    built = _built('sdist', folder, target, epoch)
    normalise(built, epoch)
    return built


def wheel(folder: Path, target: Path, epoch: int) -> Path:
    """The wheel of the project in a folder: a clone, or an sdist that was unpacked."""
    return _built('wheel', folder, target, epoch)


def _built(kind: str, folder: Path, target: Path, epoch: int) -> Path:
    before = set(target.iterdir())
    code = _HOOK.format(kind, str(target))
    run([sys.executable, '-c', code], folder, {'SOURCE_DATE_EPOCH': str(epoch)})
    (built,) = set(target.iterdir()) - before
    return built
