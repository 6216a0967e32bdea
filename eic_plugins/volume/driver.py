"""What Cinder calls of all of EIC's drivers: each method asks the backend.

A driver is a stock NetApp driver with this before it among its bases. Whatever is
not here, or in the driver itself, is the stock driver's.
"""

import abc
from collections.abc import Mapping
from typing import Any

from cinder.volume import driver
from cinder.volume.drivers.netapp import utils as na_utils

from eic_plugins.support import request_id
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.from_image.volume_maker import Request
from eic_plugins.volume.stock.interface import ModelUpdate


class EICDriver(driver.BaseVD):
    """A driver that has a backend."""

    eic: Backend

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The stock driver asks to be made by NetAppDriver, which only knows
        # its own classes; this is what that one passes.
        kwargs.setdefault('app_version', na_utils.OpenStackInfo().info())
        kwargs['netapp_mode'] = 'proxy'
        super().__init__(*args, **kwargs)
        self.eic = self.make_backend()

    @abc.abstractmethod
    def make_backend(self) -> Backend:
        """What EIC does for this driver; called once, when the stock one is made."""

    def do_setup(self, context: Any) -> None:
        """Stock set-up, then ours."""
        super().do_setup(context)
        self.eic.set_up()

    def clone_image(
        self,
        context: Any,
        volume: Any,
        image_location: Any,
        image_meta: Mapping[str, Any],
        image_service: Any,
    ) -> tuple[ModelUpdate | None, bool]:
        """The volume from the image's cached image, made if need be.

        ``(None, False)`` hands the request back to Cinder, which downloads the
        image; nothing of the attempt is left behind then.
        """
        with request_id.of(context):
            update = self.eic.create_volume(
                Request(context, volume, image_service, image_meta['id']),
                image_meta,
                image_location,
            )
        return update, update is not None

    def copy_image_to_volume(
        self,
        context: Any,
        volume: Any,
        image_service: Any,
        image_id: str,
        disable_sparse: bool = False,
    ) -> None:
        """Cinder's download of what was handed back to it.

        Otherwise this is a volume that gets another image (``reimage``, the
        rebuild of a server): from the cached image, if the backend can do that.
        Such a volume was there before; the status is the same for both.
        """
        with request_id.of(context):
            if volume['launched_at'] is not None and self.eic.reimage(
                Request(context, volume, image_service, image_id)
            ):
                return
        super().copy_image_to_volume(
            context, volume, image_service, image_id, disable_sparse=disable_sparse
        )
