"""Looks below what a guest sees: at files and LUNs on the FlexVols."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lab import leftovers, simulator
from lab.context import Lab
from lab.demo import disk
from lab.guest_image import image
from lab.specs import PoolSpec

_NO_DISK = ('.json', '.lock')


def digests(paths: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 of each file, over the size of the image."""
    return {path: disk.sha256(path, image.SIZE) for path in paths}


def has_note(lab: Lab, pool: PoolSpec, volume_id: str) -> bool:
    """Whether a guest has written its note into the volume."""
    with file_of(lab, pool, volume_id).open('rb') as stream:
        stream.seek(image.NOTES_AT)
        return stream.read(image.SECTOR).startswith(b'ups=')


def file_of(lab: Lab, pool: PoolSpec, volume_id: str) -> Path:
    """What a volume is below the simulator: a file, also if it is a LUN."""
    return simulator.pool_directory_from_host(lab, pool) / f'volume-{volume_id}'


def copies_of_image(lab: Lab, image_id: str) -> Iterator[Path]:
    """Glance's own file, and the drivers' cached images; no records of them."""
    for path in leftovers.files_about(lab, {image_id}):
        if not path.name.startswith('.') and path.suffix not in _NO_DISK:
            yield path
