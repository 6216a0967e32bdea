"""Looks below the volumes: at the FlexVols' files and where their bytes are."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ontap_simulator.disk import fiemap
from oslo_utils import units

from lab import simulator
from lab.context import Lab

_CHUNK = 4 * units.Mi


def root(lab: Lab, pool_name: str) -> Path:
    """The root directory of a pool's FlexVol."""
    return simulator.pool_directories(lab)[pool_name]


def volume_file(lab: Lab, pool_name: str, volume_id: str) -> Path:
    """The file of a volume."""
    return root(lab, pool_name) / f'volume-{volume_id}'


def sha256(path: Path, size: int) -> str:
    """The digest of the first ``size`` bytes; empty if there is no such file."""
    digest, left = hashlib.sha256(), size
    try:
        with path.open('rb') as stream:
            while left and (chunk := stream.read(min(_CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
    except FileNotFoundError:
        return ''
    return digest.hexdigest()


def place(path: Path) -> int | None:
    """Where on the disk the file's first byte is; None without such a file.

    Clones share their blocks, and so do the simulator's file copies: as many
    places as there are, so many times a host wrote the bytes.
    """
    try:
        with path.open('rb') as stream:
            extents = fiemap.extents(stream.fileno(), flush=True)
    except FileNotFoundError:
        return None
    return extents[0].physical if extents and extents[0].logical == 0 else None


def places(paths: Iterable[Path], original: Path) -> set[int]:
    """Where the bytes were written for these files, without those of
    ``original``: Glance's own file, which may be on another file system.
    """
    here = {place(path) for path in paths} - {None, place(original)}
    return {at for at in here if at is not None}
