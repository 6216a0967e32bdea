"""What ``eic check`` and other readers say of files that a recipe has or wrote."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CINDER = (
    'cinder-auth',
    'cinder-backends',
    'cinder-credentials',
    'cinder-driver',
    'cinder-eic-options',
    'cinder-filter',
    'cinder-filter-factory',
    'cinder-filter-options',
    'cinder-filter-place',
    'cinder-glance-auth',
    'cinder-legacy-client',
    'cinder-values',
    'scheduler-weigher',
    'scheduler-weighers-known',
)
NOVA = (
    'nova-auth',
    'nova-eic-options',
    'nova-filter',
    'nova-filter-factory',
    'nova-filter-options',
    'nova-filter-place',
    'nova-values',
)
GLANCE = ('glance-metadata-keys', 'glance-metadata-type', 'glance-share-location')
_COMMAND = 'import sys; from eic_plugins.cli.main import main; sys.exit(main())'
_TIMEOUT = 120


def results(files: Mapping[str, Path], *options: str) -> dict[str, str]:
    """The result of each check that needs nothing but these files.

    :param files: by service: cinder, nova, glance
    :param options: of the command
    """
    groups = {'cinder': CINDER, 'nova': NOVA, 'glance': GLANCE}
    named = [f'--config-file={service}={path}' for service, path in files.items()]
    names = [name for service in files for name in groups[service]]
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            _COMMAND,
            'check',
            '-v',
            '-f',
            'json',
            *named,
            *options,
            *names,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    rows = json.loads(done.stdout)
    assert {row['Check'] for row in rows} == {*names}, done.stderr
    return {row['Check']: f'{row["Result"]}: {row["Why"]}' for row in rows}


def complaints(files: Mapping[str, Path], *options: str) -> dict[str, str]:
    """Those results that are not ``pass``."""
    found = results(files, *options)
    return {name: why for name, why in found.items() if not why.startswith('pass: ')}


def shellcheck(*scripts: Path) -> None:
    """Fail if shellcheck finds something."""
    if shutil.which('shellcheck') is None:
        pytest.skip('shellcheck is missing: install it')
    done = subprocess.run(
        ['shellcheck', *map(str, scripts)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    assert done.returncode == 0, done.stdout
