"""The LUNs or namespaces that ``eic verify`` makes in a FlexVol, and removes again."""

import secrets
from collections.abc import Sequence

from eic_plugins.cli.verification.scratch import PREFIX, NotWritableError
from eic_plugins.model import Pool, StoredObject
from eic_plugins.ontap.block import BlockDevice, BlockDevices
from eic_plugins.ontap.session import OntapError

_SIZE = 16 << 20


class ScratchDevices:
    """Devices whose names begin alike, in the FlexVol of a pool.

    :param devices: new ones of it have no space reserved
    """

    def __init__(self, pool: Pool, devices: BlockDevices) -> None:
        self.pool = pool
        self.devices = devices
        self._name = f'{PREFIX}{secrets.token_hex(4)}'
        self._unknown = False

    def __enter__(self) -> 'ScratchDevices':
        try:
            for device in self._listed(f'{PREFIX}*'):
                self.devices.delete(device)
        except OntapError as err:
            raise NotWritableError(
                f'FlexVol {self.pool.flexvol.name} of SVM {self.pool.flexvol.svm}: '
                f'{err}'
            ) from err
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            for device in self._listed(f'{self._name}*'):
                self.devices.delete(device)
            self._unknown = bool(self._listed(f'{self._name}*'))
        except OntapError:
            self._unknown = True

    @property
    def left(self) -> str | None:
        """What could not be removed."""
        path = f'/vol/{self.pool.flexvol.name}/{self._name}*'
        return path if self._unknown else None

    def stored(self, name: str) -> StoredObject:
        """The device of that name, as ONTAP knows it."""
        return self.pool.stored(f'{self._name}-{name}')

    def file(self, name: str, size: int = _SIZE) -> StoredObject:
        """A new device of ``size`` bytes."""
        self.new(name, size)
        return self.stored(name)

    def new(self, name: str, size: int = _SIZE) -> BlockDevice:
        """The same, as ONTAP describes it."""
        return self.devices.create(self.stored(name), size)

    def _listed(self, pattern: str) -> Sequence[BlockDevice]:
        return self.devices.list(self.pool.flexvol, pattern)
