"""Location plugin ``file``: Glance's file store on a mounted NFS export.

Configure Glance with ``filesystem_store_metadata_file`` naming a JSON file
with ``share_location`` (``nfs://SERVER/EXPORT``), ``mountpoint`` (where Glance
has mounted it) and ``"type": "nfs"``. For several mounts, the file has a list of
such objects. Glance compares an image's path with each ``mountpoint``, letter by
letter, and takes the first one that the path begins with. So list an inner mount
before the outer one, and end both with a slash if one name begins with the other
(``/images/`` and ``/images2/``). Images that were stored before have no such
metadata and are refused with ``location_unsupported``.

Glance writes a path into the URL as it is: percent signs are a part of the name.
If a name would lead elsewhere when it is decoded, it is refused, for safety.
``share_location`` is a URL, and is decoded once.
"""

from collections.abc import Mapping
from typing import Any

from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationError, LocationPlugin, paths
from eic_plugins.model import ImageCopy, Reason


class FileLocation(LocationPlugin):
    """``file:///MOUNTPOINT/IMAGE`` with the metadata of an NFS mount."""

    def read(self, location: Location) -> ImageCopy:
        """The file's place on the NFS server, from URL and metadata."""
        share, mountpoint = _nfs_metadata(location.metadata)
        parts = paths.split(location.url)
        if parts.scheme != 'file' or parts.netloc:
            raise paths.invalid('not a local file URL')
        paths.decoded(parts.path)
        inside = paths.below(
            paths.absolute_path(parts.path), paths.absolute_path(mountpoint.rstrip('/'))
        )
        export = paths.split(share)
        if export.scheme != 'nfs':
            raise paths.invalid('share_location is not an nfs:// URL')
        root = paths.decoded(export.path.rstrip('/') or '/')
        return ImageCopy(paths.server(export), f'{root.rstrip("/")}/{inside}')


def _nfs_metadata(metadata: Mapping[str, Any]) -> tuple[str, str]:
    share, mountpoint, kind = (
        metadata.get(key) for key in ('share_location', 'mountpoint', 'type')
    )
    if not (
        isinstance(share, str) and isinstance(mountpoint, str) and isinstance(kind, str)
    ):
        raise LocationError(
            Reason.LOCATION_UNSUPPORTED,
            'the metadata has not all of share_location, mountpoint and type',
        )
    if kind.lower() != 'nfs':
        raise LocationError(
            Reason.LOCATION_UNSUPPORTED, 'the type in the metadata is not "nfs"'
        )
    return share, mountpoint
