"""Location plugin ``file``: Glance's file store on a mounted NFS export.

Configure Glance with ``filesystem_store_metadata_file`` naming a JSON file
with ``share_location`` (``nfs://SERVER/EXPORT``), ``mountpoint`` (where Glance
has mounted it) and ``"type": "nfs"``. Images stored before that was set carry
no such metadata and are refused with ``location_unsupported``.
"""

from eic_plugins.glance import Location
from eic_plugins.locations import LocationError, LocationPlugin, paths
from eic_plugins.model import ImageCopy, Reason


class FileLocation(LocationPlugin):
    """``file:///MOUNTPOINT/IMAGE`` with the metadata of an NFS mount."""

    def read(self, location: Location) -> ImageCopy:
        """The file's place on the NFS server, from URL and metadata."""
        share, mountpoint = _nfs_metadata(location)
        parts = paths.split(location.url)
        if parts.scheme != 'file' or parts.netloc:
            raise paths.invalid('not a local file URL')
        inside = paths.below(paths.absolute_path(parts.path),
                             paths.absolute_path(mountpoint.rstrip('/')))
        export = paths.split(share)
        if export.scheme != 'nfs':
            raise paths.invalid('share_location is not an nfs:// URL')
        root = paths.absolute_path(export.path.rstrip('/') or '/')
        return ImageCopy(paths.server(export), f'{root.rstrip("/")}/{inside}')


def _nfs_metadata(location: Location) -> tuple[str, str]:
    share = location.metadata.get('share_location')
    mountpoint = location.metadata.get('mountpoint')
    kind = location.metadata.get('type')
    usable = (isinstance(share, str) and isinstance(mountpoint, str)
              and isinstance(kind, str) and kind.lower() == 'nfs')
    if not usable:
        raise LocationError(Reason.LOCATION_UNSUPPORTED,
                            'no share_location, mountpoint and type "nfs"')
    return str(share), str(mountpoint)
