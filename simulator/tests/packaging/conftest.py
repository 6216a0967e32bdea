"""What is released: the sdist and the wheel, built from a copy of this folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT = 180
VERSION = '7.8.9'
"""As if it had this tag."""
_UNWANTED = ('*.egg-info', '__pycache__', '.*', 'build', 'dist')


@pytest.fixture(scope='session')
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist and, built from the sdist alone, the wheel."""
    work = tmp_path_factory.mktemp('built')
    copy = work / 'copy'
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_UNWANTED))
    _build('sdist', copy, work)
    shutil.unpack_archive(_only(work, '*.tar.gz'), work / 'unpacked')
    _build('wheel', _only(work / 'unpacked', '*'), work)
    return work


@pytest.fixture(scope='session')
def sdist(built: Path) -> Path:
    """The sdist, unpacked."""
    return _only(built / 'unpacked', '*')


@pytest.fixture(scope='session')
def wheel(built: Path) -> Path:
    """The wheel."""
    return _only(built, '*.whl')


def _build(kind: str, source: Path, target: Path) -> None:
    """Call the hook that ``pip`` and ``python -m build`` call."""
    code = f'import setuptools.build_meta as b; b.build_{kind}({str(target)!r})'
    subprocess.run(
        [sys.executable, '-c', code],
        cwd=source,
        env={**os.environ, 'SETUPTOOLS_SCM_PRETEND_VERSION': VERSION},
        check=True,
        capture_output=True,
        timeout=TIMEOUT,
    )


def _only(directory: Path, pattern: str) -> Path:
    (found,) = directory.glob(pattern)
    return found
