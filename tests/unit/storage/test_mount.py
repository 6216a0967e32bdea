"""What cinder-volume's user may not do is done as the stock driver does it."""

import contextlib
import os
import pathlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.storage.mount import NotRegularError, ShareMount
from tests.unit.fake_clock import FakeClock


class Root:
    """Runs the commands for real, as rootwrap would, and remembers them."""

    def __init__(self) -> None:
        self.commands = []

    def __call__(self, *command: Any) -> None:
        self.commands.append(command[0])
        subprocess.run(command, check=True, timeout=20)


@pytest.fixture
def root() -> Root:
    return Root()


@pytest.fixture
def mount(tmp_path: Path, root: Root) -> ShareMount:
    return ShareMount(str(tmp_path), root, 0o660)


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Not the owner of anything on the share."""

    def deny(original: Any) -> Any:
        def guarded(path: Any, *args: Any, **kwargs: Any) -> Any:
            if str(path).startswith((str(tmp_path), '/proc/self/fd/')):
                raise PermissionError(13, 'Permission denied', str(path))
            return original(path, *args, **kwargs)

        return guarded

    real_open = os.open
    monkeypatch.setattr(
        os,
        'open',
        lambda path, flags, *args, **kwargs: (
            deny(real_open) if flags & (os.O_CREAT | os.O_WRONLY) else real_open
        )(path, flags, *args, **kwargs),
    )
    monkeypatch.setattr(pathlib.Path, 'unlink', deny(pathlib.Path.unlink))
    monkeypatch.setattr(pathlib.Path, 'chmod', deny(pathlib.Path.chmod))


def test_a_record_is_replaced_as_a_whole(
    mount: ShareMount, tmp_path: Path, root: Root
) -> None:
    mount.write('a', b'one')
    mount.write('a', b'two')
    assert mount.read('a', 100) == b'two'
    assert [path.name for path in tmp_path.iterdir()] == ['a']
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o640
    assert root.commands == []


def test_a_share_of_roots_gets_its_record_by_command(
    mount: ShareMount, tmp_path: Path, root: Root, denied: Any
) -> None:
    mount.write('a', b'one')
    assert mount.read('a', 100) == b'one'
    assert [path.name for path in tmp_path.iterdir()] == ['a']
    assert root.commands == ['mv', 'mv']
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o640


def test_a_share_of_roots_is_worked_on_by_command(
    mount: ShareMount, tmp_path: Path, root: Root, denied: Any
) -> None:
    (tmp_path / 'a').write_bytes(b'x')
    os.chmod(tmp_path / 'a', 0o400)  # noqa: PTH101 - Path.chmod is denied here
    mount.make_accessible('a')
    mount.resize('a', 5000)
    assert mount.size('a') == 5000
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o660
    mount.unlink('a')
    assert mount.size('a') is None
    assert root.commands == ['chmod', 'truncate', 'rm']


def test_what_is_right_already_needs_no_command(
    mount: ShareMount, tmp_path: Path, root: Root
) -> None:
    (tmp_path / 'a').write_bytes(b'x')
    (tmp_path / 'a').chmod(0o666)
    mount.make_accessible('a')
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o666
    assert root.commands == []


def test_a_failed_write_leaves_the_old_content(
    mount: ShareMount, tmp_path: Path, denied: Any
) -> None:
    (tmp_path / 'a').write_bytes(b'old')

    def fails(*_command: Any) -> None:
        raise PermissionError('no')

    with pytest.raises(PermissionError):
        ShareMount(str(tmp_path), fails).write('a', b'new')
    assert mount.read('a', 100) == b'old'


def test_what_is_not_there_is_no_error(mount: ShareMount) -> None:
    assert mount.read('a', 100) is None
    assert mount.size('a') is None
    mount.unlink('a')
    mount.touch('a')
    assert list(mount.names()) == []


@pytest.fixture
def host_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of this host that a link on the share leads to."""
    path = tmp_path_factory.mktemp('host') / 'secret'
    path.write_bytes(b'of this host')
    path.chmod(0o600)
    return path


def is_untouched(path: Any) -> Any:
    found = path.stat()
    return (
        path.read_bytes() == b'of this host'
        and found.st_mode & 0o777 == 0o600
        and found.st_mtime == 1000
    )


