"""Location plugin ``nfs``: ``nfs://SERVER/EXPORT/IMAGE``, with no metadata.

The stock driver accepts this form as an image's direct URL. Glance registers only
URLs whose scheme one of its stores knows, and none of the stores that come with
it knows this one. The server may be a name or any LIF of the SVM.
"""

from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationPlugin, paths
from eic_plugins.model import ImageCopy


class NfsLocation(LocationPlugin):
    """The URL says it all."""

    def read(self, location: Location) -> ImageCopy:
        """Server and path, as they stand in the URL."""
        parts = paths.split(location.url)
        path = paths.decoded(parts.path)
        if parts.scheme != 'nfs' or path == '/':
            raise paths.invalid('an export is not a file')
        return ImageCopy(paths.server(parts), path)
