"""Two builds of one commit are one file, and what differs is named."""

import io
import tarfile
from pathlib import Path

from release import archives

EPOCH = 1_700_000_000
FILES = {'p-1/b.py': b'b', 'p-1/a.sh': b'a'}


def _sdist(path: Path, names: list[str], **of_this_build: int) -> Path:
    with tarfile.open(path, 'w:gz') as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(FILES[name])
            for key, value in of_this_build.items():
                setattr(info, key, value)
            if name.endswith('.sh'):
                info.mode |= 0o100
            archive.addfile(info, io.BytesIO(FILES[name]))
    return path


def test_order_time_owner_and_umask_of_a_build_are_not_in_it(tmp_path: Path) -> None:
    first = _sdist(tmp_path / 'first.tar.gz', [*FILES], mtime=1, uid=0, mode=0o644)
    second = _sdist(
        tmp_path / 'second.tar.gz', [*reversed(FILES)], mtime=2, uid=7, mode=0o600
    )
    assert first.read_bytes() != second.read_bytes()
    for each in (first, second):
        archives.normalise(each, EPOCH)
    assert first.read_bytes() == second.read_bytes()
    assert archives.members(first) == FILES


def test_a_program_stays_one(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path / 'an.tar.gz', [*FILES], mode=0o644)
    archives.normalise(sdist, EPOCH)
    with tarfile.open(sdist) as archive:
        found = [(info.name, info.mode, info.mtime) for info in archive]
    assert found == [('p-1/a.sh', 0o755, EPOCH), ('p-1/b.py', 0o644, EPOCH)]


def test_a_file_that_names_a_path_of_the_machine_is_found(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path / 'an.tar.gz', [*FILES])
    assert archives.naming(sdist, [b'a']) == ['p-1/a.sh']
    assert archives.naming(sdist, [b'/srv/build']) == []


def test_files_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / 'one', tmp_path / 'other'
    for folder, files in (
        (one, {'same': '1', 'changed': '1', 'gone': '1'}),
        (other, {'same': '1', 'changed': '2'}),
    ):
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content)
    assert archives.differing(one, other) == ['changed', 'gone']
    assert archives.differing(one, one) == []
