"""Fetches an image from Glance into a file, with Cinder's own image utilities.

Everything that Cinder's download does and checks is done here too, by the same
functions: space in ``image_conversion_dir``, the image's signature
(``verify_glance_signatures``), the format that is declared against the one
that is found, backing and data files, allowed VMDK subtypes
(``vmdk_allowed_types``), compressed images
(``allow_compression_on_image_upload``), conversion to raw.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinder.image import image_utils
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import fileutils

from eic_plugins import glance
from eic_plugins.engine import DownloadError, SignatureError
from eic_plugins.model import Image, StoredFile
from eic_plugins.storage import Filled, PoolStorage

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fetcher:
    """One image, as one request may fetch it.

    :param backend: marks temporary files, which Cinder removes at the
        backend's next start
    :param size: GiB that the disk may have, None for any
    :param as_root: run qemu-img through rootwrap, as the driver's own files are
    """

    context: Any
    image_service: Any
    image: Image
    backend: str
    block_size: str
    as_root: bool
    size: int | None = None

    @property
    def verifies(self) -> bool:
        """True if the image is signed and signatures are to be verified."""
        return (self.image.signed
                and CONF.verify_glance_signatures != 'disabled')

    def download(self, storage: PoolStorage, target: StoredFile) -> Filled:
        """Fetch and convert the image, verifying its signature on the way.

        :raises SignatureError: it was not, and had to be
        :raises DownloadError: Glance, the conversion or a check failed
        """
        try:
            return self._download(storage, target)
        except SignatureError:
            raise
        except Exception as err:
            # Whatever it is, Cinder's own download will meet it as well, and
            # tell the user in its own words.
            raise DownloadError(f'{type(err).__name__}: {err}') from err

    def verify(self, path: Path) -> None:
        """Verify the signature of an image file on this host.

        :raises SignatureError: it is not the signature of these bytes
        """
        if not self.image.plainly_raw:
            raise SignatureError('the signature is of the image as it is in '
                                 'Glance, which these raw bytes are not')
        self._verify(path)

    def _download(self, storage: PoolStorage, target: StoredFile) -> Filled:
        image = self.image
        if CONF.image_conversion_dir:
            fileutils.ensure_tree(CONF.image_conversion_dir)
        image_utils.check_available_space(
            CONF.image_conversion_dir, image.size, image.id)
        with self._fetched() as fetched:
            if self.verifies:
                self._verify(Path(fetched))
            size = image.raw_size or self._virtual_size(fetched)
            with storage.writable(target.name, size) as path:
                image_utils.fetch_to_raw(
                    self.context, self.image_service, image.id, str(path),
                    self.block_size, size=self.size, run_as_root=self.as_root)
        return Filled(size, image.signature if self.verifies else '')

    @contextlib.contextmanager
    def _fetched(self) -> Iterator[str]:
        """The image in a temporary file, which Cinder's utilities find.

        Where an error ends this, they would go on finding it after it is gone,
        and Cinder's own download with them.
        """
        try:
            with image_utils.TemporaryImages.fetch(
                    self.image_service, self.context, self.image.id,
                    self.backend) as path:
                yield path
        finally:
            known = image_utils.TemporaryImages.for_image_service(
                self.image_service).temporary_images
            known.get(self.context.user_id, {}).pop(self.image.id, None)

    def _virtual_size(self, path: str) -> int:
        """As qemu-img finds it, where Glance does not say; 0 if it must be
        decompressed first.
        """
        if self.image.container_format != 'bare':
            return 0
        info = image_utils.qemu_img_info(path, run_as_root=self.as_root)
        return int(info.virtual_size or 0)

    def _verify(self, path: Path) -> None:
        shown = _Shown(self.image_service)
        try:
            verified = image_utils.verify_glance_image_signature(
                self.context, shown, self.image.id, str(path))
        except Exception as err:
            raise SignatureError(str(err)) from err
        if not verified:
            raise SignatureError('Cinder found nothing to verify it with')
        if shown.signature != self.image.signature:
            raise SignatureError('its img_signature properties were changed '
                                 'while it was verified')


class _Shown:
    """An image service that notes with which signature it shows the image:
    Cinder's function verifies that one.
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        self.signature = ''

    def show(self, context: Any, image_id: str) -> Any:
        found = self._service.show(context, image_id)
        self.signature = glance.image_from_meta(found).signature
        return found
