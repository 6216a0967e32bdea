"""tempest finds the plugin, its options and its tests."""

import ast
import collections
import re
from pathlib import Path

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.tempest_plugin import options
from eic_plugins.tempest_plugin.plugin import EICTempestPlugin

ROOT = Path(__file__).parents[3]
MANUAL = (ROOT / 'docs/tempest.md').read_text()
TESTS = sorted((ROOT / 'eic_plugins/tempest_plugin/tests').glob('test_*.py'))
EVERY_OPTION = [*options.SERVICE_OPTS, *options.EIC_OPTS]


def decorated() -> list[tuple[str, list[str]]]:
    """Each test with its decorators."""
    return [
        (node.name, [ast.unparse(each) for each in node.decorator_list])
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_')
    ]


def test_the_tests_are_named_from_the_package_on() -> None:
    folder, top = EICTempestPlugin().load_tests()
    assert (Path(top) / 'eic_plugins/tempest_plugin/tests').samefile(folder)
    assert TESTS


def test_each_test_has_an_id_of_its_own() -> None:
    found = collections.Counter(
        word for _, words in decorated() for word in words if 'idempotent_id' in word
    )
    assert len(found) == len(decorated())
    assert set(found.values()) == {1}


def test_the_options_are_registered_where_the_manual_has_them() -> None:
    conf = cfg.ConfigOpts()
    EICTempestPlugin().register_opts(conf)
    conf([])
    assert conf.service_available.eic is True
    assert conf.eic.hold_requests == 'service'
    assert {
        group: {option.name for option in opts}
        for group, opts in EICTempestPlugin().get_opt_lists()
    } == {
        'service_available': {'eic'},
        'eic': {option.name for option in options.EIC_OPTS},
    }


@pytest.mark.parametrize('option', EVERY_OPTION, ids=lambda option: option.name)
def test_the_manual_has_each_option_with_its_default(option: cfg.Opt) -> None:
    default = '' if option.default == '' else f'{option.default} '
    row = rf'^\| `\[\w+\]` \| `{option.name}` \| {default}\|'
    assert re.search(row, MANUAL, re.MULTILINE)


@pytest.mark.parametrize('name', ['record_outcome', 'hold_requests'])
def test_what_cinder_conf_may_say_tempest_conf_may_say_too(name: str) -> None:
    (ours,) = [each for each in config.ALL_OPTS if each.name == name]
    (theirs,) = [each for each in options.EIC_OPTS if each.name == name]
    assert theirs.default == ours.default
    assert list(theirs.type.choices) == list(ours.type.choices)
