"""A file is changed in one step, or not at all."""

import os
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.cli.checks import fix
from eic_plugins.cli.checks.finding import Change


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / 'cinder.conf'
    path.write_text('[DEFAULT]\none = 1\n')
    path.chmod(0o640)
    return path


def test_changes_of_a_file_are_made_together_and_once(conf: Path) -> None:
    change = Change(str(conf), 'DEFAULT', 'one', '2')
    (found,) = fix.by_file([change, change]).items()
    assert found == (conf, [change])


def test_a_link_stays_a_link(conf: Path, tmp_path: Path) -> None:
    link = tmp_path / 'link.conf'
    link.symlink_to(conf)
    change = Change(str(link), 'DEFAULT', 'one', '2')
    for path, changes in fix.by_file([change]).items():
        fix.carry_out(path, changes)
    assert link.is_symlink()
    assert conf.read_text() == '[DEFAULT]\none = 2\n'
    assert conf.stat().st_mode & 0o777 == 0o640


def test_the_preview_shows_the_lines_that_change_and_no_others(conf: Path) -> None:
    conf.write_text('[DEFAULT]\npassword = secret\none = 1\n')
    shown = fix.preview(conf, [Change(str(conf), 'DEFAULT', 'one', '2')])
    assert '-one = 1\n+one = 2\n' in shown
    assert 'secret' not in shown


def test_a_full_disk_leaves_the_file_as_it_was(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(fix.FixError, match='No space left'):
        fix.carry_out(conf, [Change(str(conf), 'DEFAULT', 'one', '2')])
    assert conf.read_text() == '[DEFAULT]\none = 1\n'


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(fix.FixError, match='cannot be read'):
        fix.preview(tmp_path / 'gone', [Change('x', 'a', 'b', 'c')])
