"""Location plugin ``cinder``: an image that Glance keeps in a Cinder volume.

``cinder://VOLUME`` or, with several stores, ``cinder://STORE/VOLUME``, as
Glance's Cinder store and Cinder's own ``clone_image_volume`` write it. The
location names the volume, not its place: the driver of the volume plane looks
that up in Cinder's database
(:mod:`eic_plugins.volume.from_image.image_volumes`). The API filter has no
database, so such a copy adds nothing to its hint.
"""

import uuid

from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationPlugin, paths
from eic_plugins.model import VolumeCopy


class CinderLocation(LocationPlugin):
    """The volume's id, from the URL alone."""

    def read(self, location: Location) -> VolumeCopy:
        """The last part of the URL, which must be a UUID."""
        parts = paths.split(location.url)
        before, slash, last = parts.path.rpartition('/')
        if parts.scheme != 'cinder' or not parts.netloc or before:
            raise paths.invalid('neither a volume nor a store and a volume')
        return VolumeCopy(_uuid(last if slash else parts.netloc))


def _uuid(text: str) -> str:
    try:
        canonical = str(uuid.UUID(text))
    except ValueError as err:
        raise paths.invalid('no volume id in the URL') from err
    # The constructor takes braces, "urn:" and missing hyphens as well.
    if canonical != text.lower():
        raise paths.invalid('no volume id in the URL')
    return canonical
