"""Cached images as LUNs or namespaces, looked at as ONTAP lists them."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import (
    CACHED_IMAGE_PREFIX,
    CachedImage,
    Image,
    Pool,
    StoredObject,
)
from eic_plugins.ontap.block import (
    BlockDevice,
    BlockOptions,
    Luns,
    Namespaces,
)
from eic_plugins.storage.block import BlockStorage, found_elsewhere
from eic_plugins.storage.seen import SeenDevices as Memory
from eic_plugins.volume.backing.devices import NoFiles
from eic_plugins.volume.planning.planned_image import NothingIsDoneError
from eic_plugins.volume.planning.reports import ReportedPool
from eic_plugins.volume.planning.sight import (
    Access,
    Contents,
    SeenImage,
    Sight,
)

_LINUX = 'linux'
"""What the stock drivers take if no ``os_type`` is configured."""


class SeenDevices:
    """The LUNs, or the namespaces, of one backend.

    :param svm: the backend's
    """

    volume_finder: FileFinder = NoFiles()

    def __init__(
        self,
        access: Access,
        devices: Luns | Namespaces,
        svm: str,
        finder: FileFinder,
        copies_between_pools: bool,
    ) -> None:
        self.copier = devices
        self.copies_between_pools = copies_between_pools
        self.finder = finder
        self._access = access
        self._svm = svm
        self._memory = Memory(devices)

    def sight(self, pool: ReportedPool, image: Image) -> Sight:
        """The FlexVol's.

        :raises UnknownShareError: it is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        view = self._storage(pool)
        return Sight(view, lambda: _seen_by(view.kind))

    def contents(self, pool: ReportedPool) -> Contents:
        """Two calls: space is not asked for where nobody wants to know it."""
        storage = self._storage(pool)
        used = self.copier.used(storage.pool.flexvol, f'{CACHED_IMAGE_PREFIX}*')
        images = [
            SeenImage(
                usage.image_id,
                usage.size,
                used.get(CACHED_IMAGE_PREFIX + usage.image_id),
                usage.last_used,
                record is not None,
                record.identity if record else None,
            )
            for usage, record in storage.held()
        ]
        return Contents(images, _seen_by(storage.kind))

    def _storage(self, pool: ReportedPool) -> BlockStorage:
        return BlockStorage(
            Pool(pool.name, self._access.namespace.flexvol(pool.name)),
            self.copier,
            _attach_nothing,
            self._access.clone_timeout,
            self._access.seals,
            seen=self._memory,
        )

    def search(
        self, image: Image, pool: Pool, others: Iterable[ReportedPool]
    ) -> Sequence[CachedImage]:
        """By what was seen in all FlexVols of the SVM."""
        ours = {each.known.flexvol for each in others}
        flexvols = [
            flexvol
            for flexvol in self._access.namespace.flexvols([self._svm])
            if flexvol.uuid in ours and flexvol.uuid != pool.flexvol.uuid
        ]
        return found_elsewhere(image, flexvols, self._memory, self._access.seals)


def seen_luns(
    access: Access, options: Any, svm: str, lun_from_file: bool
) -> SeenDevices:
    """Those of an iSCSI or Fibre Channel backend.

    :param lun_from_file: ``[eic] experimental_lun_from_file``
    """
    finder = access.namespace if lun_from_file else NoFiles()
    devices = Luns(
        access.session, svm, BlockOptions(options.netapp_lun_ostype or _LINUX)
    )
    return SeenDevices(access, devices, svm, finder, copies_between_pools=True)


def seen_namespaces(access: Access, options: Any, svm: str) -> SeenDevices:
    """Those of an NVMe backend: ONTAP copies none between FlexVols."""
    devices = Namespaces(
        access.session, svm, BlockOptions(options.netapp_namespace_ostype or _LINUX)
    )
    return SeenDevices(access, devices, svm, NoFiles(), copies_between_pools=False)


def _seen_by(kind: str) -> str:
    return f"ONTAP's list of {kind}"


@contextlib.contextmanager
def _attach_nothing(file: StoredObject, _device: BlockDevice) -> Iterator[Path]:
    raise NothingIsDoneError(file.path)
    yield Path()
