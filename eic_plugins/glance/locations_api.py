"""Glance's Locations API, with the credentials of the service itself.

Glance 30 and 31 (2025.1 and 2025.2) open it to whoever sends a service token of the
role ``service``. From Glance 32 on, the caller's own role is enough. Glance does not
say which of the two it is, and need not be of the release that runs here: a refusal
shows it.
"""

from collections.abc import Mapping
from typing import Any

from glanceclient import exc
from oslo_config import cfg

from eic_plugins.glance.access import service_client, service_session
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory

_SECONDS = 300.0


class LocationsApi:
    """Asks for locations; with a service token if it has to be."""

    def __init__(self, conf: cfg.ConfigOpts, clock: Clock = SYSTEM) -> None:
        self._conf = conf
        self.client = service_client(conf, service_session(conf))
        self._refused: Memory[str, bool] = Memory(_SECONDS, clock=clock)

    def find(self, image_id: str) -> list[Mapping[str, Any]]:
        """The locations of an image, as Glance has them.

        :raises HTTPException: of glanceclient: Glance refused, or failed
        """
        try:
            return _locations(self.client, image_id)
        except exc.HTTPForbidden:
            if self._refused.get(image_id):
                raise
        return self._find_with_token(image_id)

    def _find_with_token(self, image_id: str) -> list[Mapping[str, Any]]:
        session = service_session(self._conf, service_token=True)
        client = service_client(self._conf, session)
        try:
            found = _locations(client, image_id)
        except exc.HTTPForbidden:
            # Neither helps with this image. The role may be given at any time.
            self._refused.put(image_id, True)
            raise
        self.client = client
        return found


def _locations(client: Any, image_id: str) -> list[Mapping[str, Any]]:
    return list(client.images.get_image_locations(image_id))
