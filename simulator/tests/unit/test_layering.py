"""Imports point one way: a room knows only the rooms before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import ontap_simulator
import pytest

PACKAGE = Path(ontap_simulator.__file__).parent
ORDER = (
    '__init__',
    'errors',
    'records',
    'filters',
    'field_names',
    'search',
    'query',
    'reference',
    'rate',
    'fault_kinds',
    'faults',
    'personality',
    'disk',
    'topology',
    'models',
    'responses',
    'strict',
    'urls',
    'routing',
    'bulk',
    'dispatching',
    'zapi',
    'calls',
    'control',
    'wire',
    'app',
    'tls',
    'server',
    'exports',
    'mount',
    'usage',
    'main',
    '__main__',
    'testing',
)
"""From those that know nobody to those that nobody knows."""


def imported(room: Path) -> Iterator[str]:
    """The rooms that a room imports from."""
    for module in [room] if room.suffix else sorted(room.rglob('*.py')):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                package, _, below = node.module.partition('.')
                names = [below] if below else [alias.name for alias in node.names]
                if package == PACKAGE.name:
                    yield from (name.partition('.')[0] for name in names)


def rooms() -> dict[str, Path]:
    return {
        path.stem: path
        for path in PACKAGE.iterdir()
        if path.suffix == '.py' or (path / '__init__.py').exists()
    }


def test_every_room_has_its_place() -> None:
    assert set(rooms()) == set(ORDER)


@pytest.mark.parametrize('name', ORDER)
def test_a_room_knows_only_the_rooms_before_it(name: str) -> None:
    known = {*ORDER[: ORDER.index(name) + 1], '__version__'}
    assert set(imported(rooms()[name])) <= known
