"""Reads from Glance, as the service: where the copies of an image are, which
images there are, and which were deleted.

The Locations API (``GET /v2/images/{id}/locations``, Glance 2.17) is asked
first: it needs the role ``service`` and neither ``show_image_direct_url`` nor
``show_multiple_locations``, which expose locations to users (OSSN-0065). A
Glance without it is read through those legacy fields, with a warning.

What comes back never leaves the service: the caller's own, user-scoped look at
the image stays the gate.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import glanceclient
from glanceclient import exc as glance_exc
from keystoneauth1 import loading, session
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import timeutils

from eic_plugins import config
from eic_plugins.model import Image

LOG = logging.getLogger(__name__)

_CORE_FIELDS = frozenset(
    {
        'id',
        'status',
        'disk_format',
        'container_format',
        'size',
        'virtual_size',
        'min_disk',
        'os_hash_algo',
        'os_hash_value',
        'owner',
        'updated_at',
    }
)
_DELETED = {'deleted', 'pending_delete'}
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


@dataclasses.dataclass(frozen=True)
class ListedImage:
    """An image as Glance lists it, with whose it is and who sees it."""

    image: Image
    name: str = ''
    owner: str = ''
    visibility: str = ''
    hidden: bool = False


class CredentialsMissingError(Exception):
    """Neither [eic] nor [service_user] says how to authenticate."""


def image_from_meta(meta: Mapping[str, Any]) -> Image:
    """An :class:`Image` from the ``image_meta`` that Cinder hands a driver.

    Of wrong types nothing is read: a part of an image is its owner's.
    """
    return _image(meta, _mapping(meta.get('properties')))


def image_from_api(raw: Mapping[str, Any]) -> Image:
    """An :class:`Image` from Glance's own ``GET /v2/images/{id}``.

    Custom properties stand beside the others there, whatever they are called:
    one of the name ``properties`` is one of them.
    """
    meta = {key: value for key, value in raw.items() if key != 'properties'}
    meta['updated_at'] = _time(meta.get('updated_at'))
    return _image(meta, {})


def listed_image(raw: Mapping[str, Any]) -> ListedImage:
    """A :class:`ListedImage` from an entry of ``GET /v2/images``."""
    return ListedImage(
        image_from_api(raw),
        _text(raw.get('name')) or '',
        _text(raw.get('owner')) or '',
        _text(raw.get('visibility')) or '',
        bool(raw.get('os_hidden')),
    )


def _image(meta: Mapping[str, Any], nested: Mapping[str, Any]) -> Image:
    flat = {
        k: v for k, v in meta.items() if k not in _CORE_FIELDS and k != 'properties'
    }
    return Image(
        id=meta['id'],
        status=_text(meta.get('status')) or '',
        disk_format=_text(meta.get('disk_format')),
        container_format=_text(meta.get('container_format')),
        size=_number(meta.get('size')) or 0,
        virtual_size=_number(meta.get('virtual_size')),
        min_disk=_number(meta.get('min_disk')) or 0,
        os_hash_value=_text(meta.get('os_hash_value') or nested.get('os_hash_value')),
        os_hash_algo=_text(meta.get('os_hash_algo') or nested.get('os_hash_algo')),
        owner=_text(meta.get('owner')),
        updated_at=str(meta.get('updated_at') or ''),
        properties={**flat, **nested},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    """A number of bytes or GiB; Cinder takes one that is written as text."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def locations_from_cinder(image_location: Any) -> tuple[Location, ...]:
    """The locations in the ``(direct_url, locations)`` of ``clone_image``."""
    direct_url, locations = image_location or (None, None)
    found = _parse_locations(locations or [])
    if not found and direct_url:
        return (Location(direct_url, {}),)
    return found


class ImageLocations:
    """Looks up locations with the credentials of the service itself."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._group = _credentials_group(conf)
        self._warned = False
        self._client = service_client(conf, service_session(conf))

    def find(self, image_id: str) -> tuple[Location, ...]:
        """All locations of the image, in Glance's order of preference.

        None for an image that is not there, or that these credentials cannot
        see: that is an answer too, and no trouble with Glance.

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

        Never raises: what is not known is no trouble with Glance.
        """
        try:
            return listed_image(self._client.images.get(image_id)).image.plainly_raw
        except Exception as err:
            LOG.debug(
                'The format of image %(image)s is not to be had: %(err)s',
                {'image': image_id, 'err': err},
            )
            return False

    def _find(self, image_id: str) -> tuple[Location, ...]:
        try:
            found = self._client.images.get_image_locations(image_id)
        except (glance_exc.HTTPNotImplemented, glance_exc.HTTPForbidden) as err:
            self._warn_once(err)
            return self._legacy(image_id)
        return _parse_locations(list(found))

    def _warn_once(self, err: Exception) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning(
                'The Locations API refused (%(error)s): give the user '
                'of [%(group)s] the role "service". Falling back to '
                'the fields locations and direct_url.',
                {'error': type(err).__name__, 'group': self._group},
            )

    def _legacy(self, image_id: str) -> tuple[Location, ...]:
        image = self._client.images.get(image_id)
        return locations_from_cinder((image.get('direct_url'), image.get('locations')))


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


def service_session(
    conf: cfg.ConfigOpts, timeout: float | None = None
) -> session.Session:
    """A session with the service's own credentials.

    :raises CredentialsMissingError: there are none
    """
    group = _credentials_group(conf)
    auth = loading.load_auth_from_conf_options(conf, group)
    return loading.load_session_from_conf_options(
        conf, group, auth=auth, timeout=timeout or conf[config.GROUP].glance_timeout
    )


def service_client(conf: cfg.ConfigOpts, authenticated: session.Session) -> Any:
    """Glance's client on that session."""
    options = conf[config.GROUP]
    return glanceclient.Client(
        '2',
        session=authenticated,
        interface=options.glance_interface,
        region_name=options.region_name,
        endpoint_override=options.glance_endpoint,
        # A failed look-up must cost little: what stands behind it is the
        # request without a hint, or Cinder's download.
        connect_retries=0,
    )


def _credentials_group(conf: cfg.ConfigOpts) -> str:
    for group in (config.GROUP, 'service_user'):
        if group in conf and conf[group].get('auth_type'):
            return group
    raise CredentialsMissingError(
        'Set auth_type and the other keystoneauth options in [eic], or '
        'configure [service_user]: EIC asks Glance for image locations with '
        "the service's own credentials."
    )


def _parse_locations(raw: Any) -> tuple[Location, ...]:
    if isinstance(raw, str | bytes):
        raw = json.loads(raw)
    if not isinstance(raw, Sequence):
        return ()
    return tuple(
        Location(entry['url'], _mapping(entry.get('metadata')))
        for entry in raw
        if isinstance(entry, Mapping) and isinstance(entry.get('url'), str)
    )


def _time(value: Any) -> Any:
    """As Cinder hands it to a driver: it may be a part of the identity."""
    try:
        return timeutils.parse_isotime(value)
    except ValueError:
        return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
