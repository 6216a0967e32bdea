"""What is no regular file is never read, let alone followed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.storage import inspection
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.inspection import UnsafeImageError, regular_size
from eic_plugins.storage.mount import ShareMount
from tests.unit.factories import SEALS, image, pool

SIZE = 300_000


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / 'raw'
    path.write_bytes(b'\x07' * SIZE)
    return path


def symlink(path: Any, raw: Any) -> None:
    path.symlink_to(raw)


def dangling(path: Any, _raw: Any) -> None:
    path.symlink_to(path.parent / 'nothing')


def directory(path: Any, _raw: Any) -> None:
    path.mkdir()


def fifo(path: Any, _raw: Any) -> None:
    os.mkfifo(path)


KINDS = [
    (symlink, 'symbolic link'),
    (dangling, 'symbolic link'),
    (directory, 'not a regular file'),
    (fifo, 'not a regular file'),
]


@pytest.mark.parametrize(('make', 'what'), KINDS)
def test_what_is_no_regular_file_is_refused_and_says_so(
    tmp_path: Path, raw: Path, make: Callable[..., Any], what: str
) -> None:
    made = tmp_path / 'made'
    make(made, raw)
    with pytest.raises(UnsafeImageError, match=what):
        regular_size(made)
    with pytest.raises(UnsafeImageError, match=what):
        inspection.virtual_size_of_raw(made, SIZE)


def test_a_regular_file_has_its_size(raw: Path) -> None:
    assert regular_size(raw) == SIZE
    assert inspection.virtual_size_of_raw(raw, SIZE) == SIZE


@pytest.mark.parametrize('work', ['examine', 'prove', 'cut'])
def test_nothing_is_done_to_what_a_link_points_to(
    tmp_path: Path, raw: Path, work: str
) -> None:
    share = tmp_path / 'share'
    share.mkdir()
    (share / 'fill').symlink_to(raw)
    raw.chmod(0o600)
    storage = FileStorage(
        pool(), ShareMount(str(share), pytest.fail, 0o666), None, 1, SEALS
    )
    arguments = (100, None) if work == 'examine' else (image(size=100),)
    owner = storage if work == 'examine' else storage.foreign_files
    with pytest.raises(UnsafeImageError, match='symbolic link'):
        getattr(owner, work)('fill', *arguments)
    assert raw.stat().st_mode & 0o777 == 0o600
    assert raw.stat().st_size == SIZE


def test_what_is_behind_an_image_is_zeros(tmp_path: Path) -> None:
    path = tmp_path / 'device'
    path.write_bytes(b'image' + bytes(5_000_000))
    inspection.check_zeros_from(path, 5)
    with path.open('r+b') as file:
        file.seek(4_500_000)
        file.write(b'x')
    with pytest.raises(UnsafeImageError, match='follow'):
        inspection.check_zeros_from(path, 5)
