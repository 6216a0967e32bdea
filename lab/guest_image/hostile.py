"""What a hostile guest writes over its own disk."""

import struct

from oslo_utils import units

_SECTOR = 512


def qcow2_header(gib: int = 1, backing: bytes = b'/etc/passwd') -> bytes:
    """A sector that says: a QCOW2 file of so many GiB, with that backing file.

    The fields are those of QEMU's docs/interop/qcow2.txt, version 2.
    """
    at = 256 if backing else 0
    head = struct.pack(
        '>4sIQIIQIIQQIIQ',
        b'QFI\xfb',
        2,  # version
        at,
        len(backing),
        16,  # bits of a cluster
        gib * units.Gi,
        0,  # encryption
        1,  # entries of the first table
        3 << 16,  # the first table
        1 << 16,  # the reference counts
        1,
        0,  # snapshots
        0,
    )
    return (head.ljust(at, b'\0') + backing).ljust(_SECTOR, b'\0')
