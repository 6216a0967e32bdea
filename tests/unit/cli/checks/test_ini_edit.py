"""One line changes, and every other byte of a file stays."""

import json
from typing import Any

import pytest

from eic_plugins.cli.checks import ini_edit
from eic_plugins.cli.checks.finding import Change

TEXT = """\
# a comment with [a] section
[DEFAULT]
one = 1
long = a
  b
   c
# one = 2

[other]
one=3
"""


def change(
    option: Any, value: Any, section: Any = 'DEFAULT', file: Any = 'x.conf'
) -> Any:
    return Change(file, section, option, value)


def test_an_option_that_is_there_is_replaced_with_all_its_lines() -> None:
    text = ini_edit.apply(TEXT, change('long', 'd'))
    assert text == TEXT.replace('a\n  b\n   c\n', 'd\n')


def test_the_same_option_of_another_section_and_of_comments_stays() -> None:
    text = ini_edit.apply(TEXT, change('one', '9'))
    assert text == TEXT.replace('one = 1', 'one = 9')


def test_a_new_option_stands_at_the_end_of_its_section() -> None:
    text = ini_edit.apply(TEXT, change('two', '2'))
    assert text == TEXT.replace('# one = 2\n', '# one = 2\ntwo = 2\n')


def test_a_new_section_stands_at_the_end() -> None:
    text = ini_edit.apply(TEXT, change('two', '2', 'eic'))
    assert text == TEXT + '\n[eic]\ntwo = 2\n'


def test_of_an_option_that_is_set_twice_the_last_one_counts_and_both_go() -> None:
    twice = '[a]\nx = 1\nx = 2\n'
    assert ini_edit.apply(twice, change('x', '3', 'a')) == '[a]\nx = 1\nx = 3\n'
    assert ini_edit.apply(twice, change('x', None, 'a')) == '[a]\n'


def test_what_is_not_there_need_not_be_taken_away() -> None:
    assert ini_edit.apply(TEXT, change('two', None)) == TEXT
    assert ini_edit.apply(TEXT, change('two', None, 'nowhere')) == TEXT


def test_a_file_without_a_last_line_break_gets_one() -> None:
    assert ini_edit.apply('[a]\nx = 1', change('y', '2', 'a')) == '[a]\nx = 1\ny = 2\n'


@pytest.mark.parametrize('line', ['keystone : a b', 'keystone=a b', 'keystone = a\tb'])
def test_each_way_to_write_an_option_is_known(line: str) -> None:
    changed = ini_edit.apply(f'[a]\n{line}\n', change('keystone', 'c', 'a'))
    assert changed == '[a]\nkeystone = c\n'


def test_of_a_json_list_one_entry_changes() -> None:
    text = json.dumps([{'id': 'a'}, {'id': 'b', 'type': 'nfs4'}])
    changed = ini_edit.apply(text, change('type', 'nfs', '1', 'x.json'))
    assert json.loads(changed) == [{'id': 'a'}, {'id': 'b', 'type': 'nfs'}]


def test_what_is_no_json_is_not_changed() -> None:
    with pytest.raises(ValueError, match='Expecting'):
        ini_edit.apply('{', change('type', 'nfs', '0', 'x.json'))
