"""Each library that EIC asks for has a licence that somebody has looked at."""

import json
from pathlib import Path
from typing import Any

import pytest

from release import pages, sbom
from release.project import BUNDLE
from tests.requirements import canonical, requirements


def _document(path: Path, *licences: Any) -> Path:
    part = {'name': 'lib', 'version': '1', 'licenses': list(licences)}
    path.write_text(json.dumps({'components': [part]}))
    return path


def _named(name: str) -> Any:
    return {'license': {'name': name}}


@pytest.mark.parametrize(
    'licences',
    [
        [{'license': {'id': 'Apache-2.0'}}],
        [{'expression': 'GPL-3.0-only OR MIT'}],
        [{'expression': 'MIT AND PSF-2.0'}],
        [_named('License :: OSI Approved'), _named('License :: OSI Approved :: BSD')],
        # The exact word counts, and not the classifier beside it.
        [{'license': {'id': 'MIT'}}, _named('License :: Other/Proprietary License')],
    ],
)
def test_these_are_fine(tmp_path: Path, licences: list[Any]) -> None:
    assert sbom.unknown(_document(tmp_path / 'it.json', *licences)) == []


@pytest.mark.parametrize(
    ('licences', 'said'),
    [
        ([], 'lib: none'),
        ([{'license': {'id': 'GPL-3.0-only'}}], 'lib: GPL-3.0-only'),
        ([{'expression': 'MIT AND AGPL-3.0'}], 'lib: MIT AND AGPL-3.0'),
        (
            [{'license': {'id': 'MIT'}}, {'license': {'id': 'SSPL'}}],
            'lib: MIT AND SSPL',
        ),
        ([_named('License :: OSI Approved')], 'lib: none'),
    ],
)
def test_these_are_looked_at_first(
    tmp_path: Path, licences: list[Any], said: str
) -> None:
    assert sbom.unknown(_document(tmp_path / 'it.json', *licences)) == [said]


def test_the_manual_has_the_licence_of_each_library_that_is_asked_for() -> None:
    begin, end = pages.marks(BUNDLE.name)
    table = pages.PAGE.read_text().partition(begin)[2].partition(end)[0]
    rows = [line.split('|') for line in table.splitlines() if line.startswith('| ')]
    licences = {canonical(row[1].strip()): row[2].strip() for row in rows}
    assert [
        each.name for each in requirements() if not licences.get(canonical(each.name))
    ] == []
