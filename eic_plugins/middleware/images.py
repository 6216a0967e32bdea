"""Reads an image from Glance as the user who boots from it sees it."""

import dataclasses
from typing import Any

from glanceclient.common import utils as glance_utils
from keystoneauth1 import loading
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.glance import image_from_meta
from eic_plugins.model import Image

_NOT_FOR_THIS_USER = frozenset({400, 401, 403, 404})


class EndpointMissingError(Exception):
    """The user's catalog has no Glance where [eic] says to look."""


@dataclasses.dataclass(frozen=True)
class SeenImage:
    """What a user sees of an image: None if it is not there for that user."""

    image: Image | None


class UserImages:
    """Reads images with the token of whoever asks for them."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._options = conf[config.GROUP]
        self._session = loading.load_session_from_conf_options(
            conf, config.GROUP, timeout=self._options.glance_timeout)

    def find(self, image_id: str, auth: Any) -> SeenImage:
        """The image as ``auth``, a keystoneauth plugin, may see it.

        :raises Exception: Glance did not answer as it should
        """
        answer = self._session.get(
            f'{self._endpoint(auth)}/v2/images/{image_id}', auth=auth,
            headers={'Accept': 'application/json'}, raise_exc=False,
            connect_retries=0)
        if answer.status_code in _NOT_FOR_THIS_USER:
            return SeenImage(None)
        answer.raise_for_status()
        return SeenImage(image_from_meta(answer.json()))

    def _endpoint(self, auth: Any) -> str:
        found = self._options.glance_endpoint or self._session.get_endpoint(
            auth, service_type='image', region_name=self._options.region_name,
            interface=self._options.glance_interface)
        if not found:
            raise EndpointMissingError(
                'The catalog has no Glance for interface '
                f'{self._options.glance_interface!r}: set glance_interface, '
                'region_name or glance_endpoint in [eic].')
        return glance_utils.strip_version(found)[0].rstrip('/')
