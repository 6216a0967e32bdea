"""Files of volumes that grow while a server has them: ``[eic] extend_attached_files``.

The stock NFS driver reports that it cannot do this (``online_extend_support``), for it
grows a file by ``qemu-img resize``, and the server's QEMU has the file locked. A raw
file needs no qemu-img: it becomes longer by truncate(1), which touches no byte of it.
Cinder then tells Nova, whose libvirt driver has QEMU look at the new size
(virDomainBlockResize); the guest sees it at once. If Nova does not get or take that
message, the guest has the new size after its next hard reboot.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cinder import exception

from eic_plugins.volume.stock import raw_image

_RAW = 'raw'


def announce(pools: Iterable[dict[str, Any]]) -> None:
    """Have the scheduler pass on requests to extend volumes that are attached."""
    for pool in pools:
        pool['online_extend_support'] = True


def grow(path: str, gib: int, recorded: str | None, run: Callable[..., None]) -> None:
    """Make the file of an attached volume longer.

    :param path: of the file, on its mount
    :param gib: its new size; Cinder passes no smaller one than before
    :param recorded: the format that Cinder has recorded of the volume
    :param run: runs a program as the driver runs its own on shares
    :raises cinder.exception.ExtendVolumeError: the volume is not known to be raw
    """
    if recorded != _RAW or raw_image.info(path) is None:
        raise exception.ExtendVolumeError(
            reason=f'a server has the volume, and its file is {recorded or "unknown"} '
            'by what is recorded, a LUKS container or not readable; only a raw file '
            'can grow now. Detach the volume first.'
        )
    # At least so long: what is there must not be cut off in any case.
    run('truncate', '--no-create', f'--size=>{gib}G', path)
