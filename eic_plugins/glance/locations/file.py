"""Location plugin ``file``: Glance's file store on a mounted NFS export.

Configure Glance with ``filesystem_store_metadata_file`` naming a JSON file
with ``share_location`` (``nfs://SERVER/EXPORT``), ``mountpoint`` (where Glance
has mounted it) and ``"type": "nfs"``: one such object, or a list of them for
several mounts. Of a list, Glance gives an image the first entry whose
``mountpoint`` its path starts with, letter by letter: of mounts inside each
other, list the inner one first, and end each with a slash if another one's name
goes on from it (``/images/`` and ``/images2/``). Images stored before that was
set carry no such metadata and are refused with ``location_unsupported``.

Glance writes a path into the URL as it is, and reads it so: percent signs are
part of a name there. A name that would lead elsewhere if somebody decoded it is
refused all the same. ``share_location`` is a URL, decoded once.
"""

from collections.abc import Mapping
from typing import Any

from eic_plugins.glance.client import Location
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
