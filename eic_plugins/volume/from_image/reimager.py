"""Gives a volume that is there another image: Cinder's ``reimage``.

On NFS a new clone is renamed over the volume's file, also while the volume is
attached. Nova asks for it to rebuild a server that has booted from a volume.
A device that is mapped cannot be replaced: there it is left to Cinder's download.
"""

import secrets

from eic_plugins.glance.documents import image_from_meta
from eic_plugins.storage.names import FILL_PREFIX
from eic_plugins.volume.cluster import Connection
from eic_plugins.volume.from_image.outcomes import REIMAGED, Event, cut_off
from eic_plugins.volume.from_image.volume_maker import Request, VolumeMaker
from eic_plugins.volume.stock.nfs import StockNfs


class Reimager:
    """Replaces volumes on shares by clones of cached images."""

    def __init__(
        self, stock: StockNfs, connection: Connection, volumes: VolumeMaker
    ) -> None:
        self._stock = stock
        self._connection = connection
        self._volumes = volumes

    def reimage(self, request: Request) -> bool:
        """Replace the volume's bytes; False if that is left to Cinder."""
        volume, image_id = request.volume, request.image_id
        made = f'{FILL_PREFIX}{image_id}-{secrets.token_hex(4)}'
        try:
            image = image_from_meta(
                request.image_service.show(request.context, image_id)
            )
            outcome = self._volumes.make(request, image, made)
            if not outcome.left_to_cinder:
                self._replace(request, made)
        except Exception as err:
            outcome = cut_off(volume, image_id, err)
            self._connection.cluster.pools.remove(request.pool_name, made)
        self._volumes.recorder.record(
            request.context,
            Event(REIMAGED, volume, image_id, request.pool_name, outcome),
        )
        request.end(left_to_cinder=outcome.left_to_cinder)
        return not outcome.left_to_cinder

    def _replace(self, request: Request, made: str) -> None:
        """Rename on the server: at any moment there is a whole file."""
        volume = request.volume
        pool = self._connection.cluster.namespace.pool(volume['provider_location'])
        self._stock.mount(pool).rename(made, volume['name'])
        # ONTAP's QoS policy was the old file's.
        self._stock.renew_qos(volume)
