"""docs/debian.md is what `make debian-walk` does: it has to be one that can be done."""

import configparser
import json
import re
from pathlib import Path

import pytest

from eic_plugins import config
from release.debian_walk import (
    expected,
    follow,
    ground,
    ini,
    logs,
    page,
    report,
    tree,
    walk,
)

TEXT = walk.PAGE.read_text()
VALUES = walk.values(TEXT)
SECTIONS = page.sections(TEXT, VALUES)
STEPS = [step for section in SECTIONS for step in section.steps]
EXAMPLE = """# A page

Prose with `code`.

## First

In `/etc/one.conf`, which is there:

```ini
[a]
b = SOME_PASS
```

```sh
echo one
```

```
an output
```

## Nothing to do

## Second

```sh
echo two
```
"""
FILE = """# A comment
[DEFAULT]
#a = 1
a = 2
b = 3

[other]
c = 4
"""


def test_a_block_is_typed_or_is_of_the_file_that_is_named_before_it() -> None:
    first, second = page.sections(EXAMPLE, {'SOME_PASS': 'word'})
    assert [step.path for step in first.steps] == ['/etc/one.conf', '']
    assert first.steps[0].text == '[a]\nb = word\n'
    assert [step.text for step in second.steps] == ['echo two\n']


def test_a_file_without_a_name_is_an_error() -> None:
    with pytest.raises(page.PageError, match='of which file'):
        page.sections('## One\n\nIn a file:\n\n```ini\n[a]\n```\n', {})


def test_a_placeholder_without_value_is_an_error() -> None:
    with pytest.raises(page.PageError, match='ONE_PASS'):
        page.sections('## One\n\n```sh\necho ONE_PASS\n```\n', {})


def test_options_are_set_where_they_belong_and_the_rest_stays() -> None:
    found = ini.merged(FILE, '[DEFAULT]\na = 5\n[new]\nd = 6\n[other]\ne = 7\n')
    assert found.startswith('# A comment\n[DEFAULT]\na = 5\n#a = 1\nb = 3\n')
    parser = configparser.RawConfigParser(default_section='none')
    parser.read_string(found)
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        'DEFAULT': {'a': '5', 'b': '3'},
        'other': {'e': '7', 'c': '4'},
        'new': {'d': '6'},
    }


def test_to_set_what_is_set_changes_nothing() -> None:
    once = ini.merged(FILE, '[DEFAULT]\na = 5\n')
    assert ini.merged(once, '[DEFAULT]\na = 5\n') == once


def test_each_section_that_promises_something_is_on_the_page() -> None:
    assert set(expected.AFTER) <= {section.title for section in SECTIONS}


def test_each_block_of_the_page_is_one_of_its_kind() -> None:
    for step in STEPS:
        if step.language == 'ini':
            parser = configparser.RawConfigParser(default_section='none')
            parser.read_string(step.text)
            assert parser.sections()
        elif step.language == 'json':
            assert json.loads(step.text)
    assert len([step for step in STEPS if step.path]) > 5


def test_whoever_follows_the_page_waits_behind_each_start() -> None:
    """What is typed next may need the service: so a start ends its block."""
    for step in STEPS:
        lines = [line for line in step.text.splitlines() if line]
        starts = [bool(re.match(r'service \S+ (re)?start$', line)) for line in lines]
        assert starts == sorted(starts), step.text


def test_passwords_are_of_one_walk_alone() -> None:
    again = walk.values(TEXT)
    assert again.keys() == VALUES.keys()
    words = [again[name] for name in again if name.endswith('PASS')]
    assert len(set(words)) == len(words) > 5
    assert not set(words) & set(VALUES.values())


def test_what_apt_installs_on_the_page_is_brought_beforehand() -> None:
    found = ' '.join(tree.wanted(STEPS))
    for name in ('cinder-volume', 'glance', 'etcd-server', './eic-plugins_'):
        assert name in found
    assert '\\' not in found


