"""LUNs and NVMe namespaces: files of a FlexVol that have a name in the SAN.

``/vol/VOLUME/lun1`` is the file ``lun1`` at the root of the FlexVol, so its
clones are reflinks, and a host on this machine can open it as a disk. What a file
does not have (UUID, serial number, comment, ...) is in ``state.json``.
"""

import dataclasses
import uuid

from ontap_simulator.errors.block_codes import LUN, NAMESPACE, BlockCodes
from ontap_simulator.models.volumes import FlexVol

_SERIAL_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-'
_SERIAL_LENGTH = 12


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a LUN or a namespace is: ``[QTREE/]NAME`` in a FlexVol."""

    volume: FlexVol
    path: str

    @property
    def name(self) -> str:
        """The name that hosts and drivers use."""
        return f'/vol/{self.volume.name}/{self.path}'


@dataclasses.dataclass(frozen=True)
class BlockObject:
    """A LUN or a namespace; sizes in bytes, times in seconds since 1970."""

    uuid: str
    kind: str
    svm: str
    volume: str
    path: str
    size: int
    os_type: str
    block_size: int
    created: float
    serial_number: str = ''
    comment: str = ''
    enabled: bool = True
    auto_delete: bool = False
    space_reserved: bool = False
    thin_provisioning: bool = False
    qos_policy: str = ''
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)
    from_file: str = ''
    """The file that became this LUN, which cannot be deleted before it."""
    copying: bool = False
    """A copy is still filling it; a restart ends the copy."""

    @property
    def name(self) -> str:
        """The name that hosts and drivers use."""
        return f'/vol/{self.volume}/{self.path}'

    @property
    def codes(self) -> BlockCodes:
        """The error codes of its kind."""
        return LUN if self.kind == LUN.noun else NAMESPACE


def new_serial_number(identifier: str) -> str:
    """The twelve letters of a LUN, from its UUID."""
    number = uuid.UUID(identifier).int
    letters = []
    for _ in range(_SERIAL_LENGTH):
        number, index = divmod(number, len(_SERIAL_LETTERS))
        letters.append(_SERIAL_LETTERS[index])
    return ''.join(letters)
