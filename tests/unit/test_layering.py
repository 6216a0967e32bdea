"""Imports go one way, and each layer knows only what it may."""

import ast
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGE = pathlib.Path(__file__).parents[2] / 'eic_plugins'

ORDER = [
    'support',
    'config',
    'model',
    'glance',
    'ontap',
    'storage',
    'engine',
    'precache',
    'cinder_cache',
    'scheduler',
    'middleware',
    'volume',
    'cli',
    'tempest_plugin',
]
"""The rooms: each may import what stands before it."""
KNOW_CINDER = {'precache', 'cinder_cache', 'scheduler', 'volume'}
MANUAL = PACKAGE.parent / 'docs/architecture.md'


def modules() -> Any:
    return list(_modules())


def _modules() -> Iterator[Any]:
    for path in sorted(PACKAGE.rglob('*.py')):
        layer = path.relative_to(PACKAGE).parts[0].removesuffix('.py')
        if layer != '__init__':
            yield path, layer


def imports(path: Any) -> Iterator[Any]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def layers_of_ours(path: Any) -> Iterator[Any]:
    for name in imports(path):
        parts = name.split('.')
        if parts[0] == 'eic_plugins' and len(parts) > 1:
            yield parts[1]


@pytest.mark.parametrize(('path', 'layer'), modules(), ids=str)
def test_a_module_imports_only_what_stands_before_it(path: Path, layer: str) -> None:
    allowed = set(ORDER[: ORDER.index(layer) + 1])
    assert set(layers_of_ours(path)) <= allowed
    assert 'ontap_simulator' not in {name.split('.')[0] for name in imports(path)}


@pytest.mark.parametrize(('path', 'layer'), modules(), ids=str)
def test_cinder_is_imported_by_drivers_weigher_and_hold_alone(
    path: Path, layer: str
) -> None:
    roots = {name.split('.')[0] for name in imports(path)}
    assert 'eventlet' not in roots
    if layer not in KNOW_CINDER and path.stem != 'cinder_internals':
        assert not roots & {'cinder', 'nova'}


@pytest.mark.parametrize(('path', 'layer'), modules(), ids=str)
def test_tempest_is_imported_by_its_plugin_alone(path: Path, layer: str) -> None:
    roots = {name.split('.')[0] for name in imports(path)}
    assert layer == 'tempest_plugin' or 'tempest' not in roots


@pytest.mark.parametrize(('path', 'layer'), modules(), ids=str)
def test_rest_paths_are_known_to_ontap_alone(path: Path, layer: str) -> None:
    if layer != 'ontap':
        assert '/api/' not in path.read_text()


@pytest.mark.parametrize('name', ['cinder', 'nova', 'healthcheck'])
def test_a_filter_loads_where_there_is_no_cinder_no_nova_and_no_eventlet(
    name: str,
) -> None:
    code = (
        'import sys\n'
        'for name in ("cinder", "nova", "eventlet"):\n'
        '    sys.modules[name] = None\n'
        f'import eic_plugins.middleware.{name}\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=60)
