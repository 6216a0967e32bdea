"""Runs tempest, as it is installed, on one side; reads what became of its tests."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import files
from tests.tempest import groups
from tests.tempest.groups import Group
from tests.tempest.results import Found, found

_PROBE = Path(__file__).with_name('probe.py')
_PRIVATE = 0o077
STREAM = 'subunit'


class SuiteError(Exception):
    """Tempest did not run."""


def run(
    python: Path, conf: Path, wanted: Sequence[Group], concurrency: int
) -> dict[str, Found]:
    """Run the groups' tests; the status of the run says nothing that they do not.

    :raises SuiteError: a group had no test
    """
    folder = conf.parent
    command = [
        python.with_name('tempest'),
        'run',
        '--config-file',
        conf,
        '--regex',
        groups.pattern(wanted),
        '--concurrency',
        str(concurrency),
        '--subunit',
    ]
    files.write_private(folder / STREAM, '')
    with (folder / STREAM).open('ab') as stream:
        subprocess.run(
            command,
            cwd=folder,
            stdout=stream,
            env={**os.environ, 'HOME': str(folder)},
            umask=_PRIVATE,
            check=False,
        )
    return by_group(read(python, folder / STREAM), wanted)


def read(python: Path, stream: Path) -> list[dict[str, Any]]:
    """Each test that ended."""
    done = subprocess.run(
        [python, _PROBE, stream], check=True, capture_output=True, text=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_group(
    tests: Sequence[dict[str, Any]], wanted: Sequence[Group]
) -> dict[str, Found]:
    """What each group's tests did.

    :raises SuiteError: a group had no test
    """
    named = [(bare(test['id']), test) for test in tests]
    result = {
        group.name: found(
            {**test, 'id': name} for name, test in named if group.has(name)
        )
        for group in wanted
    }
    empty = [name for name, each in result.items() if each == Found()]
    if empty:
        raise SuiteError(
            f'No test of {", ".join(empty)} ran: {len(tests)} results in all.'
        )
    return result


def bare(test: str) -> str:
    """The name of a class that was skipped or failed as a whole is in brackets."""
    for kind in ('setUpClass', 'tearDownClass'):
        if test.startswith(f'{kind} ('):
            return f'{test.removeprefix(f"{kind} (").removesuffix(")")}.{kind}'
    return test
