"""Reads an image from Glance as the user who boots from it sees it."""

import dataclasses
from http import HTTPStatus
from typing import Any

from glanceclient.common import utils as glance_utils
from keystoneauth1 import loading
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.glance.documents import image_from_api
from eic_plugins.middleware.lookup import NotUnderstoodError
from eic_plugins.model import Image

_NOT_NOW = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Statuses 4xx that say nothing of the image or the user."""


class EndpointMissingError(Exception):
    """The user's catalog has no Glance where [eic] says to look."""


@dataclasses.dataclass(frozen=True)
class VisibleImage:
    """An image as a user sees it, None if it is not there for that user."""

    image: Image | None


class GlanceAsUser:
    """Reads images with the token of whoever asks for them."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._options = conf[config.GROUP]
        self._session = loading.load_session_from_conf_options(
            conf, config.GROUP, timeout=self._options.glance_timeout
        )

    def find(self, image_id: str, auth: Any) -> VisibleImage:
        """The image as ``auth``, a keystoneauth plugin, may see it.

        :raises NotUnderstoodError: nothing can be read from the image
        :raises Exception: Glance did not answer as it should
        """
        answer = self._session.get(
            f'{self._endpoint(auth)}/v2/images/{image_id}',
            auth=auth,
            headers={'Accept': 'application/json'},
            raise_exc=False,
            connect_retries=0,
        )
        if _is_refusal(answer.status_code):
            return VisibleImage(None)
        answer.raise_for_status()
        document = answer.json()
        try:
            return VisibleImage(image_from_api(document))
        except Exception as err:
            raise NotUnderstoodError(f'{type(err).__name__}: {err}') from err

    def _endpoint(self, auth: Any) -> str:
        endpoint = self._options.glance_endpoint or self._session.get_endpoint(
            auth,
            service_type='image',
            region_name=self._options.region_name,
            interface=self._options.glance_interface,
        )
        if not endpoint:
            raise EndpointMissingError(
                'The catalog has no Glance for interface '
                f'{self._options.glance_interface!r}: set glance_interface, '
                'region_name or glance_endpoint in [eic].'
            )
        return glance_utils.strip_version(endpoint)[0].rstrip('/')


def _is_refusal(status: int) -> bool:
    """True if Glance has no such image for this user, whatever the reason."""
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return refused and status not in _NOT_NOW
