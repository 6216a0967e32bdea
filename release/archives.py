"""Archives without what differs from build to build: order, times, owners, modes."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

SUMS = 'SHA256SUMS'
_EXECUTABLE = 0o100


def normalise(sdist: Path, epoch: int) -> None:
    """Write an sdist anew: sorted, all of one time, nobody's.

    setuptools takes times and owners from the file system; wheels it writes by
    ``SOURCE_DATE_EPOCH``.
    """
    entries = sorted(_entries(sdist), key=lambda entry: entry[0].name)
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode='w', format=tarfile.PAX_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(_plain(info, epoch), io.BytesIO(content))
    # gzip's header has a time, and no name.
    sdist.write_bytes(gzip.compress(inner.getvalue(), mtime=epoch))


def _entries(sdist: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(sdist) as archive:
        for info in archive:
            file = archive.extractfile(info)
            yield info, file.read() if file else b''


def _plain(info: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    plain = tarfile.TarInfo(info.name)
    plain.type, plain.size, plain.mtime = info.type, info.size, epoch
    executable = info.isdir() or info.mode & _EXECUTABLE
    plain.mode = 0o755 if executable else 0o644
    return plain


def members(archive: Path) -> dict[str, bytes]:
    """The files in an sdist or a wheel."""
    if archive.suffix == '.whl':
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    return {info.name: content for info, content in _entries(archive) if info.isfile()}


def naming(archive: Path, words: list[bytes]) -> list[str]:
    """Files in an archive that name one of these: a path of this machine."""
    return [
        name
        for name, content in members(archive).items()
        if any(word in content for word in words)
    ]


def sums(folder: Path) -> str:
    """Of all files in a folder, as ``sha256sum --check`` reads them."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    return ''.join(f'{digest(path)}  {path.name}\n' for path in files)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differing(first: Path, second: Path) -> list[str]:
    """Names of the files that two folders do not both have, byte for byte."""
    found = [set(sums(folder).splitlines()) for folder in (first, second)]
    return sorted({line.split()[1] for line in found[0] ^ found[1]})
