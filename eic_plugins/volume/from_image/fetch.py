"""Fetches an image from Glance into a file, with Cinder's own image utilities.

Everything that Cinder's download does and checks is done here too, by the same
functions: space in ``image_conversion_dir``, the image's signature
(``verify_glance_signatures``), the format that is declared against the one
that is found, backing and data files, allowed VMDK subtypes
(``vmdk_allowed_types``), compressed images
(``allow_compression_on_image_upload``), conversion to raw
(``image_conversion_disable``).

How large the disk is, its bytes say, and not what Glance has recorded.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinder import exception
from cinder import utils as cinder_utils
from cinder.image import accelerator, image_utils
from cinder.volume import volume_utils
from oslo_concurrency import processutils
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import fileutils, units

from eic_plugins.engine.failures import (
    DownloadError,
    ImageRefusedError,
    SignatureError,
    TooLargeError,
)
from eic_plugins.glance.documents import image_from_meta
from eic_plugins.model import Image, Reason, Refusal, StoredObject
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage.inspection import UnsafeImageError, check_raw, whole_sectors
from eic_plugins.storage.interface import Filled, PoolStorage
from eic_plugins.volume.from_image import cinder_rules
from eic_plugins.volume.from_image.handover import Fetched, KeepingService
from eic_plugins.volume.stock.interface import StockDriver

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fetcher:
    """One image, as one request may fetch it.

    :param backend: marks temporary files, which Cinder removes at the
        backend's next start
    :param size: GiB that the disk may have, None for any
    :param as_root: run qemu-img through rootwrap, as the driver's own files are
    :param fetched: keeps what came from Glance, for Cinder's download
    """

    context: Any
    image_service: Any
    image: Image
    backend: str
    block_size: str
    as_root: bool
    size: int | None = None
    fetched: Fetched = dataclasses.field(default_factory=Fetched)

    @property
    def verifies(self) -> bool:
        """True if the image is signed and signatures are to be verified."""
        return cinder_rules.verifies(self.image)

    @property
    def refusal(self) -> Refusal | None:
        """Why Cinder will refuse the image, if that is known before a fetch."""
        return cinder_rules.refusal(self.image)

    def download(self, storage: PoolStorage, target: StoredObject) -> Filled:
        """Fetch and convert the image, verifying its signature on the way.

        :raises SignatureError: it was not, and had to be
        :raises UnsafeImageError: the disk is in some file format
        :raises TooLargeError: the disk does not fit into the volume
        :raises ImageRefusedError: Cinder's checks refuse these bytes, or
            qemu-img cannot convert them
        :raises OntapError: there is no device to write to
        :raises DownloadError: Glance, this host or whatever else failed
        """
        try:
            return self._download(storage, target)
        except (
            SignatureError,
            UnsafeImageError,
            TooLargeError,
            ImageRefusedError,
            OntapError,
        ):
            raise
        except exception.ImageUnacceptable as err:
            raise ImageRefusedError(Reason.IMAGE_REFUSED, str(err)) from err
        except Exception as err:
            # Whatever it is, Cinder's own download will meet it as well, and
            # tell the user in its own words.
            raise DownloadError(f'{type(err).__name__}: {err}') from err

    def verify(self, path: Path) -> None:
        """Verify the signature of an image file on this host.

        :raises SignatureError: it is not the signature of these bytes
        """
        if not self.image.plainly_raw:
            raise SignatureError(
                'the signature is of the image as it is in '
                'Glance, which these raw bytes are not'
            )
        self._verify(path)

    def _download(self, storage: PoolStorage, target: StoredObject) -> Filled:
        image = self.image
        if CONF.image_conversion_dir:
            fileutils.ensure_tree(CONF.image_conversion_dir)
        image_utils.check_available_space(
            CONF.image_conversion_dir, image.size, image.id
        )
        service = KeepingService(self.image_service, self.fetched)
        with self._fetched(service) as fetched:
            if self.verifies:
                self._verify(Path(fetched))
            with self._unpacked(service, fetched) as disk:
                if self.image.raw_format:
                    check_raw(disk)
                size = self._disk_size(disk)
                if self.size is not None and size > self.size * units.Gi:
                    raise TooLargeError(size)
                with storage.writable(target.name, size) as path:
                    self._convert(service, path)
        return Filled(size, image.signature if self.verifies else '')

    @contextlib.contextmanager
    def _fetched(self, service: KeepingService) -> Iterator[str]:
        """The image in a temporary file, which ``service`` remembers."""
        with contextlib.ExitStack() as stack:
            try:
                path = stack.enter_context(
                    image_utils.TemporaryImages.fetch(
                        service, self.context, self.image.id, self.backend
                    )
                )
            except exception.Invalid as err:
                # So it says that a format is not safe.
                raise ImageRefusedError(Reason.IMAGE_REFUSED, str(err)) from err
            try:
                yield path
            finally:
                # The two know each other: both would stay for a while.
                service.temp_images = None

    @contextlib.contextmanager
    def _unpacked(
        self,
        service: KeepingService,
        fetched: str,
    ) -> Iterator[str]:
        """The image's file without its compression.

        Cinder's utilities would unpack it in its place, and too late: the
        size of the disk is needed first.
        """
        if self.image.container_format != 'compressed':
            yield fetched
            return
        if not accelerator.is_gzip_compressed(fetched):
            raise ImageRefusedError(
                Reason.IMAGE_REFUSED, 'it is declared compressed, but is no gzip'
            )
        with image_utils.temporary_file(
            prefix=f'image_unpacked_{self.image.id}_', suffix=self.backend
        ) as disk:
            self._gunzip(Path(fetched), Path(disk))
            remembered = service.temp_images.temporary_images
            remembered[self.context.user_id][self.image.id] = disk
            service.describe(container_format='bare')
            yield disk
            remembered[self.context.user_id][self.image.id] = fetched

    def _gunzip(self, packed: Path, disk: Path) -> None:
        # gzip goes by the end of a name, and wants to be told to unpack what
        # has two of them.
        link = disk.with_name(f'{disk.name}.gz')
        link.hardlink_to(packed)
        try:
            cinder_utils.execute('gzip', '-dfk', str(link))
        except processutils.ProcessExecutionError as err:
            raise _of_conversion(err) from err
        finally:
            link.unlink(missing_ok=True)

    def _disk_size(self, path: str) -> int:
        """Bytes of the raw disk that the conversion makes of a file."""
        if self.image.raw_format:
            return whole_sectors(Path(path).stat().st_size)
        info = image_utils.qemu_img_info(path, run_as_root=self.as_root)
        return int(info.virtual_size or 0)

    def _convert(self, service: KeepingService, path: Path) -> None:
        try:
            image_utils.fetch_to_raw(
                self.context,
                service,
                self.image.id,
                str(path),
                self.block_size,
                run_as_root=self.as_root,
            )
        except processutils.ProcessExecutionError as err:
            raise _of_conversion(err) from err

    def _verify(self, path: Path) -> None:
        shown = _Shown(self.image_service)
        try:
            verified = image_utils.verify_glance_image_signature(
                self.context, shown, self.image.id, str(path)
            )
        except Exception as err:
            raise SignatureError(str(err)) from err
        if not verified:
            raise SignatureError('Cinder found nothing to verify it with')
        if shown.signature != self.image.signature:
            raise SignatureError(
                'its img_signature properties were changed while it was verified'
            )


class Fetchers:
    """Makes the fetchers of one backend."""

    def __init__(self, stock: StockDriver) -> None:
        self._stock = stock

    def of(
        self,
        context: Any,
        image_service: Any,
        image: Image,
        size: int | None = None,
        fetched: Fetched | None = None,
    ) -> Fetcher:
        """One image for one request.

        :param size: GiB that the disk may have, None for any
        :param fetched: keeps what came from Glance, for Cinder's download
        """
        return Fetcher(
            context,
            image_service,
            image,
            volume_utils.extract_host(self._stock.host),
            self._stock.options.volume_dd_blocksize,
            self._stock.runs_as_root,
            size,
            fetched or Fetched(),
        )


class _Shown:
    """An image service that notes with which signature it shows the image:
    Cinder's function verifies that one.
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        self.signature = ''

    def show(self, context: Any, image_id: str) -> Any:
        found = self._service.show(context, image_id)
        self.signature = image_from_meta(found).signature
        return found


def _of_conversion(err: processutils.ProcessExecutionError) -> Exception:
    """What a failed command says of the bytes, unless it could not write."""
    why = str(err.stderr or err)
    if 'No space left' in why or 'while writing' in why:
        return DownloadError(why)
    return ImageRefusedError(Reason.CONVERSION_FAILED, why)
