"""Whoever opens the folder finds what the map says, and the other way round."""

import re
import sysconfig
from pathlib import Path

import pytest

from tests.unit import rooms

MANUALS = sorted([*rooms.ROOT.glob('*.md'), *(rooms.ROOT / 'docs').glob('*.md')])
PATHS = re.compile(r'(?<![\w/.])((?:[a-z_]+/)+[a-z_]+\.py)\b')
NAMES = re.compile(r'`(\w+)` in `((?:\w+/)+\w+\.py)`')
EXAMPLES = re.compile(r'^```python (\S+)$', re.MULTILINE)
"""Files that a manual shows how to add: they are where it says."""
PLACES = [
    rooms.ROOT,
    rooms.PACKAGE,
    rooms.ROOT / 'tests',
    rooms.ROOT / 'tests/contract',
    rooms.ROOT / 'simulator',
    Path(sysconfig.get_path('purelib')),
]
"""The last one for the source of Cinder and Nova."""


def test_the_map_shows_the_rooms_as_they_are() -> None:
    assert rooms.written() == rooms.tree(), 'run: python -m tests.unit.rooms'


def test_the_root_of_the_package_can_be_taken_in_at_a_glance() -> None:
    assert len(rooms.members(rooms.PACKAGE)) <= 14


def test_each_module_says_in_a_sentence_what_it_is() -> None:
    modules = sorted(rooms.PACKAGE.rglob('*.py'))
    assert [
        str(path) for path in modules if not path.read_text().startswith('"""')
    ] == []


@pytest.mark.parametrize('manual', MANUALS, ids=lambda path: path.name)
def test_a_module_that_a_manual_names_is_there(manual: Path) -> None:
    text = manual.read_text()
    named = set(PATHS.findall(text)) - set(EXAMPLES.findall(text))
    assert [
        path
        for path in sorted(named)
        if not any((place / path).exists() for place in PLACES)
    ] == []


@pytest.mark.parametrize('manual', MANUALS, ids=lambda path: path.name)
def test_a_function_or_table_that_a_manual_names_is_in_its_module(manual: Path) -> None:
    missing = [
        (name, path)
        for name, path in NAMES.findall(manual.read_text())
        if not re.search(
            rf'def {name}\(|^{name}\b.*=', (rooms.PACKAGE / path).read_text(), re.M
        )
    ]
    assert missing == []
