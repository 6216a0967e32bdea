"""Which images Glance has, as the service sees them, and which were deleted."""

from collections.abc import Iterator, Mapping

from glanceclient import exc as glance_exc
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.glance.access import service_client, service_session
from eic_plugins.glance.documents import ListedImage, listed_image

LOG = logging.getLogger(__name__)
_DELETED = {'deleted', 'pending_delete'}


class Images:
    """The images, as the service's own credentials see them.

    :param timeout: seconds for which Glance may be silent; None for
        ``glance_timeout``
    """

    def __init__(self, conf: cfg.ConfigOpts, timeout: float | None = None) -> None:
        self._warned = False
        self.session = service_session(conf, timeout)
        self.client = service_client(conf, self.session)

    def all(self) -> Iterator[ListedImage]:
        """Every image that these credentials see, but hidden ones.

        :raises Exception: Glance or Keystone did not answer as they should
        """
        # By default Glance leaves community images out.
        for raw in self.client.images.list(filters={'visibility': 'all'}):
            yield listed_image(raw)

    def alike(self, properties: Mapping[str, str]) -> Iterator[ListedImage]:
        """Every image with these values of these properties, but hidden ones.

        :raises Exception: as of :meth:`all`
        """
        filters = {**properties, 'visibility': 'all'}
        for raw in self.client.images.list(filters=filters):
            yield listed_image(raw)

    def find(self, image_id: str) -> ListedImage | None:
        """The image, or None if there is none for these credentials."""
        try:
            listed = listed_image(self.client.images.get(image_id))
        except glance_exc.HTTPNotFound:
            return None
        return None if listed.image.status in _DELETED else listed

    def is_gone(self, image_id: str) -> bool:
        """True if the image was deleted: these credentials would see it.

        A "not found" of something that stands before Glance does not count:
        Glance must list images as well.

        :raises Exception: Glance or Keystone did not answer as they should
        """
        if not self._see_everything() or self.find(image_id) is not None:
            return False
        next(iter(self.client.images.list(limit=1)), None)
        return True

    def _see_everything(self) -> bool:
        access = self.session.auth.get_access(self.session)
        if 'admin' in {role.lower() for role in access.role_names or ()}:
            return True
        if not self._warned:
            self._warned = True
            LOG.warning(
                'Cached images of deleted images stay: the service '
                'user lacks the role "admin", so an image that is not '
                'found may be one that it does not see.'
            )
        return False
