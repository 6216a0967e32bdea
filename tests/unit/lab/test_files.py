"""What the lab writes is private and whole."""

import stat
from pathlib import Path

from oslo_config import cfg

from lab import files, secrets_store


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_their_directories_are_private(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'secret'
    files.write_private(path, 'x')
    assert _mode(path) == 0o600
    assert _mode(path.parent) == 0o700


def test_a_replaced_file_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    files.write_private(path, 'one')
    files.write_private(path, 'two')
    assert path.read_text() == 'two'
    assert list(tmp_path.iterdir()) == [path]


def test_a_bind_mounted_file_keeps_its_inode(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    files.write_in_place(path, 'one', 0o755)
    inode = path.stat().st_ino
    files.write_in_place(path, 'two', 0o755)
    assert (path.stat().st_ino, path.read_text()) == (inode, 'two')
    assert _mode(path) == 0o755


def test_half_a_json_file_reads_as_none(tmp_path: Path) -> None:
    path = tmp_path / 'half.json'
    path.write_text('{"pid": 1')
    assert files.read_json(path) is None
    assert files.read_json(tmp_path / 'missing.json') is None


def test_oslo_config_reads_what_ini_writes(tmp_path: Path) -> None:
    path = tmp_path / 'x.conf'
    files.write_private(
        path,
        files.ini(
            {
                'DEFAULT': {'flag': False, 'left_out': None},
                'group': {'password': 'a$b', 'number': -1},
            }
        ),
    )
    conf = cfg.ConfigOpts()
    conf.register_opts(
        [cfg.BoolOpt('flag', default=True), cfg.StrOpt('left_out', default='default')]
    )
    conf.register_opts([cfg.StrOpt('password'), cfg.IntOpt('number')], group='group')
    conf(['--config-file', str(path)])
    assert (conf.flag, conf.left_out) == (False, 'default')
    assert (conf.group.password, conf.group.number) == ('a$b', -1)


def test_passwords_are_made_once_and_never_shown(tmp_path: Path) -> None:
    first = secrets_store.load(tmp_path / 'secrets')
    again = secrets_store.load(tmp_path / 'secrets')
    assert first['user-admin'] == again['user-admin']
    assert first['user-admin'] != first['user-demo']
    assert first['user-admin'] not in repr(first)
    assert _mode(first.file('user-admin')) == 0o600
