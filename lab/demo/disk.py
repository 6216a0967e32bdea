"""A raw disk image with real content, made once and kept."""

import hashlib
import subprocess
import sys
from pathlib import Path

from oslo_utils import units

from lab import files
from lab.context import Lab

SIZE = 256 * units.Mi
_CHUNK = 4 * units.Mi
_CONTENT = ('cinder', 'glance', 'keystone', 'netapp_ontap')


def make(lab: Lab) -> Path:
    """A disk with an ext4 file system full of Python packages."""
    path = files.private_dir(lab.paths / 'demo') / 'disk.raw'
    if path.exists() and path.stat().st_size == SIZE:
        return path
    tree = files.private_dir(lab.paths / 'demo/tree')
    for package in _CONTENT:
        _copy_package(tree / package)
    partial = path.with_suffix('.partial')
    partial.unlink(missing_ok=True)
    with partial.open('wb') as stream:
        stream.truncate(SIZE)
    subprocess.run(
        ['mke2fs', '-q', '-F', '-t', 'ext4', '-d', str(tree), str(partial)],
        check=True,
        timeout=120,
    )
    partial.replace(path)
    return path


def sha256(path: Path, size: int = SIZE) -> str:
    """The digest of the first ``size`` bytes."""
    digest = hashlib.sha256()
    left = size
    with path.open('rb') as stream:
        while left and (chunk := stream.read(min(_CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _copy_package(path: Path) -> None:
    source = Path(
        sys.prefix,
        'lib',
        f'python3.{sys.version_info.minor}',
        'site-packages',
        path.name,
    )
    if not path.exists():
        subprocess.run(['cp', '-r', str(source), str(path)], check=True, timeout=120)
