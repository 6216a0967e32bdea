"""Cached images as LUNs or namespaces, in the FlexVols of one SVM."""

from collections.abc import Collection, Sequence

from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import CachedImage, Image, ImageCopy, Pool, Reason, Refusal
from eic_plugins.ontap.block import BlockDevices, BlockOptions, Luns, Namespaces
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.luns_of_files import LunsOfFiles
from eic_plugins.storage.block import BlockStorage, found_elsewhere
from eic_plugins.storage.seen import SeenDevices
from eic_plugins.support import compat
from eic_plugins.volume.backing.attachment import Attachment, LunAttachment
from eic_plugins.volume.backing.interface import ClusterAccess
from eic_plugins.volume.stock.block import StockBlock, StockLuns, StockNamespaces


class NoFiles:
    """Finds no file of use: none becomes a device."""

    def locate(self, copy: ImageCopy) -> Refusal:
        """Whatever the copy is."""
        return Refusal.of_location(Reason.FILE_NOT_LUN)


class _Devices:
    """What a backing of LUNs and one of namespaces have in common.

    :param files: files beside the devices, if LUNs are made of any
    """

    volume_finder: FileFinder = NoFiles()

    def __init__(
        self,
        stock: StockBlock,
        devices: BlockDevices,
        attachment: Attachment,
        access: ClusterAccess,
        files: Files | None = None,
    ) -> None:
        self.finder: FileFinder = access.namespace if files else NoFiles()
        self.attachment = attachment
        self._svm = stock.svm
        self._devices = devices
        self._access = access
        self._files = files
        self._seen = SeenDevices(devices)

    def storage_of(self, pool_name: str) -> BlockStorage:
        """The devices of a FlexVol.

        :raises UnknownShareError: it is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        return BlockStorage(
            Pool(pool_name, self._access.namespace.flexvol(pool_name)),
            self._devices,
            self.attachment.attached,
            self._access.clone_timeout,
            self._access.seals,
            files=self._files,
            seen=self._seen,
            release=self.attachment.release,
        )

    def search(
        self, image: Image, pool_name: str, own: Collection[str]
    ) -> Sequence[CachedImage]:
        """By what was seen in all FlexVols of the SVM: no call for that."""
        ours = self._access.deployment.flexvols()
        flexvols = [
            flexvol
            for flexvol in self._access.namespace.flexvols([self._svm])
            if flexvol.uuid in ours and flexvol.name != pool_name
        ]
        return found_elsewhere(image, flexvols, self._seen, self._access.seals)


class LunBacking(_Devices):
    """LUNs, and with ``lun_from_file`` files that LUNs are made of."""

    copies_between_pools = True

    def __init__(
        self, stock: StockLuns, access: ClusterAccess, lun_from_file: bool
    ) -> None:
        self.copier = Luns(access.session, stock.svm, _options(stock))
        files = Files(access.session) if lun_from_file else None
        self.image_copier = (
            LunsOfFiles(files, self.copier, access.clone_timeout) if files else None
        )
        super().__init__(stock, self.copier, LunAttachment(stock), access, files)


class NamespaceBacking(_Devices):
    """Namespaces: ONTAP copies none between FlexVols."""

    copies_between_pools = False
    image_copier = None

    def __init__(self, stock: StockNamespaces, access: ClusterAccess) -> None:
        self.copier = Namespaces(access.session, stock.svm, _options(stock))
        super().__init__(stock, self.copier, Attachment(stock), access)


def _options(stock: StockBlock) -> BlockOptions:
    options = stock.options
    return BlockOptions(
        stock.os_type,
        options.netapp_lun_space_reservation == 'enabled',
        compat.netapp_option(options, 'netapp_lun_clone_busy_timeout', 30),
        compat.netapp_option(options, 'netapp_lun_clone_busy_interval', 3),
    )
