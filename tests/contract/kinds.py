"""Images of every kind that inspectors of formats stumble over.

Each is what some tool or tenant really uploads; the headers are written here
by their published layouts, and whatever qemu-img makes, it makes.
"""

import base64
import dataclasses
import gzip
import os
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests import luks as container
from tests.contract.images import Glance, Image

MIB = 1 << 20
SECTOR = 512
_GPT = 0xEE
_NTFS = 0x07
_ODD_CHS = (0, 1, 0)
_ISO_AT = 32 << 10
_DATA_AT = 5 << 16
"""Of a QCOW2 file with clusters of 64 KiB, as qemu-img makes it."""
_TIMEOUT = 60


@dataclasses.dataclass(frozen=True)
class Kind:
    """An image; ``disk`` are the bytes that a volume of it begins with.

    ``meta`` is what Glance has of it beyond what an ordinary image has, ``options``
    what is set in cinder.conf.
    """

    disk_format: str
    stored: bytes
    disk: bytes
    meta: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def upload(self, glance: Glance) -> Image:
        """Have Glance have it."""
        image = glance.add(self.disk, self.stored, self.disk_format)
        image.meta = {**image.meta, **self.meta}
        return image


def all_kinds(directory: Path) -> Mapping[str, Kind]:
    """Every kind by its name."""
    return {name: make(directory) for name, make in MAKERS.items()}


def raw(disk: bytes, **meta: Any) -> Kind:
    """The disk as it is."""
    return Kind('raw', disk, disk, meta)


def noise(size: int = MIB) -> bytes:
    """A disk with no table, no file system and nothing to be compressed."""
    return os.urandom(size)


