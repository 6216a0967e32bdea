"""Paste filter for cinder-api: tells the scheduler where an image's bytes are.

Put it behind ``keystonecontext`` in both pipelines of api-paste.ini::

    [filter:eic]
    paste.filter_factory = eic_plugins.middleware.cinder:filter_factory

    [composite:openstack_volume_api_v3]
    keystone = request_id ... authtoken keystonecontext eic apiv3

Of ``POST /v3[/{project_id}]/volumes`` with an ``imageRef`` it looks up the
image's locations in Glance, with the credentials of ``[eic]`` (or
``[service_user]``) in cinder.conf, and adds them to the request as scheduler
hint ``eic`` for ``EICImageLocalityWeigher``. A hint ``eic`` that the user sent
is dropped. All other requests pass untouched, and so does this one whenever the
look-up fails or takes longer than ``filter_budget``.

The answer to such a request of a service (``hold_requests``) is held until the
volume is ``available`` or ``error``, or ``hold_budget`` ends; it is still the
answer that Cinder gave, and header ``X-EIC-Hold`` says how the holding ended.

A service that asks to delete a volume which is still being made gets Cinder's
refusal; the volume is deleted as soon as it is made (``postpone_deletions``,
:mod:`eic_plugins.middleware.postponed`).

The filter never answers a request itself.

Options, in ``[eic]`` of cinder.conf or in the filter's section of
api-paste.ini: ``filter_budget``, ``filter_lookups``, ``locations_ttl``,
``breaker_failures``, ``breaker_reset``, ``hold_requests``, ``hold_budget``,
``hold_limit``, ``postpone_deletions``. To see what it does, log ``eic_plugins``
at DEBUG.
"""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import timeutils, uuidutils

from eic_plugins import config
from eic_plugins.glance.client import ImageLocations, Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.middleware import body, volumes
from eic_plugins.middleware.hold import Hold
from eic_plugins.middleware.lookup import (
    Copies,
    ImageLookup,
    LookupLimits,
    NotUnderstoodError,
)
from eic_plugins.middleware.postponed import Asker, PostponedDeletions
from eic_plugins.middleware.subrequest import Answer, WSGIApp, call
from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import locality
from eic_plugins.support.breaker import CircuitBreakers

LOG = logging.getLogger(__name__)

HOLD_HEADER = 'X-EIC-Hold'

# Cinder's router lets a line end behind a path.
_CREATE = re.compile(r'(?:/v3)?(?:/[^/]+)?/volumes(?:\.json)?/?\n?')
_DELETE = re.compile(r'(?:/v3)?(?:/[^/]+)?/volumes/([0-9a-f-]{36})(?:\.json)?/?')
_ACCEPTED = 202
_BAD_REQUEST = 400
_INVALID_VOLUME = 'Invalid volume: '
"""So begins Cinder's message if a volume's state forbids what was asked."""
_JSON_TYPES = frozenset({'application/json', 'application/vnd.openstack.volume+json'})
_HINTS = 'OS-SCH-HNT:scheduler_hints'
_LEGACY_HINTS = 'scheduler_hints'
_MICROVERSION = re.compile(r'([1-9]\d{0,3})\.(0|[1-9]\d{0,3})', re.ASCII)
_STRICT_SCHEMA = (3, 53)
"""From this microversion on, ``volume.scheduler_hints`` is refused."""


