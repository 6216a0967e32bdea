"""Cinder's image service with the service's own credentials.

It serves what no user asked for. Cinder's own image service needs the token of a
request, and a catalog if ``glance_api_servers`` is not set. This one asks Glance as
:mod:`eic_plugins.glance.access` does.
"""

from typing import Any

from cinder import context
from cinder.image import image_utils
from oslo_config import cfg

from eic_plugins.glance.catalog import Images

_SILENCE_SECONDS = 60.0


# cinder.image.glance cannot be imported before image_utils.
class ServiceImageService(image_utils.glance.GlanceImageService):
    """``show`` and ``download``, as a :class:`Fetcher` needs them."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        # A store may take its time before the first byte, and no user waits.
        self._images = Images(conf, _SILENCE_SECONDS)
        super().__init__(_Client(self._images.client))

    def context(self) -> context.RequestContext:
        """One for the next minutes: its token, which Barbican wants for the
        certificate of a signed image, is not renewed.
        """
        session = self._images.session
        return context.RequestContext(
            user_id=session.get_user_id(),
            project_id=session.get_project_id(),
            auth_token=session.get_token(),
            is_admin=True,
        )

    def catalog(self) -> list[dict[str, Any]]:
        """Keystone's catalog in the form in which Cinder looks Glance up."""
        return catalog_of(self._images.session)

    def get_location(self, context: Any, image_id: str) -> tuple[None, list[Any]]:
        """None: with ``file`` in ``allowed_direct_url_schemes`` Cinder would
        look for one as the user of a request.
        """
        return None, []


def catalog_of(session: Any) -> list[dict[str, Any]]:
    """The catalog of a keystoneauth session's user, as Cinder reads it."""
    catalog = session.auth.get_access(session).service_catalog.catalog
    return [
        {
            'type': service['type'],
            'name': service.get('name'),
            'endpoints': _by_region(service['endpoints']),
        }
        for service in catalog
    ]


def _by_region(endpoints: list[dict[str, Any]]) -> list[dict[str, str]]:
    regions: dict[str, dict[str, str]] = {}
    for each in endpoints:
        region = each.get('region_id') or each.get('region') or ''
        regions.setdefault(region, {'region': region})[f'{each["interface"]}URL'] = (
            each['url']
        )
    return list(regions.values())


class _Client:
    """In place of Cinder's client, which is made anew for every call."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(
        self,
        _context: Any,
        method: str,
        *arguments: Any,
        controller: str = 'images',
        **keywords: Any,
    ) -> Any:
        return getattr(getattr(self._client, controller), method)(
            *arguments, **keywords
        )
