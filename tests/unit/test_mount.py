"""What cinder-volume's user may not do is done as the stock driver does it."""

import os
import pathlib
import subprocess

import pytest

from eic_plugins.mount import ShareMount


class Root:
    """Runs the commands for real, as rootwrap would, and remembers them."""

    def __init__(self):
        self.commands = []

    def __call__(self, *command):
        self.commands.append(command[0])
        subprocess.run(command, check=True, timeout=20)


@pytest.fixture
def root():
    return Root()


@pytest.fixture
def mount(tmp_path, root):
    return ShareMount(str(tmp_path), root, 0o660)


@pytest.fixture
def denied(monkeypatch, tmp_path):
    """Not the owner of anything on the share."""
    def deny(original):
        def guarded(path, *args, **kwargs):
            if str(path).startswith(str(tmp_path)):
                raise PermissionError(13, 'Permission denied', str(path))
            return original(path, *args, **kwargs)
        return guarded
    real_open = os.open
    monkeypatch.setattr(os, 'open', lambda path, flags, *args, **kwargs: (
        deny(real_open) if flags & os.O_CREAT else real_open)(
            path, flags, *args, **kwargs))
    monkeypatch.setattr(os, 'truncate', deny(os.truncate))
    monkeypatch.setattr(pathlib.Path, 'unlink', deny(pathlib.Path.unlink))
    monkeypatch.setattr(pathlib.Path, 'chmod', deny(pathlib.Path.chmod))


def test_a_record_is_replaced_as_a_whole(mount, tmp_path, root):
    mount.write('a', b'one')
    mount.write('a', b'two')
    assert mount.read('a') == b'two'
    assert [path.name for path in tmp_path.iterdir()] == ['a']
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o640
    assert root.commands == []


def test_a_share_of_roots_gets_its_record_by_command(mount, tmp_path, root, denied):
    mount.write('a', b'one')
    assert mount.read('a') == b'one'
    assert [path.name for path in tmp_path.iterdir()] == ['a']
    assert root.commands == ['mv', 'mv']
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o640


def test_a_share_of_roots_is_worked_on_by_command(mount, tmp_path, root, denied):
    (tmp_path / 'a').write_bytes(b'x')
    os.chmod(tmp_path / 'a', 0o400)  # noqa: PTH101 - Path.chmod is denied here
    mount.make_accessible('a')
    mount.resize('a', 5000)
    assert mount.size('a') == 5000
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o660
    mount.unlink('a')
    assert mount.size('a') is None
    assert root.commands == ['chmod', 'truncate', 'rm']


def test_what_is_right_already_needs_no_command(mount, tmp_path, root):
    (tmp_path / 'a').write_bytes(b'x')
    (tmp_path / 'a').chmod(0o666)
    mount.make_accessible('a')
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o666
    assert root.commands == []


def test_a_failed_write_leaves_the_old_content(mount, tmp_path, denied):
    (tmp_path / 'a').write_bytes(b'old')

    def fails(*_command):
        raise PermissionError('no')
    with pytest.raises(PermissionError):
        ShareMount(str(tmp_path), fails).write('a', b'new')
    assert mount.read('a') == b'old'


def test_what_is_not_there_is_no_error(mount):
    assert mount.read('a') is None
    assert mount.size('a') is None
    mount.unlink('a')
    mount.touch('a')
    assert list(mount.names()) == []
