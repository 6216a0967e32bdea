"""Image files of an NFS export as LUNs, without a download (experimental).

An image file is cloned or copied into the pool's FlexVol, as a file. A LUN is made
of that file (:meth:`~eic_plugins.ontap.block.Luns.create_from_file`), and cloned.
The clone is a LUN like all others. Then the LUN that was made of the file is
deleted, and last the file.

So while a LUN ``NAME`` is being made, the file ``NAME.raw`` and the LUN
``NAME.lun`` are beside it.
"""

import dataclasses
from collections.abc import Callable

from oslo_log import log as logging

from eic_plugins.model import StoredObject
from eic_plugins.ontap.block import BLOCK, Luns
from eic_plugins.ontap.files import DestinationMissingError, Files
from eic_plugins.ontap.session import OntapError

LOG = logging.getLogger(__name__)
FILE_SUFFIX = '.raw'
_LUN_SUFFIX = '.lun'


@dataclasses.dataclass(frozen=True)
class LunsOfFiles:
    """Makes LUNs where others make files.

    ``clone_timeout``: seconds that one FlexClone of a LUN may take.
    """

    files: Files
    luns: Luns
    clone_timeout: float

    def clone(
        self, source: StoredObject, destination: StoredObject, timeout: float
    ) -> None:
        """A LUN of a file in the same FlexVol.

        :param timeout: seconds that one FlexClone may take
        :raises OntapError: nothing but ``destination`` is left, if the cluster
            answers
        """
        self._make(destination, lambda file: self.files.clone(source, file, timeout))

    def copy(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """A LUN of a file in another FlexVol of the cluster.

        Parameters as :meth:`eic_plugins.ontap.files.Files.copy`; errors as
        :meth:`clone`.
        """
        self._make(
            destination,
            lambda file: self.files.copy(source, file, timeout, throughput, keep),
        )

    def _make(
        self, destination: StoredObject, fill: Callable[[StoredObject], None]
    ) -> None:
        file, lun = (
            dataclasses.replace(destination, path=destination.path + suffix)
            for suffix in (FILE_SUFFIX, _LUN_SUFFIX)
        )
        try:
            fill(file)
            self._round_up(file)
            self.luns.create_from_file(file, lun)
            self.luns.clone(lun, destination, self.clone_timeout)
        finally:
            self._discard(lun, file)

    def _round_up(self, file: StoredObject) -> None:
        """To whole blocks, with zeros: LUNs have no others."""
        stat = self.files.stat(file)
        if stat is None:
            raise DestinationMissingError(f'no file at {file.path}')
        size = -(-stat.size // BLOCK) * BLOCK
        if size != stat.size:
            self.files.resize(file, size)

    def _discard(self, lun: StoredObject, file: StoredObject) -> None:
        """The LUN first: its file cannot be deleted before it."""
        try:
            device = self.luns.find(lun)
            if device is not None:
                self.luns.delete(device)
            self.files.delete(file)
        except OntapError as err:
            LOG.warning(
                '%(lun)s or %(file)s is left in FlexVol %(flexvol)s: '
                '%(err)s. It is tried again with every cleaning.',
                {
                    'lun': lun.path,
                    'file': file.path,
                    'flexvol': file.flexvol.name,
                    'err': err,
                },
            )
