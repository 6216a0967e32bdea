"""Glance's images as the user of the environment sees them."""

from collections.abc import Iterator
from typing import Any

from glanceclient import exc as glance_exc

from eic_plugins.glance.documents import ListedImage, listed_image


class UserImages:
    """What :mod:`~eic_plugins.cli.named_images` looks into.

    :param client: see :func:`eic_plugins.cli.cloud.glance`
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, image_id: str) -> ListedImage | None:
        """The image, or None if there is none for this user."""
        try:
            return listed_image(self._client.images.get(image_id))
        except glance_exc.HTTPNotFound:
            return None

    def all(self) -> Iterator[ListedImage]:
        """Every image that is not hidden."""
        for raw in self._client.images.list(filters={'visibility': 'all'}):
            yield listed_image(raw)