WORK = {
    'read': lambda mount: mount.read('a', 100),
    'size': lambda mount: mount.size('a'),
    'resize': lambda mount: mount.resize('a', 1),
    'make_accessible': lambda mount: mount.make_accessible('a'),
    'touch': lambda mount: mount.touch('a'),
    'fresh_mtime': lambda mount: mount.fresh_mtime('a'),
    'write': lambda mount: mount.write('a', b'ours'),
    'rename': lambda mount: (mount.write('b', b'ours'), mount.rename('b', 'a')),
    'unlink': lambda mount: mount.unlink('a'),
}


@pytest.mark.parametrize('who', ['owner', 'root'])
@pytest.mark.parametrize('work', WORK)
def test_a_link_on_the_share_leads_nowhere(
    mount: ShareMount,
    tmp_path: Path,
    host_file: Path,
    request: pytest.FixtureRequest,
    who: str,
    work: str,
) -> None:
    (tmp_path / 'a').symlink_to(host_file)
    os.utime(host_file, (1000, 1000))
    if who == 'root':
        request.getfixturevalue('denied')
    with contextlib.suppress(OSError):
        assert WORK[work](mount) in {None, True, (None, None)}
    assert is_untouched(host_file)


@pytest.mark.parametrize('work', ['write', 'rename'])
def test_a_link_to_a_directory_is_replaced_and_not_moved_into(
    mount: ShareMount, tmp_path: Path, host_file: Path, denied: Any, work: str
) -> None:
    (tmp_path / 'a').symlink_to(host_file.parent)
    WORK[work](mount)
    assert [path.name for path in host_file.parent.iterdir()] == ['secret']
    assert mount.read('a', 100) == b'ours'


def test_no_more_is_read_than_asked_for(mount: ShareMount, tmp_path: Path) -> None:
    with (tmp_path / 'a').open('wb') as stream:
        stream.truncate(1 << 40)
    assert mount.read('a', 4096) is None
    (tmp_path / 'a').write_bytes(b'x' * 4096)
    assert mount.read('a', 4096) == b'x' * 4096
    assert mount.read('a', 4095) is None


def test_a_pipe_or_a_device_is_not_opened(mount: ShareMount, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'a')
    assert mount.read('a', 100) is None
    assert mount.size('a') is None
    with pytest.raises(NotRegularError):
        mount.fresh_mtime('a')


@pytest.mark.parametrize('name', ['', '.', '..', '../a', 'b/a', '/etc/a', 'a\0'])
def test_a_way_elsewhere_is_no_name(
    mount: ShareMount, tmp_path: Path, name: str
) -> None:
    (tmp_path / 'a').write_bytes(b'x')
    with pytest.raises(NotRegularError):
        mount.path(name)
    assert mount.read(name, 100) is None
    assert mount.size(name) is None


def test_a_directory_is_none_of_the_names(mount: ShareMount, tmp_path: Path) -> None:
    (tmp_path / 'img-cache-x').mkdir()
    (tmp_path / 'a').write_bytes(b'x')
    (tmp_path / 'link').symlink_to(tmp_path)
    assert sorted(mount.names()) == ['a', 'link']


def test_a_file_that_nfs_shows_late_is_waited_for(
    mount: ShareMount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr('eic_plugins.storage.mount.SYSTEM', clock)
    looks: list[int] = []

    def refresh() -> None:
        looks.append(1)
        if len(looks) == 3:
            (tmp_path / 'clone').write_bytes(b'1234')

    monkeypatch.setattr(mount, 'refresh', refresh)
    assert mount.await_file('clone') == 4
    assert len(clock.pauses) == 3


def test_a_file_that_never_comes_is_waited_for_five_seconds(
    mount: ShareMount, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr('eic_plugins.storage.mount.SYSTEM', clock)
    assert mount.await_file('clone') is None
    assert 5 <= sum(clock.pauses) < 6


def test_what_is_no_file_is_not_waited_for(
    mount: ShareMount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr('eic_plugins.storage.mount.SYSTEM', clock)
    (tmp_path / 'clone').symlink_to('elsewhere')
    assert mount.await_file('clone') is None
    assert clock.pauses == []
