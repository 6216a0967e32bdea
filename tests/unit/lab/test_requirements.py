"""Without .venv, the lab's commands say what to do instead of an import error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import requirements
from lab.errors import LabError
from lab.paths import REPOSITORY


@pytest.mark.parametrize('module', ['lab.cli', 'lab.packages', 'lab.requirements'])
def test_the_standard_library_is_enough_to_begin_with(module: str) -> None:
    code = f'import sys; sys.path.insert(0, sys.argv[1]); import {module}'
    subprocess.run(
        [sys.executable, '-I', '-S', '-c', code, str(REPOSITORY)],
        check=True,
        timeout=60,
    )


def test_without_openstack_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    with pytest.raises(LabError, match='run `make lab`'):
        requirements.check_python()


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    with pytest.raises(LabError, match='run it with sudo'):
        requirements.check_user()
