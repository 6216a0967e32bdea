"""Where images' files are on the clusters of cinder.conf; never shown as locations."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol

from oslo_config import cfg

from eic_plugins import config
from eic_plugins.cli import named_images
from eic_plugins.cli.flexvols import BackendSvm, Found
from eic_plugins.glance.documents import ListedImage
from eic_plugins.glance.image_locations import ImageLocations, Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import ImageCopy, Reason, Refusal, VolumeCopy
from eic_plugins.ontap.session import OntapError


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """Where an image's file is, or why it is in no FlexVol of these clusters.

    ``in_volume`` if the image is a Cinder volume, which is not looked for here.
    """

    found: Found | None = None
    reason: Reason | None = None
    in_volume: bool = False


class Locations(Protocol):
    """Says where Glance has an image."""

    def find(self, image_id: str) -> tuple[Location, ...]:
        """All locations of an image."""


class ImageFiles:
    """Looks for the files of images.

    :param svms: whose clusters are asked; one that does not answer is not asked
        again
    """

    def __init__(
        self, svms: Sequence[BackendSvm], locations: Locations, reader: LocationReader
    ) -> None:
        self._svms = svms
        self._locations = locations
        self._reader = reader
        self._silent: set[BackendSvm] = set()

    def of(self, image_id: str) -> ImageFile:
        """The first of an image's files that one of the clusters has.

        :raises Exception: Glance or Keystone did not answer as they should
        """
        copies, refusals = self._reader.read_all(self._locations.find(image_id))
        reasons = [refusal.reason for refusal in refusals]
        for copy in copies:
            if isinstance(copy, ImageCopy):
                found = self._located(copy, reasons)
                if found:
                    return ImageFile(found)
        if any(isinstance(copy, VolumeCopy) for copy in copies):
            return ImageFile(in_volume=True)
        return ImageFile(reason=_telling(reasons))

    def _located(self, copy: ImageCopy, reasons: list[Reason]) -> Found | None:
        for svm in self._svms:
            if svm in self._silent:
                reasons.append(Reason.ONTAP_UNREACHABLE)
                continue
            try:
                stored = svm.namespace.locate(copy)
            except OntapError:
                self._silent.add(svm)
                reasons.append(Reason.ONTAP_UNREACHABLE)
                continue
            if not isinstance(stored, Refusal):
                return Found(svm, stored.flexvol.uuid)
            reasons.append(stored.reason)
        return None


class Catalog:
    """Glance's images, and where they are, as the service's own user sees them.

    :param svms: those of the same configuration, which is read by then
    :raises CloudError: the service has no credentials
    """

    def __init__(self, svms: Sequence[BackendSvm]) -> None:
        config.register(cfg.CONF)
        self._images = named_images.connect()
        locations = ImageLocations(cfg.CONF)
        self._files = ImageFiles(svms, locations, LocationReader.from_entry_points())

    def images(self, asked: Sequence[str] = ()) -> list[ListedImage]:
        """The images of these ids or names; without any, all.

        :raises CloudError: there is none of that name, or Glance does not answer
        """
        return named_images.named(self._images, asked)

    def file_of(self, image_id: str) -> ImageFile:
        """Where one is.

        :raises CloudError: Glance does not answer
        """
        try:
            return self._files.of(image_id)
        except Exception as err:
            raise named_images.no_answer(err) from err


def _telling(reasons: Iterable[Reason]) -> Reason:
    """The reason that tells most; the cluster of another backend tells least."""
    known = list(reasons)
    if Reason.ONTAP_UNREACHABLE in known:
        return Reason.ONTAP_UNREACHABLE
    better = [reason for reason in known if reason is not Reason.OTHER_CLUSTER]
    return next(iter([*better, *known]), Reason.NO_LOCATION)
