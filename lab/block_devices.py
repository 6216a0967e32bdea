"""Loop devices: a LUN's file as the block device that a guest's host wants.

A connection is a link, HOST/FLEXVOL/LUN, to the device. Its name stays, as
/dev/disk/by-path does, when a host that boots anew gets another device.

A loop device belongs to no namespace and outlives whoever made it. Those of the lab
are found by their files: these are on the file system in storage.xfs.
"""

import contextlib
import os
from pathlib import Path

from oslo_concurrency import processutils


def connect(link: Path, file: Path) -> None:
    """Have a link to a loop device of a file; the one that is there may do."""
    if not connected(link, file):
        device, _ = processutils.execute('losetup', '--find', '--show', str(file))
        link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        link.unlink(missing_ok=True)
        link.symlink_to(device.strip())


def connected(link: Path, file: Path) -> bool:
    """Whether a link leads to a device of that file: its number may be another's."""
    return link.is_symlink() and str(link.readlink()) in _devices_of(file)


def disconnect(link: Path, file: Path) -> None:
    """Have neither the link nor its device; one in use goes with its user."""
    if connected(link, file):
        _detach(str(link.readlink()))
    link.unlink(missing_ok=True)


def connect_again(links: Path, files: Path) -> None:
    """Have a device behind each link again, where its LUN still exists.

    :param links: a host's
    :param files: the directory that FLEXVOL/LUN is in
    """
    for link in links.glob('*/*'):
        file = files / link.relative_to(links)
        if file.exists():
            connect(link, file)


def grown(file: Path) -> None:
    """Have its devices be as large as a file that has grown."""
    for device in _devices_of(file):
        processutils.execute('losetup', '--set-capacity', device)


def disconnect_all(image: Path) -> None:
    """Detach every device of a file on the file system that an image holds."""
    for device in on_image(image):
        _detach(device)


def on_image(image: Path) -> list[str]:
    """Loop devices whose files are on the file system that an image holds."""
    if not image.exists():
        return []
    mounted = {
        number for _, number in _listed('NAME,MAJ:MIN', '--associated', str(image))
    }
    return [name for name, back in _listed('NAME,BACK-MAJ:MIN') if back in mounted]


def _devices_of(file: Path) -> list[str]:
    return [name for name, _ in _listed('NAME,MAJ:MIN', '--associated', str(file))]


def _listed(columns: str, *options: str) -> list[tuple[str, str]]:
    said, _ = processutils.execute(
        # Not --raw, which escapes the blanks that these numbers are padded with.
        *('losetup', '--list', '--noheadings', '--output', columns),
        *options,
    )
    rows = [line.split() for line in said.splitlines()]
    return [(row[0], row[1]) for row in rows if len(row) == len(columns.split(','))]


def _detach(device: str) -> None:
    # It may be gone meanwhile, with the last that used it.
    with contextlib.suppress(processutils.ProcessExecutionError):
        processutils.execute('losetup', '--detach', device)


def size_of(link: Path) -> int:
    """Of the device behind a link, in bytes."""
    with link.open('rb') as device:
        return device.seek(0, os.SEEK_END)
