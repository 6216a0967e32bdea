"""What differs between the releases of OpenStack is asked for in one module."""

import ast
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from eic_plugins.support import compat

PACKAGE = Path(compat.__file__).parents[1]
ASKS_FOR_A_VERSION = {
    'support/compat.py',
    # It says which releases are installed, and decides nothing by them.
    'cli/checks/versions.py',
    # The versions that EIC and NetApp's library give of themselves.
    'support/own_version.py',
    'ontap/session.py',
}
VERSIONS = {'version', '__version__', 'version_info', 'version_string'}
"""Names by which a module of Python or OpenStack says its version."""


def test_no_other_module_asks_for_a_version_of_openstack() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob('*.py')
        if any(_asked(ast.parse(path.read_text())))
    }
    assert found - ASKS_FOR_A_VERSION == set()
    assert 'support/compat.py' in found


def _asked(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in VERSIONS:
            of = ast.unparse(node.value).partition('.')[0]
            if of in {'importlib', 'metadata', 'sys', 'cinder', 'nova', 'glance'}:
                yield node
        elif isinstance(node, ast.ImportFrom) and node.module in {
            'cinder.version',
            'nova.version',
            'pbr.version',
        }:
            yield node


@pytest.mark.parametrize(
    ('installed', 'ontaps', 'found'),
    [
        ('26.3.0', True, False),
        ('28.0.0', True, False),
        ('29.0.0', True, True),
        ('29.1.0.dev7', True, True),
        ('30.0.0.0rc1', False, False),
    ],
)
def test_a_lun_allocates_space_as_the_stock_drivers_would(
    installed: str, ontaps: bool, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, 'version', lambda _: installed)
    assert compat.luns_allocate_space(ontaps) is found


@pytest.mark.parametrize(
    ('installed', 'transport'),
    [('26.3.0', 'http'), ('28.0.0', 'http'), ('29.0.0', 'https'), ('30.0.0', 'https')],
)
def test_passwords_go_in_clear_by_default_before_2026_2(
    installed: str, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, 'version', lambda _: installed)
    assert compat.netapp_transport() == transport


def test_where_cinder_is_not_the_newest_default_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, 'version', missing)
    assert compat.netapp_transport() == 'https'
