"""The guest's disk: a boot record, a FAT file system, and sectors without one.

| From | What |
|---|---|
| 0 | boot record, and the table with one partition |
| 1 MiB | FAT16: syslinux, the kernel, the initramfs |
| 28 MiB | the label: which image this is, and what a guest does with it |
| 29 MiB | the guest's notes: how often it was up |
| 30 MiB to 32 MiB | random bytes: no two images are alike |

``init.sh`` has these numbers once more, in sectors.
"""

import dataclasses
import hashlib
import os
import secrets
import struct
from pathlib import Path

from oslo_utils import units

from lab import files
from lab.context import Lab
from lab.guest_image import initramfs, parts
from lab.guest_image.parts import Parts

SECTOR = 512
SIZE = 32 * units.Mi
PARTITION = (1 * units.Mi, 26 * units.Mi)
"""Where it begins, and how long it is."""
LABEL_AT = 28 * units.Mi
NOTES_AT = 29 * units.Mi
_RANDOM = (30 * units.Mi, 2 * units.Mi)
_FAT16_LBA = 0x0E
_CODE_BYTES = 440
_TABLE_AT = 446
_CONFIG = """\
DEFAULT guest
PROMPT 0
TIMEOUT 0
LABEL guest
KERNEL /vmlinuz
INITRD /initramfs
APPEND console=ttyS0 quiet panic=-1 tsc=unstable nokaslr
"""


@dataclasses.dataclass(frozen=True)
class Label:
    """Which image a disk is, and what a guest does with it."""

    token: str
    mode: str = 'plain'
    """qcow2: the guest writes a header of QCOW2 over the beginning of its disk."""
    summed: int = SIZE
    """Of how many bytes the guest tells the checksum."""

    def sector(self) -> bytes:
        """As it stands on the disk."""
        text = f'EIC-GUEST-IMAGE token={self.token} mode={self.mode} sum={self.summed}'
        return text.encode().ljust(SECTOR, b'\0')


def new_label(mode: str = 'plain') -> Label:
    """The label of an image that no other is."""
    return Label(secrets.token_hex(8), mode)


def make(lab: Lab, path: Path, label: Label, size: int = SIZE) -> None:
    """Write a disk with that label.

    :param size: in bytes, at least SIZE; what is behind SIZE is a hole
    """
    path.write_bytes(_base(lab).read_bytes())
    with path.open('r+b') as stream:
        stream.seek(LABEL_AT)
        stream.write(label.sector())
        stream.seek(_RANDOM[0])
        stream.write(os.urandom(_RANDOM[1]))
        stream.truncate(size)


def _base(lab: Lab) -> Path:
    """A disk without label and random bytes; made again only of other parts."""
    found = parts.fetch(lab)
    archive = initramfs.build(found)
    made_of = hashlib.sha256(archive + _CONFIG.encode()).hexdigest()[:16]
    target = lab.paths / f'guest/base-{made_of}.img'
    if not target.exists():
        unfinished = target.with_suffix('.new')
        _assemble(unfinished, found, _file_system(lab, found, archive))
        unfinished.rename(target)
    return target


def _file_system(lab: Lab, found: Parts, archive: bytes) -> Path:
    """The partition, with what syslinux starts."""
    folder = files.private_dir(lab.paths / 'guest/files')
    (folder / 'initramfs').write_bytes(archive)
    (folder / 'syslinux.cfg').write_text(_CONFIG, encoding='utf-8')
    image = folder / 'partition.img'
    with image.open('wb') as stream:
        stream.truncate(PARTITION[1])
    hidden = str(PARTITION[0] // SECTOR)
    lab.run('guest', ['mkfs.fat', '-F', '16', '-h', hidden, '--invariant', str(image)])
    for source, name in (
        (found.kernel, 'vmlinuz'),
        (folder / 'initramfs', 'initramfs'),
        (folder / 'syslinux.cfg', 'syslinux.cfg'),
    ):
        lab.run('guest', ['mcopy', '-i', str(image), str(source), f'::{name}'])
    lab.run('guest', [str(found.syslinux), '--install', str(image)])
    return image


def _assemble(path: Path, found: Parts, file_system: Path) -> None:
    start, length = PARTITION
    with path.open('wb') as stream:
        stream.truncate(SIZE)
        stream.write(found.boot_record.read_bytes()[:_CODE_BYTES])
        stream.seek(_TABLE_AT)
        # The entry of an active partition; who reads LBA reads no cylinders.
        stream.write(
            struct.pack(
                '<B3sB3sII',
                0x80,
                b'\xfe\xff\xff',
                _FAT16_LBA,
                b'\xfe\xff\xff',
                start // SECTOR,
                length // SECTOR,
            )
        )
        stream.seek(SECTOR - 2)
        stream.write(b'\x55\xaa')
        stream.seek(start)
        stream.write(file_system.read_bytes())
