"""``eic.locations``: one plugin per URL scheme reads a Glance location.

A plugin turns a location (URL and metadata) into one of two things: an
:class:`~eic_plugins.model.ImageCopy`, which is the NFS server and path of the
image file, or a :class:`~eic_plugins.model.VolumeCopy`, which is a Cinder volume.
It parses strictly, and does nothing else: no look-up, no I/O. To add a plugin,
declare it under ``eic.locations`` with the URL scheme as its name; CONTRIBUTING.md
has an example.
"""

import abc
from collections.abc import Iterable, Mapping

from eic_plugins.glance.image_locations import Location
from eic_plugins.model import ImageCopy, Reason, Refusal, VolumeCopy
from eic_plugins.support import plugins

NAMESPACE = 'eic.locations'

Copy = ImageCopy | VolumeCopy


class LocationError(Exception):
    """A location that a plugin will not use, with the reason for it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class LocationPlugin(abc.ABC):
    """Reads the locations of one URL scheme."""

    @abc.abstractmethod
    def read(self, location: Location) -> Copy:
        """Where the image's bytes are.

        :raises LocationError: the location cannot be used, and why
        """


class LocationReader:
    """All installed plugins as one: location in, copy or refusal out."""

    def __init__(self, plugins: Mapping[str, LocationPlugin]) -> None:
        self._plugins = plugins

    @classmethod
    def from_entry_points(cls) -> 'LocationReader':
        """A reader over what is declared under ``eic.locations``."""
        return cls(plugins.load(NAMESPACE))

    @property
    def schemes(self) -> list[str]:
        """The URL schemes that are read."""
        return sorted(self._plugins)

    def read(self, location: Location) -> Copy | Refusal:
        """The copy at ``location``; a refusal never names the location."""
        scheme = location.url.partition('://')[0].lower()
        plugin = self._plugins.get(scheme)
        if plugin is None:
            return Refusal.of_location(Reason.LOCATION_UNSUPPORTED)
        try:
            return plugin.read(location)
        except LocationError as err:
            return Refusal.of_location(err.reason, str(err), scheme)

    def read_all(
        self,
        locations: Iterable[Location],
    ) -> tuple[tuple[Copy, ...], tuple[Refusal, ...]]:
        """Copies and refusals, each in Glance's order."""
        results = [self.read(location) for location in locations]
        copies = tuple(r for r in results if not isinstance(r, Refusal))
        refusals = tuple(r for r in results if isinstance(r, Refusal))
        return tuple(dict.fromkeys(copies)), refusals
