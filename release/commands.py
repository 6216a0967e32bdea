"""Runs programs for a release, in an environment that is the same on each machine."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECONDS = 1200
_KEPT = ('PATH', 'HOME', 'TMPDIR', 'PIP_INDEX_URL', 'PIP_CONFIG_FILE', 'EIC_INDEX')
"""pip finds its index by the last ones, and by what is in ``HOME``."""
_FIXED = {'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'PYTHONHASHSEED': '0'}
_UMASK = 0o022


class ReleaseError(Exception):
    """What is wrong with a release, in a sentence."""


def run(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None
) -> str:
    """What a program says.

    :param env: beside what is fixed
    :raises ReleaseError: it failed
    """
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **_FIXED, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=_UMASK,
        timeout=_SECONDS,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).strip()[-2000:]
        raise ReleaseError(f'{" ".join(map(str, command))}: {said}')
    return done.stdout