class CinderFilter:
    """WSGI middleware around cinder-api's router."""

    def __init__(
        self,
        app: WSGIApp,
        lookup: ImageLookup,
        budget: float,
        hold: Hold,
        postponed: PostponedDeletions | None = None,
    ) -> None:
        self._app = app
        self._lookup = lookup
        self._budget = budget
        self._hold = hold
        self._postponed = postponed

    def __call__(
        self, environ: body.Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Pass the request on, with the hint if it is a volume from image."""
        if self._postponed is not None:
            self._postponed.recall()
            deleted = _deleted(environ)
            if deleted and self._hold.of_service(environ):
                return self._deleting(self._postponed, deleted, environ, start_response)
        if environ['REQUEST_METHOD'] == 'POST':
            is_create = _CREATE.fullmatch(environ.get('PATH_INFO', ''))
            if is_create and self._prepare(environ) and self._hold.wanted(environ):
                return self._held(environ, start_response)
        return self._app(environ, start_response)

    def _held(
        self, environ: body.Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        multithread = bool(environ.get('wsgi.multithread'))
        answer = call(self._app, environ)
        volume_id = _created(answer)
        if volume_id is None:
            return answer.send(start_response)
        outcome = self._hold.until_usable(volume_id, multithread)
        return answer.send(start_response, (HOLD_HEADER, str(outcome)))

    def _deleting(
        self,
        postponed: PostponedDeletions,
        volume_id: str,
        environ: body.Environ,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        # Before the request: what is made meanwhile, Cinder deletes.
        mark = postponed.in_the_making(volume_id)
        answer = call(self._app, environ)
        if mark is not None and _is_refused_by_state(answer):
            postponed.postpone(volume_id, mark, _asker(environ))
        return answer.send(start_response)

    def _prepare(self, environ: body.Environ) -> bool:
        """Add the hint.

        :returns: whether a volume is asked for whose image has a UUID
        """
        content_type = environ.get('CONTENT_TYPE', '').partition(';')[0].strip()
        if content_type not in _JSON_TYPES:
            return False
        received = body.read(environ)
        if received is None:
            return False
        try:
            document = body.parse(received)
            image_id = _image_of(document)
            changed = self._with_hint(document, image_id, environ)
            if changed is not None:
                body.replace(environ, body.serialise(changed))
        except Exception:
            LOG.exception(
                'An error of the EIC filter, not of the request, '
                'which goes on as it came.'
            )
            body.replace(environ, received)
            return False
        return image_id is not None

    def _with_hint(
        self, document: Any, image_id: str | None, environ: body.Environ
    ) -> Any:
        """The document to send on, None if it is to stay as it is."""
        volume = _volume(document)
        if volume is None:
            return None
        dropped = _drop_forged(document, _HINTS)
        if not _refuses_legacy_hints(environ):
            dropped = _drop_forged(volume, _LEGACY_HINTS) or dropped
        added = self._add_hint(document, volume, image_id, _project_of(environ))
        return document if dropped or added else None

    def _add_hint(
        self,
        document: dict[str, Any],
        volume: Mapping[str, Any],
        image_id: str | None,
        project: str,
    ) -> bool:
        hints = document.get(_HINTS)
        # Cinder takes one of the two places: adding the one would hide the
        # other, which the user filled.
        elsewhere = hints is None and volume.get(_LEGACY_HINTS) is not None
        if image_id is None or elsewhere or not isinstance(hints, dict | None):
            return False
        copies = self._lookup.copies(image_id, self._budget, project)
        if not copies:
            return False
        document[_HINTS] = {**(hints or {}), locality.HINT: locality.write_hint(copies)}
        LOG.debug(
            'Image %(image)s has %(count)d copies that a pool could clone.',
            {'image': image_id, 'count': len(copies)},
        )
        return True


def filter_factory(
    global_conf: Mapping[str, str], **local_conf: str
) -> Callable[[WSGIApp], CinderFilter]:
    """What ``paste.filter_factory`` names."""
    conf = cfg.CONF
    config.register(conf)
    options = config.with_overrides(conf, local_conf, config.CINDER_FILTER_OPTS)
    lookup = ImageLookup(
        _Finder(conf, options['filter_budget']),
        LookupLimits(options['filter_lookups'], options['locations_ttl']),
        CircuitBreakers(
            'Glance',
            'volumes are scheduled without knowing where their image '
            'is. Check glance-api and the credentials in [eic].',
            options['breaker_failures'],
            options['breaker_reset'],
        ),
    )
    hold = Hold(
        options['hold_requests'],
        options['hold_budget'],
        options['hold_limit'],
        lambda: _service_roles(conf),
        volumes.of,
    )
    postponed = (
        PostponedDeletions(volumes.Deletions())
        if options['postpone_deletions']
        else None
    )

    def make_filter(app: WSGIApp) -> CinderFilter:
        return CinderFilter(app, lookup, options['filter_budget'], hold, postponed)

    return make_filter


class _Finder:
    """Asks Glance; connects at the first look-up, not at start-up."""

    def __init__(self, conf: cfg.ConfigOpts, budget: float) -> None:
        self._conf = conf
        self._budget = budget
        self._reader = LocationReader.from_entry_points()
        self._glance: ImageLocations | None = None

    def __call__(self, image_id: str) -> Copies:
        if self._glance is None:
            self._glance = ImageLocations(self._conf)
        locations = self._glance.find(image_id)
        try:
            return self._read(image_id, locations)
        except Exception as err:
            raise NotUnderstoodError(f'{type(err).__name__}: {err}') from err

    def _read(self, image_id: str, locations: Iterable[Location]) -> Copies:
        copies, refusals = self._reader.read_all(locations)
        for refusal in refusals:
            LOG.info(
                'A location of image %(image)s is of no use: %(why)s',
                {'image': image_id, 'why': refusal.reason.message},
            )
        # Where a Cinder volume is, the API plane cannot know.
        found = locality.by_address(
            (copy for copy in copies if isinstance(copy, ImageCopy)), self._budget
        )
        if not found or self._glance is None or not self._glance.is_raw(image_id):
            return found
        return tuple(dataclasses.replace(copy, raw=True) for copy in found)


def _service_roles(conf: cfg.ConfigOpts) -> Collection[str]:
    """The roles that keystonemiddleware wants of a service token."""
    try:
        return conf.keystone_authtoken.service_token_roles
    except cfg.NoSuchOptError:
        return ('service',)


def _project_of(environ: body.Environ) -> str:
    return getattr(environ.get('cinder.context'), 'project_id', None) or ''


def _deleted(environ: body.Environ) -> str | None:
    """The id of the volume that is to be deleted, as ever and not by force."""
    if environ['REQUEST_METHOD'] != 'DELETE' or environ.get('QUERY_STRING'):
        return None
    found = _DELETE.fullmatch(environ.get('PATH_INFO', ''))
    return found[1] if found and uuidutils.is_uuid_like(found[1]) else None


def _asker(environ: body.Environ) -> Asker | None:
    """Who asks, with what keystonemiddleware says of the user's token."""
    try:
        token = environ.get('keystone.token_info', {}).get('token', {})
        until = timeutils.parse_isotime(token['expires_at']).timestamp()
        return Asker(environ['cinder.context'].deepcopy(), until)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _is_refused_by_state(answer: Answer) -> bool:
    document = answer.document() if answer.code == _BAD_REQUEST else None
    fault = document.get('badRequest') if isinstance(document, dict) else None
    message = fault.get('message') if isinstance(fault, dict) else None
    return isinstance(message, str) and message.startswith(_INVALID_VOLUME)


def _created(answer: Answer) -> str | None:
    """The id of the volume that Cinder is creating, None if it is not."""
    document = answer.document() if answer.code == _ACCEPTED else None
    volume_id = (_volume(document) or {}).get('id')
    return volume_id if uuidutils.is_uuid_like(volume_id) else None


def _volume(document: Any) -> dict[str, Any] | None:
    volume = document.get('volume') if isinstance(document, dict) else None
    return volume if isinstance(volume, dict) else None


def _image_of(document: Any) -> str | None:
    """The image's UUID, as Cinder finds it; names are left to Cinder."""
    volume = _volume(document) or {}
    key = 'image_id' if 'image_id' in volume else 'imageRef'
    reference = volume.get(key)
    if not isinstance(reference, str):
        return None
    image_id = reference.rpartition('/')[2]
    return image_id if uuidutils.is_uuid_like(image_id) else None


def _drop_forged(holder: dict[str, Any], key: str) -> bool:
    hints = holder.get(key)
    if not isinstance(hints, dict) or locality.HINT not in hints:
        return False
    holder[key] = {k: v for k, v in hints.items() if k != locality.HINT}
    return True


def _refuses_legacy_hints(environ: body.Environ) -> bool:
    """True if Cinder answers 400 to ``volume.scheduler_hints``.

    It quotes the volume in that answer, which must not differ.
    """
    version = _version(environ.get('HTTP_OPENSTACK_API_VERSION', ''))
    if version == 'latest':
        return True
    found = _MICROVERSION.fullmatch(version)
    return bool(found and (int(found[1]), int(found[2])) >= _STRICT_SCHEMA)


def _version(header: str) -> str:
    """As Cinder reads it; ``''`` for what it answers with an error."""
    of_volume = next((part for part in header.split(',') if 'volume' in part), '')
    words = of_volume.split()
    return words[1] if len(words) == 2 else ''  # noqa: PLR2004
