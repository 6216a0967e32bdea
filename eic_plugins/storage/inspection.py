"""Looks at the bytes before they become a cached image.

Reads the first quarter MiB with oslo.utils' format inspectors. A disk may have
any partition table or none, be an ISO file or an encrypted container: whoever
is given a volume is told that it is raw, and nobody looks for another format.
What is a disk in a *file format* is refused all the same (QCOW2, VMDK, ...): it
may name other files, and is refused or converted by Cinder.
"""

import hashlib
import os
import pathlib
import re
import stat
from typing import Any

from oslo_utils import units
from oslo_utils.imageutils import format_inspector

from eic_plugins.support import native

_RAW_FORMATS = frozenset({'raw', 'gpt', 'iso', 'luks'})
"""What a raw disk may be detected as: partitioned (a boot sector without
partitions looks so, too), a CD, encrypted, or several of them at once.
"""
_SECTOR = 512
_READ = 4096
_ENOUGH = units.Mi
_VMDK = re.compile(rb'KDMV|COWD|(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*version[ \t]*=', re.I)
"""As qemu-img finds one. It may be a text alone, of comments, empty lines and a
version, which then names the files that have the data. oslo.utils' inspector
fails of some texts that are none.
"""
_INSPECTED = sorted(set(format_inspector.ALL_FORMATS) - {'vmdk'})


class UnsafeImageError(Exception):
    """The bytes are not what the image claims to be; says in what."""


class NotTheImageError(Exception):
    """The bytes are not those of the image in Glance."""


_CHUNK = 4 << 20


def check_checksum(
    path: str | os.PathLike[str], algorithm: str | None, wanted: str | None
) -> None:
    """Read a file to its end and compare its digest with Glance's.

    :param algorithm: Glance's ``os_hash_algo``
    :param wanted: Glance's ``os_hash_value``
    :raises NotTheImageError: they differ, or this host lacks the algorithm
    :raises OSError: the file cannot be read
    """
    try:
        digest = hashlib.new(algorithm or '')
    except ValueError as err:
        raise NotTheImageError(f'no hash {algorithm} on this host') from err
    # A large image takes minutes, in which other greenthreads are to go on.
    native.run(_read_into, digest, path)
    if digest.hexdigest() != wanted:
        raise NotTheImageError(
            f'the {algorithm} of the bytes is not the one that Glance has'
        )


def _read_into(digest: Any, path: str | os.PathLike[str]) -> None:
    with pathlib.Path(path).open('rb') as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)


def regular_size(path: str | os.PathLike[str]) -> int:
    """The bytes of a regular file; a symbolic link is never followed.

    A clone of a link is a link, and may lead anywhere on this host.

    :raises UnsafeImageError: it is a link, a device or whatever else
    :raises OSError: there is none
    """
    found = pathlib.Path(path).lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeImageError('what ONTAP made is a symbolic link')
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeImageError('what ONTAP made is not a regular file')
    return found.st_size


def whole_sectors(size: int) -> int:
    """The bytes that a conversion to raw makes of so many."""
    return -(-size // _SECTOR) * _SECTOR


def virtual_size_of_raw(path: str | os.PathLike[str], expected_size: int) -> int:
    """The size in bytes of the raw disk at ``path``.

    :param expected_size: bytes, 0 if it is not known
    :raises NotTheImageError: it has another size
    :raises UnsafeImageError: another format, or no regular file
    :raises OSError: the file cannot be read
    """
    size = regular_size(path)
    if expected_size and size != expected_size:
        raise NotTheImageError(f'the file has {size} bytes, the image {expected_size}')
    check_raw(path)
    return size


def check_zeros_from(path: str | os.PathLike[str], size: int) -> None:
    """Look at what is behind the first ``size`` bytes: nothing may be there.

    :raises UnsafeImageError: something is
    :raises OSError: it cannot be read
    """
    with pathlib.Path(path).open('rb') as stream:
        stream.seek(size)
        while chunk := stream.read(_CHUNK):
            if chunk.strip(b'\0'):
                raise UnsafeImageError(f'bytes follow the {size} of the image')


def check_raw(path: str | os.PathLike[str]) -> None:
    """Look at the bytes for another format than that of a raw disk.

    :raises UnsafeImageError: another format
    :raises OSError: the file cannot be read
    """
    found = sorted(_formats(path) - _RAW_FORMATS)
    if found:
        raise UnsafeImageError(f'a raw image contains {", ".join(found)}')


def _formats(path: str | os.PathLike[str]) -> frozenset[str]:
    with pathlib.Path(path).open('rb') as stream:
        if _VMDK.match(stream.read(_READ)):
            return frozenset({'vmdk'})
        stream.seek(0)
        wrapper = format_inspector.InspectWrapper(stream, allowed_formats=_INSPECTED)
        while (
            wrapper.formats is None and stream.tell() < _ENOUGH and wrapper.read(_READ)
        ):
            pass
        wrapper.close()
        return frozenset(str(found) for found in wrapper.formats or ())
