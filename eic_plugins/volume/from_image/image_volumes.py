"""Finds the files of Cinder volumes that Glance keeps images in.

Glance's Cinder store, and Cinder's upload by clone
(``clone_image_volume``), leave an image as a read-only volume of whole GiB that
begins with the image's bytes. Its file on an NFS share of the cluster is a copy
like any other, if the volume is known to be this image's. Two things must hold:

* The image's owner asks, or the volume's ``image_owner`` is that owner. Cinder's
  own clone of an image-volume demands this, too.
* The volume says itself whose it is, by its project, ``image_owner`` or
  ``glance_image_id``. Without this, any member could register ``cinder://`` and
  the id of somebody's volume as the location of an image of his own.

So it is known whose the volume is, but not what is in it: its project can make it
writable again, and change it after Glance has hashed it. What is made of a volume
must therefore have the image's checksum; the host reads it once. Volumes of the
internal tenant (``cinder_internal_tenant_project_id``) are taken without that, for
nobody but Cinder uses them. If images are to be cloned in constant time, give
Glance's Cinder store that project.

As for Cinder's own clones, ``allowed_direct_url_schemes`` must have ``cinder``.
"""

from typing import Any

from cinder import context, exception, objects
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.engine.toolbox import FileFinder
from eic_plugins.model import (
    Image,
    ImageCopy,
    Reason,
    Refusal,
    StoredObject,
    VolumeCopy,
)

CONF = cfg.CONF
LOG = logging.getLogger(__name__)
_STATES = frozenset({'available', 'in-use'})


class ImageVolumes:
    """The image-volumes of one image, as one project may use them.

    :param finder: finds the file at a server and path
    :param project_id: the project of the volume to be made, None for none
    """

    def __init__(
        self, finder: FileFinder, image: Image, project_id: str | None
    ) -> None:
        self._finder = finder
        self._image = image
        self._project_id = project_id

    def locate(self, copy: VolumeCopy) -> StoredObject | Refusal:
        """The file behind a copy, or why it is of no use.

        :raises OntapError: the cluster did not answer
        """
        if 'cinder' not in CONF.allowed_direct_url_schemes:
            return self._refuse(Reason.LOCATION_NOT_ALLOWED)
        try:
            volume = objects.Volume.get_by_id(
                context.get_admin_context(), copy.volume_id
            )
        except exception.VolumeNotFound:
            return self._refuse(Reason.IMAGE_VOLUME_NOT_FOUND)
        reason = self._why_not(volume)
        if reason:
            return self._refuse(reason)
        server, _, export = str(volume.provider_location).partition(':/')
        found = self._finder.locate(
            ImageCopy(server.strip('[]'), f'/{export}'.rstrip('/') + f'/{volume.name}')
        )
        if isinstance(found, Refusal):
            return found
        return StoredObject(
            found.flexvol,
            found.path,
            more_follows=True,
            to_prove=not _is_the_operators(volume),
        )

    def _why_not(self, volume: Any) -> Reason | None:
        checks = (
            (not self._is_the_images(volume), Reason.IMAGE_VOLUME_FORBIDDEN),
            (not self._is_ready(volume), Reason.IMAGE_VOLUME_NOT_READY),
            (not _is_raw(volume), Reason.IMAGE_VOLUME_NOT_RAW),
            (not _is_on_nfs(volume), Reason.IMAGE_VOLUME_NOT_ON_NFS),
            (
                not (_is_the_operators(volume) or self._image.provable),
                Reason.NO_CHECKSUM,
            ),
        )
        return next((reason for failed, reason in checks if failed), None)

    def _is_the_images(self, volume: Any) -> bool:
        owner = self._image.owner
        if not owner:
            return False
        image_owner = volume.metadata.get('image_owner')
        if owner not in {self._project_id, image_owner}:
            return False
        return (
            owner in {volume.project_id, image_owner}
            or volume.metadata.get('glance_image_id') == self._image.id
        )

    def _is_ready(self, volume: Any) -> bool:
        """True if it is whole and nobody writes to it."""
        read_only = volume.admin_metadata.get('readonly', '').lower() == 'true'
        return (
            volume.status in _STATES
            and read_only
            and volume.size * units.Gi >= self._image.size
        )

    def _refuse(self, reason: Reason) -> Refusal:
        LOG.debug(
            'Image %(image)s has an image-volume that is of no use: %(why)s',
            {'image': self._image.id, 'why': reason.message},
        )
        return Refusal.of_location(reason)


def _is_the_operators(volume: Any) -> bool:
    """True if nobody but Cinder may write to it."""
    internal = CONF.cinder_internal_tenant_project_id
    return bool(internal) and volume.project_id == internal


def _is_raw(volume: Any) -> bool:
    """As far as Cinder knows; the bytes are inspected in any case."""
    return (
        volume.encryption_key_id is None
        and volume.admin_metadata.get('format', 'raw') == 'raw'
    )


def _is_on_nfs(volume: Any) -> bool:
    server, found, _ = (volume.provider_location or '').partition(':/')
    # A block volume's has a portal or a path there.
    return bool(found and server and not {',', '/', ' '} & set(server))
