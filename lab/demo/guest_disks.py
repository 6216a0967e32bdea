"""Looks below what a guest sees: at files and LUNs on the FlexVols."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lab import leftovers, simulator
from lab.context import Lab
from lab.demo import disk
from lab.guest_image import image
from lab.specs import PoolSpec


def digests(paths: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 of each file, over the size of the image."""
    return {path: digest(path) for path in paths}


def digest(path: Path) -> str:
    """SHA-256 of one, over the size of the image."""
    return disk.sha256(path, image.SIZE)


def note_on(path: Path) -> str:
    """What a guest has written about itself; its first word is ``ups=NUMBER``."""
    with path.open('rb') as stream:
        stream.seek(image.NOTES_AT)
        return stream.read(image.SECTOR).decode(errors='replace').strip()


def file_of(lab: Lab, pool: PoolSpec, volume_id: str) -> Path:
    """What a volume is below the simulator: a file, also if it is a LUN."""
    return simulator.pool_directory_from_host(lab, pool) / f'volume-{volume_id}'


def copies_of_image(lab: Lab, image_id: str) -> Iterator[Path]:
    """Glance's own file, and the drivers' cached images; no records of them."""
    for path in leftovers.files_about(lab, {image_id}):
        if path.suffix != '.json':
            yield path
