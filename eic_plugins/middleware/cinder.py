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
volume is ``available`` or ``error``, or ``hold_budget`` ends. It is still the
answer that Cinder gave, and header ``X-EIC-Hold`` says how the hold ended.

A service that asks to delete a volume which is still being made gets Cinder's
refusal, and the volume is deleted as soon as it is made (``postpone_deletions``,
:mod:`eic_plugins.middleware.postponed`).

The filter never answers a request itself.

Options, in ``[eic]`` of cinder.conf or in the filter's section of
api-paste.ini: ``filter_budget``, ``filter_lookups``, ``locations_ttl``,
``breaker_failures``, ``breaker_reset``, ``hold_requests``, ``hold_budget``,
``hold_limit``, ``postpone_deletions``. ``[eic] metrics_directory`` has it count
what it does (docs/metrics.md). To see what it does, log ``eic_plugins``
at DEBUG.
"""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol, Self

from keystonemiddleware import opts as keystone_opts
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import uuidutils

from eic_plugins import config
from eic_plugins.middleware import body, cinder_internals, metrics, scheduler_hints
from eic_plugins.middleware.copies import Copies, CopiesInGlance, CopyLookup
from eic_plugins.middleware.deletion_requests import DeletionRequests
from eic_plugins.middleware.hold import Hold
from eic_plugins.middleware.lookup import LookupLimits
from eic_plugins.middleware.metrics import UNCOUNTED, FilterMetrics
from eic_plugins.middleware.paste_filter import PasteFilter
from eic_plugins.middleware.postponed import PostponedDeletions
from eic_plugins.middleware.remotes import WATCHED, Remote
from eic_plugins.middleware.subrequest import Answer, StartResponse, WSGIApp, call

LOG = logging.getLogger(__name__)

HOLD_HEADER = 'X-EIC-Hold'

# Cinder's router lets a line end behind a path.
_CREATE = re.compile(r'(?:/v3)?(?:/[^/]+)?/volumes(?:\.json)?/?\n?')


class CopyFinder(Protocol):
    """Knows where the copies of an image are, or not in time."""

    def copies(self, image_id: str, budget: float, owner: str) -> Copies | None:
        """See :class:`~eic_plugins.middleware.copies.CopyLookup`."""


@dataclasses.dataclass(frozen=True)
class CinderParts:
    """What the filter is made of.

    :ivar budget: seconds for a look-up
    :ivar postponed: None to postpone no deletions
    """

    lookup: CopyFinder
    budget: float
    hold: Hold
    postponed: PostponedDeletions | None = None
    counts: FilterMetrics = UNCOUNTED

    @classmethod
    def from_options(cls, conf: cfg.ConfigOpts, options: Mapping[str, Any]) -> Self:
        """The parts that ``options`` ask for; Glance is watched."""
        glance = Remote(
            'Glance',
            'volumes are scheduled without knowing where their image '
            'is. Check glance-api and the credentials in [eic].',
            options['breaker_failures'],
            options['breaker_reset'],
        )
        WATCHED.add(glance)
        budget = options['filter_budget']
        counts = metrics.of_cinder(conf)
        return cls(
            lookup=CopyLookup(
                CopiesInGlance(conf, budget).find,
                LookupLimits(options['filter_lookups'], options['locations_ttl']),
                glance,
                counts=counts,
            ),
            budget=budget,
            hold=Hold(
                options['hold_requests'],
                options['hold_budget'],
                options['hold_limit'],
                _service_roles(conf),
                cinder_internals.statuses,
            ),
            postponed=(
                PostponedDeletions(cinder_internals.Volumes(), count=counts.deletion)
                if options['postpone_deletions']
                else None
            ),
            counts=counts,
        )


class CinderFilter(PasteFilter[bool]):
    """WSGI middleware around cinder-api's router.

    What it decides is whether a volume is asked for whose image has a UUID.
    """

    OPTIONS = config.CINDER_FILTER_OPTS
    JSON_TYPES = frozenset(
        {'application/json', 'application/vnd.openstack.volume+json'}
    )

    def __init__(
        self,
        application: WSGIApp,
        conf: dict[str, Any] | cfg.ConfigOpts | None = None,
        parts: CinderParts | None = None,
    ) -> None:
        super().__init__(application, conf)
        parts = parts or CinderParts.from_options(self.oslo_conf, self.options())
        self._lookup, self._budget, self._hold = parts.lookup, parts.budget, parts.hold
        self.counts = parts.counts
        self._deletions = (
            DeletionRequests(application, parts.postponed) if parts.postponed else None
        )

    def handler(self, environ: body.Environ) -> WSGIApp | None:
        """What handles the request, None to pass it on as it came."""
        method = environ['REQUEST_METHOD']
        if self._deletions is not None:
            self._deletions.recall()
            if method == 'DELETE' and self._hold.of_service(environ):
                return self._deletions.handler(environ)
        if method == 'POST' and _CREATE.fullmatch(environ.get('PATH_INFO', '')):
            return self.create
        return None

    def decide(self, environ: body.Environ, document: Any) -> tuple[bool, Any]:
        """See the module's docstring."""
        image_id = scheduler_hints.image_in(document)
        if scheduler_hints.volume_in(document) is None:
            return False, None
        dropped = scheduler_hints.drop_forged(document, environ)
        if dropped:
            self.counts.forged()
        added = self._add_hint(document, image_id, _project_of(environ))
        return image_id is not None, document if dropped or added else None

    def decision_after_error(self) -> bool:
        """Nothing is held."""
        return False

    def carry_out(
        self,
        decision: bool,
        received: bytes,
        changed: bytes | None,
        environ: body.Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Send the request on, and hold the answer if somebody waits for it."""
        if changed is not None:
            body.replace(environ, changed)
        if decision and self._hold.wanted(environ):
            return self._held(environ, start_response)
        return self.application(environ, start_response)

    def _add_hint(
        self, document: dict[str, Any], image_id: str | None, project: str
    ) -> bool:
        if image_id is None:
            return False
        copies = self._copies(document, image_id, project)
        if not copies:
            return False
        scheduler_hints.add_hint(document, copies)
        LOG.debug(
            'Image %(image)s has %(count)d copies that a pool could clone.',
            {'image': image_id, 'count': len(copies)},
        )
        return True

    def _copies(
        self, document: dict[str, Any], image_id: str, project: str
    ) -> Copies | None:
        if not scheduler_hints.takes_hint(document):
            self.counts.requested('users_hint')
            return None
        copies = self._lookup.copies(image_id, self._budget, project)
        result = 'not_looked_up' if copies is None else 'no_copies'
        self.counts.requested('hint_added' if copies else result)
        return copies

    def _held(
        self, environ: body.Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        multithread = bool(environ.get('wsgi.multithread'))
        answer = call(self.application, environ)
        volume_id = _created(answer)
        if volume_id is None:
            return answer.send(start_response)
        with self.counts.holding() as ends:
            end = self._hold.until_usable(volume_id, multithread)
            ends.append(end)
        return answer.send(start_response, (HOLD_HEADER, str(end)))


filter_factory = CinderFilter.factory
"""What ``paste.filter_factory`` names."""


def _service_roles(conf: cfg.ConfigOpts) -> Callable[[], Collection[str]]:
    """Gives the roles that keystonemiddleware wants of a service token."""
    for group, opts in keystone_opts.list_auth_token_opts():
        roles = [opt for opt in opts if opt.dest == 'service_token_roles']
        conf.register_opts(roles, group)
    return lambda: conf.keystone_authtoken.service_token_roles


def _project_of(environ: body.Environ) -> str:
    return getattr(environ.get('cinder.context'), 'project_id', None) or ''


def _created(answer: Answer) -> str | None:
    """The id of the volume that Cinder is creating, None if it is not."""
    if answer.code != HTTPStatus.ACCEPTED:
        return None
    volume = scheduler_hints.volume_in(answer.document()) or {}
    volume_id = volume.get('id')
    return volume_id if uuidutils.is_uuid_like(volume_id) else None
