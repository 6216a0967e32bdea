"""Looks at the bytes before they become a cached image.

Reads the first quarter MiB with oslo.utils' format inspector. What passes is a
raw disk of exactly the size that the image has; anything else goes back to
Cinder's download, which decides for itself.
"""

import hashlib
import os
import pathlib
import stat
from typing import Any

from oslo_utils.imageutils import format_inspector

from eic_plugins import native

_RAW_FORMATS = frozenset({'raw', 'gpt'})
"""A partitioned raw disk is detected as ``gpt``, and is raw all the same."""


class UnsafeImageError(Exception):
    """The bytes are not what the image claims to be; says in what."""


class NotTheImageError(Exception):
    """The bytes are not those of the image in Glance."""


_CHUNK = 4 << 20


def check_checksum(path: str | os.PathLike[str], algorithm: str | None,
                   wanted: str | None) -> None:
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
            f'the {algorithm} of the bytes is not the one that Glance has')


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


def virtual_size_of_raw(path: str | os.PathLike[str], expected_size: int) -> int:
    """The size in bytes of the raw disk at ``path``.

    :param expected_size: bytes, 0 if Glance does not know it
    :raises UnsafeImageError: another format, unsafe, another size, or no
        regular file
    :raises OSError: the file cannot be read
    """
    size = regular_size(path)
    if expected_size and size != expected_size:
        raise UnsafeImageError(
            f'the file has {size} bytes, the image {expected_size}')
    check_raw(path)
    return size


def check_raw(path: str | os.PathLike[str]) -> None:
    """Look at the bytes for another format than that of a raw disk.

    :raises UnsafeImageError: another format, or unsafe
    :raises OSError: the file cannot be read
    """
    try:
        detected = format_inspector.detect_file_format(os.fspath(path))
        name = str(detected)
        if detected is None or name not in _RAW_FORMATS:
            raise UnsafeImageError(f'a raw image contains {name}')
        detected.safety_check()
    except (format_inspector.ImageFormatError,
            format_inspector.SafetyCheckFailed) as err:
        raise UnsafeImageError(f'format inspection failed: {err}') from err
