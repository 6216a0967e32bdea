"""What the package imports is what it asks to be installed, and nothing else."""

import ast
import importlib.metadata
import pathlib
import sys
from collections.abc import Iterator

import pytest

from tests.requirements import canonical, requirements, too_old

ROOT = pathlib.Path(__file__).parents[2]
RELEASES = sorted((ROOT / 'constraints').glob('*.txt'))

NOT_DECLARED = {
    # Drivers, weigher and seeds are loaded by a Cinder that is there already; the
    # API plane's queries run in cinder-api. A filter in nova-api installs without.
    'cinder',
    # Cinder's own: `eic cache` sets them up as cinder-volume does.
    'os-brick',
    'oslo-privsep',
    # OS_CLOUD of `eic explain` takes it; without it there is OS_AUTH_URL.
    'openstacksdk',
    # The extra `tempest`: its plugin is loaded by tempest alone.
    'tempest',
}
"""Imported, and not asked for."""

NOT_IMPORTED: set[str] = set()
"""Asked for, and not imported."""


def imported_modules() -> Iterator[str]:
    for path in (ROOT / 'eic_plugins').rglob('*.py'):
        for node in _executed(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition('.')[0]


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Without what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test):
            continue
        yield node
        yield from _executed(node)


def imported() -> set[str]:
    distributions = importlib.metadata.packages_distributions()
    modules = set(imported_modules()) - sys.stdlib_module_names - {'eic_plugins'}
    return {canonical(name) for module in modules for name in distributions[module]}


def declared() -> set[str]:
    return {canonical(wanted.name) for wanted in requirements()}


def test_what_is_imported_is_declared() -> None:
    assert imported() - declared() == NOT_DECLARED


def test_what_is_declared_is_imported() -> None:
    assert declared() - imported() == NOT_IMPORTED


@pytest.mark.parametrize('release', RELEASES, ids=lambda release: release.stem)
def test_a_release_of_openstack_has_what_is_asked_for(release: pathlib.Path) -> None:
    """Nobody has to go beyond the upper-constraints of a supported release."""
    assert list(too_old(release)) == []
