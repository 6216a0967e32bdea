"""entry_points/ is the list of what plugs in where, and all of it loads."""

import configparser
import importlib.metadata
import pathlib
from pathlib import Path
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILES = sorted((ROOT / 'entry_points').glob('*.ini'))


def read(path: Any) -> Any:
    parser = configparser.ConfigParser(delimiters='=')
    parser.optionxform = str
    parser.read(path)
    return parser


DECLARED = sorted(
    (section, name, value)
    for path in FILES
    for section in read(path).sections()
    for name, value in read(path).items(section)
)


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_a_file_holds_the_namespace_it_is_named_for(path: Path) -> None:
    assert read(path).sections() == [path.stem]


def test_setup_cfg_reads_every_file() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    listed = setup['options']['entry_points'].removeprefix('file:').split(',')
    assert sorted(name.strip() for name in listed) == [
        f'entry_points/{path.name}' for path in FILES
    ]


def test_what_is_declared_is_what_is_installed() -> None:
    installed = importlib.metadata.distribution('eic-plugins').entry_points
    assert sorted((e.group, e.name, e.value) for e in installed) == DECLARED


@pytest.mark.parametrize('declared', DECLARED, ids=lambda d: f'{d[0]}:{d[1]}')
def test_every_entry_point_loads(declared: tuple[str, ...]) -> None:
    group, name, value = declared
    assert callable(importlib.metadata.EntryPoint(name, value, group).load())


def test_openstack_has_every_command_that_eic_has() -> None:
    commands = {
        group: {name: value for of, name, value in DECLARED if of == group}
        for group in ('eic.cli', 'openstack.extension')
    }
    assert commands['openstack.extension'] == {
        f'eic_{name}': value for name, value in commands['eic.cli'].items()
    }
