"""What a hostile guest writes over its own disk."""

import struct

from oslo_utils import units

_SECTOR = 512


def qcow2_header() -> bytes:
    """A sector that says: a QCOW2 file of 1 GiB, whose backing file is /etc/passwd.

    The fields are those of QEMU's docs/interop/qcow2.txt, version 2.
    """
    backing = b'/etc/passwd'
    at = 256
    head = struct.pack(
        '>4sIQIIQIIQQIIQ',
        b'QFI\xfb',
        2,  # version
        at,
        len(backing),
        16,  # bits of a cluster
        1 * units.Gi,
        0,  # encryption
        1,  # entries of the first table
        3 << 16,  # the first table
        1 << 16,  # the reference counts
        1,
        0,  # snapshots
        0,
    )
    return (head.ljust(at, b'\0') + backing).ljust(_SECTOR, b'\0')
