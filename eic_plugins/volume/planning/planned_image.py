"""An image as a plan needs it: where Glance has it, and nothing to fetch it with."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from eic_plugins.glance.image_locations import Location
from eic_plugins.model import Image, Refusal, StoredObject, VolumeCopy
from eic_plugins.storage.interface import Filled, PoolStorage
from eic_plugins.volume.from_image import cinder_rules
from eic_plugins.volume.from_image.image_source import GlanceLocations
from eic_plugins.volume.from_image.image_volumes import ImageVolumes


class NothingIsDoneError(Exception):
    """A plan was about to be carried out."""


@dataclasses.dataclass(frozen=True)
class PlannedImage:
    """The image of a volume that nobody makes.

    :param volumes: finds the image in Cinder volumes
    """

    image: Image
    glance: GlanceLocations
    volumes: ImageVolumes

    @property
    def verifies(self) -> bool:
        """True if the image is signed and signatures are to be verified."""
        return cinder_rules.verifies(self.image)

    def locations(self) -> Sequence[Location]:
        """What the service's own credentials find."""
        return self.glance.find(self.image)

    def locate_volume(self, copy: VolumeCopy) -> StoredObject | Refusal:
        """The file of a Cinder volume, or why it is of no use.

        :raises OntapError: the cluster did not answer
        """
        return self.volumes.locate(copy)

    def download(self, storage: PoolStorage, target: StoredObject) -> Filled:
        """Not in a plan."""
        raise NothingIsDoneError(target.path)

    def verify(self, path: Path) -> None:
        """Not in a plan."""
        raise NothingIsDoneError(str(path))
