"""Mounts for tests, which nothing outside of them sees. Root is needed."""

import contextlib
import ctypes
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_IMAGE_BYTES = 4 << 30
_TIMEOUT = 30


class NotPossibleError(Exception):
    """This machine, or this user, cannot do that."""


@functools.cache
def private_mounts() -> None:
    """Put this process into a mount namespace of its own, until it ends.

    Whatever else here mounts calls it; the second call does nothing.

    :raises NotPossibleError: not without root
    """
    if os.geteuid() != 0:
        raise NotPossibleError('mounting needs root: run these tests as root')
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(
        b'none', b'/', None, _MS_REC_PRIVATE, None
    ):
        reason = os.strerror(ctypes.get_errno())
        raise NotPossibleError(f'no private mount namespace: {reason}')


@contextlib.contextmanager
def reflink_storage(base: Path) -> Iterator[Path]:
    """A directory on a small XFS image, where a clone is a reflink.

    :param base: an empty directory for the image
    :raises NotPossibleError: no root, no XFS or no loop device
    """
    private_mounts()
    image, target = base / 'xfs', base / 'mnt'
    target.mkdir()
    with image.open('wb') as stream:
        stream.truncate(_IMAGE_BYTES)
    _run('mkfs.xfs', '-q', '-m', 'reflink=1', str(image))
    _run('mount', '-o', 'loop', str(image), str(target))
    try:
        yield target
    finally:
        subprocess.run(['umount', '--lazy', str(target)], check=False)


@contextlib.contextmanager
def best_storage(base: Path) -> Iterator[Path]:
    """:func:`reflink_storage` if it is possible, and else the directory itself."""
    with contextlib.ExitStack() as stack:
        found = base
        with contextlib.suppress(NotPossibleError):
            found = stack.enter_context(reflink_storage(base))
        yield found


def mount_helper(exports: Path, directory: Path) -> None:
    """Let ``mount -t nfs`` mount a simulator's exports, for this process.

    :param exports: the simulator's ``exports.json``
    :param directory: where the helper is written to
    :raises NotPossibleError: no root, or no mount.nfs to replace
    """
    private_mounts()
    replaced = shutil.which('mount.nfs', path='/sbin:/usr/sbin')
    if not replaced:
        raise NotPossibleError('/sbin/mount.nfs is missing: install nfs-common')
    helper = directory / 'mount.nfs'
    helper.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m ontap_simulator.mount '
        f'--exports {exports} "$@"\n'
    )
    helper.chmod(0o755)
    _run('mount', '--bind', str(helper), str(Path(replaced).resolve()))


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT)
    except (OSError, subprocess.SubprocessError) as err:
        raise NotPossibleError(f'{" ".join(command)}: {err}') from err
