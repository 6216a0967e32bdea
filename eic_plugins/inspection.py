"""Looks at the bytes before they become a cached image.

Reads the first quarter MiB with oslo.utils' format inspector. What passes is a
raw disk of exactly the size that the image has; anything else goes back to
Cinder's download, which decides for itself.
"""

import os
import pathlib

from oslo_utils.imageutils import format_inspector

_RAW_FORMATS = frozenset({'raw', 'gpt'})
"""A partitioned raw disk is detected as ``gpt``, and is raw all the same."""


class UnsafeImageError(Exception):
    """The bytes are not what the image claims to be; says in what."""


def virtual_size_of_raw(path: str | os.PathLike[str], expected_size: int) -> int:
    """The size in bytes of the raw disk at ``path``.

    :param expected_size: bytes, 0 if Glance does not know it
    :raises UnsafeImageError: another format, unsafe, or another size
    :raises OSError: the file cannot be read
    """
    size = pathlib.Path(path).stat().st_size
    if expected_size and size != expected_size:
        raise UnsafeImageError(
            f'the file has {size} bytes, the image {expected_size}')
    try:
        detected = format_inspector.detect_file_format(os.fspath(path))
        name = str(detected)
        if detected is None or name not in _RAW_FORMATS:
            raise UnsafeImageError(f'a raw image contains {name}')
        detected.safety_check()
    except (format_inspector.ImageFormatError,
            format_inspector.SafetyCheckFailed) as err:
        raise UnsafeImageError(f'format inspection failed: {err}') from err
    return size
