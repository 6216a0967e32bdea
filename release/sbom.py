"""The bill of materials of a wheel: CycloneDX, by its own tool, from an environment.

The licences are read from it, too. What is in it follows from the wheel and from
``constraints/2026.2.txt``, so it is the same from build to build.
"""

import json
import re
import sys
from email.parser import Parser
from pathlib import Path
from typing import Any

from release.archives import members
from release.commands import ReleaseError, run
from release.environment import Environment

_KNOWN = (
    'Apache',
    'BSD',
    'ISC',
    'LGPL',
    'MIT',
    'MPL',
    'PSF',
    'LicenseRef-Repoze-BSD-derived',
)
"""Words of licences that a program under Apache-2.0 may depend on at run time."""
_NO_LICENCE = 'License :: OSI Approved'


def write(environment: Environment, wheel: Path, target: Path) -> None:
    """The document, which the tool has validated against its schema."""
    about = environment.folder / 'pyproject.toml'
    about.write_text(_pyproject(wheel))
    tool = [sys.executable, '-m', 'cyclonedx_py', 'environment', '--validate']
    options = ['--output-reproducible', '--mc-type=library', f'--pyproject={about}']
    where = ['-o', str(target), str(environment.python)]
    run([*tool, *options, *where], environment.folder)
    if not [name for name, _, _ in licences(target)]:
        raise ReleaseError(f'{target.name} names no library')


def _pyproject(wheel: Path) -> str:
    """What the tool takes the released project's own name and version from."""
    said = Parser().parsestr(_metadata(wheel))
    keys = ('Name', 'Version')
    lines = [f'{key.lower()} = {json.dumps(said[key])}' for key in keys]
    return '\n'.join(['[project]', *lines, 'license = "Apache-2.0"\n'])


def _metadata(wheel: Path) -> str:
    (text,) = (
        content
        for name, content in members(wheel).items()
        if name.endswith('.dist-info/METADATA')
    )
    return text.decode()


def licences(document: Path) -> list[tuple[str, str, str]]:
    """Name, version and licence of each library in a document."""
    found = json.loads(document.read_text())
    return sorted(
        (
            (part['name'], part['version'], licence(part))
            for part in found['components']
        ),
        key=lambda row: row[0].lower(),
    )


def licence(part: Any) -> str:
    """What a library says of itself; trove classifiers count if there is no more."""
    said = {
        each.get('expression') or each['license'].get('id') or each['license']['name']
        for each in part.get('licenses', [])
    }
    exact = {name for name in said if '::' not in name}
    vague = {name.rpartition(' :: ')[2] for name in said - {_NO_LICENCE}}
    return ' AND '.join(sorted(exact or vague))


def unknown(document: Path) -> list[str]:
    """Libraries whose licence is none that is known to be fine."""
    return [
        f'{name}: {found or "none"}'
        for name, _, found in licences(document)
        if not all(_is_known(part) for part in found.split(' AND '))
    ]


def _is_known(expression: str) -> bool:
    """``A OR B`` is fine if one of them is."""
    return any(
        re.search(rf'\b({"|".join(_KNOWN)})\b', choice)
        for choice in expression.split(' OR ')
    )


def table(document: Path) -> str:
    """The licences in Markdown."""
    rows = [f'| {name} | {found} |' for name, _, found in licences(document)]
    return '\n'.join(['| library | licence |', '| --- | --- |', *rows])
