"""How often bytes were written is seen on the disk."""

import os
import signal
from pathlib import Path

from benchmarks import storage
from benchmarks.undisturbed import undisturbed

CONTENT = os.urandom(64 << 10)


def written(path: Path) -> Path:
    path.write_bytes(CONTENT)
    return path


def test_every_file_that_was_written_has_a_place_of_its_own(tmp_path: Path) -> None:
    original = written(tmp_path / 'image')
    volumes = [written(tmp_path / name) for name in ('a', 'b')]
    assert len(storage.places(volumes, original)) == 2


def test_files_that_share_their_blocks_are_in_one_place(tmp_path: Path) -> None:
    original, cached = written(tmp_path / 'image'), written(tmp_path / 'cached')
    os.link(cached, tmp_path / 'a')
    assert len(storage.places([cached, tmp_path / 'a'], original)) == 1


def test_where_glances_file_is_nobody_wrote_it_again(tmp_path: Path) -> None:
    original = written(tmp_path / 'image')
    os.link(original, tmp_path / 'a')
    assert not storage.places([tmp_path / 'a'], original)


def test_files_that_are_not_there_are_not_counted(tmp_path: Path) -> None:
    assert not storage.places([tmp_path / 'none'], tmp_path / 'neither')
    assert storage.sha256(tmp_path / 'none', 1) == ''


def test_a_digest_is_of_the_images_size_alone(tmp_path: Path) -> None:
    path = written(tmp_path / 'volume')
    before = storage.sha256(path, len(CONTENT))
    with path.open('ab') as stream:
        stream.write(b'grown')
    assert storage.sha256(path, len(CONTENT)) == before
    assert storage.sha256(path, len(CONTENT) + 5) != before


def test_cleaning_up_is_not_cut_off_by_a_signal() -> None:
    # Whoever runs the tests in the background has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
