"""Names of LUNs and namespaces: ``/vol/VOLUME[/QTREE]/NAME``."""

import re
from collections.abc import Iterable

from ontap_simulator.errors.block import NO_SUCH_QTREE, NO_SUCH_VOLUME, BlockError
from ontap_simulator.errors.block_codes import BlockCodes
from ontap_simulator.models.block import Place
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol

_BASE_NAME = re.compile(r'[A-Za-z0-9._{}-]+')

_LONGEST_PATH = 2


def place_of(
    name: str, svm: Svm, volumes: Iterable[FlexVol], codes: BlockCodes
) -> Place:
    """Where ``/vol/VOLUME[/QTREE]/NAME`` is.

    :raises BlockError: there is no such FlexVol or qtree, or the name is bad
    """
    parts = name.split('/')
    if parts[:2] != ['', 'vol'] or not parts[2:3] or not parts[2]:
        raise BlockError(
            codes.no_volume,
            f'"{name}" names no volume: write it as /vol/VOLUME/NAME.',
            'name',
        )
    inside = parts[3:]
    if not inside or not inside[-1]:
        raise BlockError(codes.no_base_name, f'"{name}" has no base name.', 'name')
    volume = volume_named(parts[2], svm, volumes)
    if len(inside) > _LONGEST_PATH or not all(
        _BASE_NAME.fullmatch(part) and part.strip('.') for part in inside
    ):
        raise BlockError(
            codes.bad_characters,
            f'The name "{name}" is not made of '
            'A-Z, a-z, 0-9, "-", ".", "_", "{" and "}".',
            'name',
        )
    _check_qtree(volume, inside)
    return Place(volume, '/'.join(inside))


def volume_named(name: str, svm: Svm, volumes: Iterable[FlexVol]) -> FlexVol:
    """The FlexVol of an SVM.

    :raises BlockError: there is none of that name
    """
    for volume in volumes:
        if volume.svm == svm and volume.name == name:
            return volume
    raise BlockError(
        NO_SUCH_VOLUME,
        f'The volume "{name}" was not found in the SVM "{svm.name}".',
        'name',
    )


def _check_qtree(volume: FlexVol, inside: list[str]) -> None:
    # A qtree is a directory at the root of the FlexVol.
    if len(inside) == 1:
        return
    directories = {name for name, _ in volume.directory.entries('')}
    if inside[0] not in directories:
        raise BlockError(
            NO_SUCH_QTREE,
            f'The qtree "{inside[0]}" was not found.',
            'location.qtree.name',
        )
