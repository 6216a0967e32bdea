"""What volumes of an image leave behind when volumes and image are deleted."""

from collections.abc import Collection, Iterator
from pathlib import Path

from lab import image_volumes, luns, simulator
from lab.context import Lab
from lab.topology import pools


def remove(lab: Lab, image_ids: Collection[str], others: Collection[str] = ()) -> None:
    """Remove image-volumes, and the LUNs and files that are named after the ids.

    :param image_ids: of images that are deleted
    :param others: ids of volumes
    """
    for image_id in image_ids:
        image_volumes.remove(lab, image_id)
    ids = {*image_ids, *others}
    for key in ids:
        luns.remove(lab, f'*{key}*')
    for path in files_about(lab, ids):
        path.unlink(missing_ok=True)


def files_about(lab: Lab, ids: Collection[str]) -> Iterator[Path]:
    """Files on the FlexVols that have one of the ids in their names."""
    for directory in simulator.pool_directories(lab).values():
        for path in list(directory.iterdir()):
            if any(key in path.name for key in ids):
                yield path


def remove_volume_files(lab: Lab, volumes: Collection[str]) -> list[str]:
    """Remove the files of volumes that are deleted, on any FlexVol of files.

    :returns: where there were some, as SHARE/NAME
    """
    left = []
    for pool in pools():
        root = simulator.flexvol_directory_from_host(lab, pool.share)
        for volume_id in volumes:
            path = root / f'volume-{volume_id}'
            if path.exists():
                path.unlink()
                left.append(f'{pool.share}/{path.name}')
    return left
