"""An image as one request may have it: from Glance, and from where Glance has it."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.engine.demand import Demand
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.glance.image_locations import (
    ImageLocations,
    Location,
    locations_from_cinder,
)
from eic_plugins.model import Image, Reason, Refusal, StoredObject, VolumeCopy
from eic_plugins.storage.interface import Filled, PoolStorage
from eic_plugins.volume.cluster import Cluster
from eic_plugins.volume.from_image.fetch import Fetcher
from eic_plugins.volume.from_image.image_volumes import ImageVolumes

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class GlanceLocations:
    """Asks Glance where images are, with the service's own credentials."""

    def __init__(self) -> None:
        self._lookup: ImageLocations | None = None

    def find(self, image: Image) -> Sequence[Location]:
        """The image's locations; none if Glance does not say. Never raises."""
        try:
            if self._lookup is None:
                self._lookup = ImageLocations(CONF)
            return self._lookup.find(image.id)
        except Exception as err:
            LOG.warning(
                'No locations of image %(image)s: %(err)s',
                {'image': image.id, 'err': err},
            )
            return ()


@dataclasses.dataclass(frozen=True)
class RequestedImage:
    """The image of one request.

    :param image_location: what Cinder found of locations, if it did
    :param volumes: finds the image in Cinder volumes; None where nobody may
    """

    fetcher: Fetcher
    glance: GlanceLocations
    image_location: Any = None
    volumes: ImageVolumes | None = None

    def demand(
        self,
        cluster: Cluster,
        cache: PoolCache,
        *,
        cannot_clone: bool,
        encrypted: bool = False,
    ) -> Demand:
        """What the engine is asked: the image, in a pool.

        :param cannot_clone: True if the pool's files are not to be cloned
        :param encrypted: True if the volume is
        """
        return Demand(
            self.fetcher.image,
            self,
            size=self.fetcher.size,
            encrypted=encrypted,
            pool_is_flexgroup=cannot_clone,
            clone_limit_reached=cluster.clone_limits.reached(cache.pool.flexvol),
            refused=self.fetcher.refusal,
        )

    @property
    def verifies(self) -> bool:
        """True if the image is signed and signatures are to be verified."""
        return self.fetcher.verifies

    def locations(self) -> Sequence[Location]:
        """What Cinder found; else what our own credentials find."""
        given = locations_from_cinder(self.image_location)
        return given or self.glance.find(self.fetcher.image)

    def locate_volume(self, copy: VolumeCopy) -> StoredObject | Refusal:
        """The file of a Cinder volume, or why it is of no use.

        :raises OntapError: the cluster did not answer
        """
        if self.volumes is None:
            return Refusal.of_location(Reason.LOCATION_UNSUPPORTED)
        return self.volumes.locate(copy)

    def download(self, storage: PoolStorage, target: StoredObject) -> Filled:
        """As :meth:`eic_plugins.volume.from_image.fetch.Fetcher.download`."""
        return self.fetcher.download(storage, target)

    def verify(self, path: Path) -> None:
        """As :meth:`eic_plugins.volume.from_image.fetch.Fetcher.verify`."""
        self.fetcher.verify(path)