def test_services_that_a_block_starts_are_found() -> None:
    script = 'service one start\nservice two restart\n# service three start\n'
    assert follow.started(script) == ['one', 'two']


def test_what_is_not_as_the_page_promises_is_kept_and_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = report.Report()
    found.expect('route', 'cached', 'cached')
    found.expect('mode', '644', '660')
    assert found.wrong == ['mode: 644, and not 660']
    assert 'mode: 644, and not 660 [NOT AS EXPECTED]' in capsys.readouterr().out


def test_the_manual_keeps_what_was_seen_last(tmp_path: Path) -> None:
    manual = tmp_path / 'manual.md'
    manual.write_text(f'before\n{report.BEGIN}\nold\n{report.END}\nbehind\n')
    found = report.Report()
    found.see('eic check', '74 pass | 0 failures')
    report.write(manual, found, {'cinder-volume': '2:26.0.0-2'})
    text = manual.read_text()
    assert text.startswith(f'before\n{report.BEGIN}\nOf 2')
    assert 'with cinder-volume 2:26.0.0-2.' in text
    assert '| eic check | 74 pass &#124; 0 failures |' in text
    assert 'old' not in text
    assert text.endswith(f'{report.END}\nbehind\n')


def test_the_page_has_a_place_for_what_was_seen() -> None:
    assert TEXT.count(report.BEGIN) == TEXT.count(report.END) == 1


def test_a_check_that_is_no_pass_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = report.Report()
    rows = [{'Check': 'one', 'Result': 'pass'}, {'Check': 'two', 'Result': 'failure'}]
    expected.checks(found, 'root', 2, rows)
    assert found.wrong == ['eic check as root: 1 failure, 1 pass']
    assert "'Check': 'two'" in capsys.readouterr().out


_STOCK = """\
2026-11-27 21:08:57.290 24 ERROR client_cmode [None req-1 - -] eic_plugins.nfs.Stock: Na
2026-11-27 21:08:57.290 24 ERROR client_cmode Traceback (most recent call last):
2026-11-27 21:08:57.290 24 ERROR client_cmode   File "/dist/client_cmode.py", line 9
2026-11-27 21:08:57.290 24 ERROR client_cmode NaApiError: Unable to find API
2026-11-27 21:08:57.290 24 ERROR client_cmode
"""
_OURS = """\
2026-11-27 21:08:58.290 24 ERROR client_cmode [None req-2 - -] Again: KeyError
2026-11-27 21:08:58.290 24 ERROR client_cmode Traceback (most recent call last):
2026-11-27 21:08:58.290 24 ERROR client_cmode   File "/dist/eic_plugins/a.py", line 9
2026-11-27 21:08:58.290 24 ERROR client_cmode KeyError: 1
"""
_SAID = """\
2026-11-27 21:08:59.290 24 WARNING eic_plugins.engine [-] No locations
2026-11-27 21:08:59.290 24 ERROR eic_plugins.engine [-] It failed
"""


def test_a_traceback_is_eics_if_it_goes_through_eics_files() -> None:
    lines = (_STOCK + _OURS + _STOCK).splitlines()
    assert logs.errors(lines) == ['client_cmode KeyError: 1']


def test_an_error_that_eic_logs_is_eics_and_a_warning_is_none() -> None:
    lines = (_STOCK + _SAID).splitlines()
    assert logs.errors(lines) == ['eic_plugins.engine [-] It failed']


def test_what_rootwrap_refuses_is_found() -> None:
    line = 'cinder-rootwrap: Unauthorized command: chmod 777 / (no filter matched)'
    assert logs.refused([line, 'another']) == [line]


def test_the_patience_of_the_walk_is_an_option_of_eic() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(ini.merged('[DEFAULT]\na = 1\n', ground.PATIENCE))
    (name,) = set(parser['eic']) - {'a'}
    assert name in {option.name for option in config.GLANCE_OPTS}
