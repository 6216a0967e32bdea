"""Where Glance has an image: asked for as the service, or handed over by Cinder.

The Locations API (``GET /v2/images/{id}/locations``, Glance 2.17) is asked
first: it needs the role ``service`` and neither ``show_image_direct_url`` nor
``show_multiple_locations``, which expose locations to users (OSSN-0065). A
Glance without it is read through those legacy fields, with a warning.

What comes back never leaves the service: the caller's own, user-scoped look at
the image stays the gate.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from glanceclient import exc as glance_exc
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.glance.access import credentials_group
from eic_plugins.glance.documents import listed_image, mapping
from eic_plugins.glance.locations_api import LocationsApi

LOG = logging.getLogger(__name__)
_ABOUT_THE_IMAGE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    }
)
"""HTTP statuses that say something of what was asked for, whatever it is."""


@dataclasses.dataclass(frozen=True)
class Location:
    """A Glance location: where, and what the store says about that place."""

    url: str
    metadata: Mapping[str, Any]


def locations_from_cinder(image_location: Any) -> tuple[Location, ...]:
    """The locations in the ``(direct_url, locations)`` of ``clone_image``."""
    direct_url, locations = image_location or (None, None)
    parsed = _parse_locations(locations or [])
    if not parsed and direct_url:
        return (Location(direct_url, {}),)
    return parsed


class ImageLocations:
    """Looks up locations with the credentials of the service itself."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._group = credentials_group(conf)
        self._warned = False
        self._api = LocationsApi(conf)

    def find(self, image_id: str) -> tuple[Location, ...]:
        """All locations of the image, in Glance's order of preference.

        There are none of an image that does not exist, or that these credentials
        cannot see. That is an answer of Glance's, and no failure.

        :raises Exception: Glance or Keystone did not answer as they should
        """
        try:
            return self._find(image_id)
        except glance_exc.HTTPException as err:
            if err.code not in _ABOUT_THE_IMAGE:
                raise
            # At DEBUG: any user can ask for ids that do not exist.
            LOG.debug(
                'Glance has no image %(image)s for the service user, or '
                'not for its roles (HTTP %(code)s): images of other '
                'projects take "admin".',
                {'image': image_id, 'code': err.code},
            )
            return ()

    def is_raw(self, image_id: str) -> bool:
        """True if the image's file is known to be a raw disk as it stands.

        Never raises: if Glance does not say, it is not known.
        """
        try:
            return listed_image(self._api.client.images.get(image_id)).image.plainly_raw
        except Exception as err:
            LOG.debug(
                'The format of image %(image)s is not to be had: %(err)s',
                {'image': image_id, 'err': err},
            )
            return False

    def _find(self, image_id: str) -> tuple[Location, ...]:
        try:
            locations = self._api.find(image_id)
        except (glance_exc.HTTPNotImplemented, glance_exc.HTTPForbidden) as err:
            self._warn_once(err)
            return self._legacy(image_id)
        return _parse_locations(locations)

    def _warn_once(self, err: Exception) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning(
                '%(why)s Falling back to the fields locations and direct_url.',
                {'why': self._why_refused(err)},
            )

    def _why_refused(self, err: Exception) -> str:
        if isinstance(err, glance_exc.HTTPNotImplemented):
            return (
                'This Glance has no Locations API (it is new in Glance 29): '
                'show_image_direct_url or show_multiple_locations has to be on.'
            )
        return (
            f'The Locations API refused ({type(err).__name__}): give the user of '
            f'[{self._group}] the role "service".'
        )

    def _legacy(self, image_id: str) -> tuple[Location, ...]:
        image = self._api.client.images.get(image_id)
        return locations_from_cinder((image.get('direct_url'), image.get('locations')))


def _parse_locations(raw: Any) -> tuple[Location, ...]:
    if isinstance(raw, str | bytes):
        raw = json.loads(raw)
    if not isinstance(raw, Sequence):
        return ()
    return tuple(
        Location(entry['url'], mapping(entry.get('metadata')))
        for entry in raw
        if isinstance(entry, Mapping) and isinstance(entry.get('url'), str)
    )
