"""Files of a share that somebody else wrote: cut to their image, and proved."""

from collections.abc import Callable

from eic_plugins.model import CACHED_IMAGE_PREFIX, Image, Pool, StoredObject
from eic_plugins.storage import inspection
from eic_plugins.storage.interface import ForeignFiles, NotReadableError
from eic_plugins.storage.mount import ShareMount
from eic_plugins.support import native


class MountedFiles(ForeignFiles):
    """Those of one share, through its mount.

    :param recorded: says whether an image has a valid record there
    """

    def __init__(
        self, pool: Pool, mount: ShareMount, recorded: Callable[[str], bool]
    ) -> None:
        self._pool = pool
        self._mount = mount
        self._recorded = recorded

    def unrecorded(self, image_id: str) -> StoredObject | None:
        """A file with the cached image's name, and no valid record of it."""
        name = CACHED_IMAGE_PREFIX + image_id
        if self._mount.size(name) is None or self._recorded(image_id):
            return None
        return self._pool.stored(name)

    def prove(self, name: str, image: Image) -> None:
        """Read the whole file through the mount; it may be this host's."""
        make_accessible(self._mount, name)
        native.run(self._mount.sync, name)
        self._mount.resize(name, image.raw_size)
        inspection.check_checksum(
            self._mount.path(name), image.os_hash_algo, image.os_hash_value
        )

    def cut(self, name: str, image: Image) -> None:
        """Truncate the file through the mount; it never grows."""
        make_accessible(self._mount, name)
        size = inspection.regular_size(self._mount.path(name))
        if not 0 < image.raw_size <= size:
            raise inspection.NotTheImageError(
                f'the file has {size} bytes, the image {image.raw_size}'
            )
        self._mount.resize(name, image.raw_size)


def make_accessible(mount: ShareMount, name: str) -> None:
    """Give a file a volume's mode; NFS may show it late.

    :raises NotReadableError: the service may not
    :raises UnsafeImageError: it is no regular file
    """
    mount.await_file(name)
    # Before anything that follows a link, as root perhaps.
    inspection.regular_size(mount.path(name))
    try:
        mount.make_accessible(name)
    except PermissionError as err:
        raise NotReadableError(
            f"{err}: let Glance's and Cinder's users share a group that "
            'may read and write image files, or set '
            'nas_secure_file_operations = False'
        ) from err
