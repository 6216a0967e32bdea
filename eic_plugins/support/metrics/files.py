"""A file of metrics: written in one rename, read with bounds.

node_exporter's textfile collector reads ``*.prom`` alone, and so does ``eic metrics``.
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

PATTERN = 'eic-*.prom'
"""The files of metrics in ``[eic] metrics_directory``."""
LARGEST = 4 * 1024 * 1024
"""Bytes. A backend with a hundred pools has less than a tenth of it."""

# A link would let the writer of the directory show a file that only the reader may
# read; opening a pipe would wait for whoever writes into it.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Written(NamedTuple):
    """What a file says, and when it was written (seconds since the epoch)."""

    at: float
    families: tuple[Family, ...]


def replace(path: Path, content: bytes) -> None:
    """Readable to node_exporter's user, and at any moment whole.

    prometheus_client's own ``write_to_textfile`` leaves the mode to the umask.
    """
    made = path.with_name(f'{path.name}.{os.getpid()}')
    try:
        made.write_bytes(content)
        made.chmod(0o644)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def written_at(path: Path) -> float:
    """When it was written; the file alone counts, not where a link leads to.

    :raises OSError: it cannot be seen
    """
    return path.lstat().st_mtime


def read(path: Path) -> Written:
    """What stands in it.

    :raises OSError: it cannot be read
    :raises ValueError: it is no file of metrics, or a larger one than there are
    """
    with os.fdopen(os.open(path, _FLAGS), 'rb') as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError('it is no file')
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f'it is larger than {LARGEST} bytes')
    return Written(status.st_mtime, _families(content.decode()))


def _families(text: str) -> tuple[Family, ...]:
    try:
        return tuple(text_string_to_metric_families(text))
    except Exception as err:
        # The parser says what it did not expect by whatever that led to.
        raise ValueError(f'it is not in the text format: {err}') from err
