"""Converts a disk file that nobody vouches for to raw, and nothing else that it names.

What a file claims is looked at twice before it is read as a disk: by oslo.utils'
format inspector, which runs no parser of QEMU's, and by ``qemu-img info`` with
limits on memory and time. A file that names other files is refused.
"""

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oslo_concurrency import processutils
from oslo_utils import units
from oslo_utils.imageutils import format_inspector

from eic_plugins.storage import inspection

DRIVERS: Mapping[str, str] = {
    'qcow2': 'qcow2',
    'vdi': 'vdi',
    'vhd': 'vpc',
    'vhdx': 'vhdx',
    'vmdk': 'vmdk',
}
"""Glance's ``disk_format`` and QEMU's name of it."""
_VMDK_TYPES = frozenset({'monolithicSparse', 'streamOptimized'})
"""Those of one file; Glance and Cinder allow the same two by default."""
_LIMITS = processutils.ProcessLimits(address_space=units.Gi, cpu_time=30)
_LOOK = 0.5
"""Seconds between two looks at how far it is."""


class UnsafeDiskError(Exception):
    """The file is not what it should be, or cannot be converted; says in what."""


def virtual_size(path: Path, disk_format: str) -> int:
    """The bytes of the disk in a file, which is only inspected.

    :param disk_format: what Glance says it is, one of :data:`DRIVERS`
    :raises UnsafeDiskError: it is another format, or names other files
    """
    _inspect(path, disk_format)
    info = _info(path, DRIVERS[disk_format])
    _refuse_other_files(info)
    return int(info['virtual-size'])


def convert(
    path: Path, disk_format: str, target: Path, size: int, tick: Callable[[int], None]
) -> None:
    """Write the disk in an inspected file to ``target``, as raw.

    :param size: its bytes, see :func:`virtual_size`; more are not written
    :param tick: called with the bytes that are on the disk, now and then
    :raises UnsafeDiskError: it cannot be converted, or the result is no raw disk
    """
    limit = inspection.whole_sectors(size)
    command = [
        *(sys.executable, '-m', 'oslo_concurrency.prlimit', f'--fsize={limit}', '--'),
        *('qemu-img', 'convert', '-f', DRIVERS[disk_format], '-O', 'raw'),
        *(str(path), str(target)),
    ]
    if _run(command, target, tick) != 0:
        raise UnsafeDiskError('qemu-img cannot convert it')
    try:
        inspection.virtual_size_of_raw(target, limit)
    except (inspection.UnsafeImageError, inspection.NotTheImageError) as err:
        raise UnsafeDiskError(f'after the conversion, {err}') from err


def _inspect(path: Path, disk_format: str) -> None:
    try:
        found = format_inspector.detect_file_format(str(path))
        if str(found) != disk_format:
            raise UnsafeDiskError(f'it is {found}, and not {disk_format}')
        found.safety_check()
    except format_inspector.SafetyCheckFailed as err:
        raise UnsafeDiskError(f'it is not safe: {err}') from err
    except format_inspector.ImageFormatError as err:
        raise UnsafeDiskError(f'its format is not clear: {err}') from err


def _info(path: Path, driver: str) -> Mapping[str, Any]:
    try:
        said, _ = processutils.execute(
            *('qemu-img', 'info', '--output=json', '-f', driver, str(path)),
            prlimit=_LIMITS,
            python_exec=sys.executable,
        )
        info: Mapping[str, Any] = json.loads(said)
    except processutils.ProcessExecutionError as err:
        raise UnsafeDiskError('qemu-img cannot read it, or is not installed') from err
    return info


def _refuse_other_files(info: Mapping[str, Any]) -> None:
    data = info.get('format-specific', {}).get('data', {})
    named = info.get('backing-filename') or info.get('full-backing-filename')
    if named or data.get('data-file') is not None:
        raise UnsafeDiskError('it names another file: a backing or a data file')
    if info.get('encrypted') or data.get('encrypt'):
        raise UnsafeDiskError('it is encrypted')
    kind = data.get('create-type')
    if info.get('format') == 'vmdk' and kind not in _VMDK_TYPES:
        raise UnsafeDiskError(f'it is a VMDK of type {kind}')


def _run(command: Sequence[str], target: Path, tick: Callable[[int], None]) -> int:
    """The exit status; the program is ended if we are."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while True:
                try:
                    return process.wait(_LOOK)
                except subprocess.TimeoutExpired:
                    tick(_written(target))
        finally:
            process.kill()


def _written(target: Path) -> int:
    try:
        return pathlib.Path(target).stat().st_blocks * 512
    except FileNotFoundError:
        return 0
