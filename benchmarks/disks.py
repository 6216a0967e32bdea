"""Disks to measure with, and what of them is in Glance."""

import os
import subprocess
from pathlib import Path

import sqlalchemy
from oslo_utils import units

from benchmarks import storage, tables
from benchmarks.tenant import Tenant
from lab import glance
from lab.context import Lab

_TIMEOUT = 120
_SET_SIZE = sqlalchemy.text(
    'UPDATE images SET size = :size, checksum = NULL, os_hash_algo = NULL, '
    'os_hash_value = NULL, virtual_size = NULL WHERE id = :id'
)


def random_disk(tenant: Tenant, mib: int) -> Path:
    """A raw disk of bytes that nothing compresses or shares."""
    path = tenant.directory / f'disk-{mib}.raw'
    path.write_bytes(os.urandom(mib * units.Mi))
    return path


def qcow2(raw: Path) -> Path:
    """The same disk as QCOW2."""
    path = raw.with_suffix('.qcow2')
    subprocess.run(
        ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', str(raw), str(path)],
        check=True,
        timeout=_TIMEOUT,
    )
    return path


def sparse_image(tenant: Tenant, head: Path, mib: int) -> str:
    """A raw image of ``mib`` MiB, all of it a hole but for its two ends.

    Sending 64 GiB of zeros takes Glance minutes, and its Locations API refuses
    ``file://``. So the image is uploaded with its head alone. Then its file in
    Glance's store is grown, and the size is written into Glance's database. The
    row looks like that of a location that was registered without
    ``do_secure_hash``: no checksums, no virtual size.
    """
    image_id = tenant.upload(head)
    size = mib * units.Mi
    with stored(tenant.lab, image_id).open('r+b') as stream:
        stream.truncate(size)
        stream.seek(size - units.Mi)
        stream.write(os.urandom(units.Mi))
    with tables.connected(tenant.lab, glance.NAME) as connection:
        connection.execute(_SET_SIZE, {'size': size, 'id': image_id})
    return image_id


def stored(lab: Lab, image_id: str) -> Path:
    """Glance's file of an image in its store on the FlexVol."""
    return storage.root(lab, 'images') / image_id


def same_ends(path: Path, image: Path, gib: int) -> bool:
    """Whether a volume has a sparse image's size and the bytes of its ends."""
    return path.stat().st_size == gib * units.Gi and (
        _ends(path, gib) == _ends(image, gib)
    )


def _ends(path: Path, gib: int) -> bytes:
    with path.open('rb') as stream:
        head = stream.read(units.Mi)
        stream.seek(gib * units.Gi - units.Mi)
        return head + stream.read(units.Mi)