def iso(content: bytes | None = None) -> bytes:
    """A disk with a primary volume descriptor of ISO 9660."""
    disk = bytearray(content or bytes(_ISO_AT) + noise())
    disk[_ISO_AT : _ISO_AT + 7] = b'\x01CD001\x01'
    disk[_ISO_AT + 80 : _ISO_AT + 84] = struct.pack('<L', len(disk) // 2048)
    disk[_ISO_AT + 128 : _ISO_AT + 130] = struct.pack('<H', 2048)
    return bytes(disk)


def mbr(
    *partitions: tuple[int, tuple[int, int, int], int, int], disk: bytes | None = None
) -> bytes:
    """A disk with a boot record: type, first CHS, first and number of sectors."""
    made = bytearray(disk or noise())
    table = b''.join(
        struct.pack('<B3BB3BII', 0, *chs, kind, 0xFE, 0xFF, 0xFF, first, sectors)
        for kind, chs, first, sectors in partitions
    )
    made[:446] = bytes(446)
    made[446:510] = table.ljust(64, b'\0')
    made[510:512] = b'\x55\xaa'
    return bytes(made)


def ntfs() -> bytes:
    """A file system from the first sector on: a boot sector, no partitions."""
    made = bytearray(noise())
    made[:SECTOR] = bytes(SECTOR)
    made[:11] = b'\xeb\x52\x90NTFS    '
    made[11:24] = struct.pack('<HBHBHHBH', 512, 8, 0, 0, 0, 0, 0xF8, 0)
    # Boot code reaches over the place of the partition table.
    made[84:510] = bytes(range(1, 214)) * 2
    made[510:512] = b'\x55\xaa'
    return bytes(made)


def qemu_img(*arguments: str) -> None:
    """Run it."""
    subprocess.run(
        ['qemu-img', *arguments], check=True, timeout=_TIMEOUT, capture_output=True
    )


def converted(directory: Path, disk: bytes, to: str, *options: str) -> bytes:
    """The disk in another format."""
    source, made = directory / 'disk', directory / f'disk.{to}'
    source.write_bytes(disk)
    qemu_img('convert', '-f', 'raw', '-O', to, *options, str(source), str(made))
    return made.read_bytes()


def luks(directory: Path) -> Kind:
    """A whole-disk container, stored as what it is for a cloud: raw."""
    path = directory / 'luks'
    container.create(path)
    return raw(path.read_bytes())


def qcow2(directory: Path, disk: bytes | None = None, **meta: Any) -> Kind:
    """The usual."""
    disk = disk or noise()
    return Kind('qcow2', converted(directory, disk, 'qcow2'), disk, meta)


def backed(directory: Path) -> Kind:
    """It shows a file of the host that converts it."""
    path = directory / 'backed'
    qemu_img('create', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/passwd', str(path), '1M')
    return Kind('qcow2', path.read_bytes(), noise())


def broken(directory: Path) -> Kind:
    """A header that promises what is not there: conversion fails."""
    disk = bytes(range(256)) * 4096
    stored = bytearray(converted(directory, disk, 'qcow2', '-c'))
    # Clusters that are said to be compressed, and are not.
    stored[_DATA_AT:] = b'\xff' * len(stored[_DATA_AT:])
    return Kind('qcow2', bytes(stored), disk)


def flat_vmdk(directory: Path) -> bytes:
    """A descriptor that names a file elsewhere."""
    converted(directory, noise(), 'vmdk', '-o', 'subformat=monolithicFlat')
    return (directory / 'disk.vmdk').read_bytes()


def vhd(directory: Path, creator: bytes | None = None, *options: str) -> Kind:
    """What qemu-img makes; of ``creator``, if that is to be another one."""
    disk = noise(MIB + 7 * SECTOR)
    stored = bytearray(converted(directory, disk, 'vpc', *options))
    if creator:
        for at in (0, len(stored) - SECTOR):
            stored[at + 28 : at + 32] = creator
            stored[at + 64 : at + 68] = bytes(4)
            footer = stored[at : at + SECTOR]
            stored[at + 64 : at + 68] = struct.pack('>I', ~sum(footer) & 0xFFFFFFFF)
    # What Glance takes it from, of an image that it sees to be one.
    (size,) = struct.unpack('>Q', stored[-SECTOR + 40 : -SECTOR + 48])
    return Kind('vhd', bytes(stored), disk, {'virtual_size': size})


def compressed(directory: Path) -> Kind:
    """Glance does not look into it."""
    usual = qcow2(directory)
    return dataclasses.replace(
        usual,
        stored=gzip.compress(usual.stored),
        meta={'container_format': 'compressed', 'virtual_size': None},
        options={'allow_compression_on_image_upload': True},
    )


def signed(_directory: Path) -> Kind:
    """By somebody whose certificate nobody has."""
    disk = noise()
    return raw(
        disk,
        properties={
            'img_signature': base64.b64encode(b'of another one').decode(),
            'img_signature_hash_method': 'SHA-256',
            'img_signature_key_type': 'RSA-PSS',
            'img_signature_certificate_uuid': '5f9c4c3e-0000-4000-8000-000000000000',
        },
    )


def _with(kind: Kind, **options: Any) -> Kind:
    return dataclasses.replace(kind, options=options)


MAKERS: Mapping[str, Callable[[Path], Kind]] = {
    'raw': lambda _: raw(mbr((0x83, (32, 33, 0), 2048, 2048))),
    'qcow2': qcow2,
    'iso': lambda _: Kind('iso', disk := iso(), disk),
    'iso as raw': lambda _: raw(iso()),
    'hybrid iso as raw': lambda _: raw(
        iso(mbr((0x17, (0, 1, 0), 0, 2048), disk=bytes(_ISO_AT) + noise()))
    ),
    'gpt, odd chs': lambda _: raw(mbr((_GPT, _ODD_CHS, 1, 2047))),
    'gpt, hybrid mbr': lambda _: raw(
        mbr((_GPT, (0, 2, 0), 1, 63), (_NTFS, (0, 2, 3), 64, 1984))
    ),
    'ntfs without partitions': lambda _: raw(ntfs()),
    'luks as raw': luks,
    'text, then bytes': lambda _: raw(b'#!/bin/sh\n' * 100 + noise()),
    'raw, odd size': lambda _: raw(noise(MIB + 100)),
    'qcow2, recorded too small': lambda directory: qcow2(
        directory, virtual_size=MIB // 2
    ),
    'qcow2, recorded too large': lambda directory: qcow2(
        directory, virtual_size=3 * MIB
    ),
    'qcow2, size unknown': lambda directory: qcow2(directory, virtual_size=None),
    'vhd': vhd,
    'vhd, other geometry': lambda directory: vhd(
        directory, b'vpc ', '-o', 'force_size=on'
    ),
    'vhd, fixed': lambda directory: vhd(directory, None, '-o', 'subformat=fixed'),
    'compressed, size unknown': compressed,
    'compressed, forbidden': lambda directory: _with(compressed(directory)),
    'conversion forbidden': lambda directory: _with(
        qcow2(directory), image_conversion_disable=True
    ),
    'bad signature': signed,
    'broken qcow2': broken,
    'qcow2 with backing file': backed,
    'vmdk of a refused type': lambda directory: Kind(
        'vmdk', flat_vmdk(directory), noise()
    ),
    'qcow2 as raw': lambda directory: raw(converted(directory, noise(), 'qcow2')),
    'vmdk descriptor as raw': lambda directory: raw(flat_vmdk(directory)),
    'qcow2 inside qcow2': lambda directory: qcow2(
        directory, converted(directory, noise(), 'qcow2')
    ),
}
