"""Paste filter for nova-api: image boots become boots from a new volume.

Put it behind ``keystonecontext`` (and ``legacy_v2_compatible``) in both
pipelines of Nova's api-paste.ini::

    [filter:eic]
    paste.filter_factory = eic_plugins.middleware.nova:filter_factory

    [composite:openstack_compute_api_v21]
    keystone = ... authtoken keystonecontext eic osapi_compute_app_v21

Of ``POST /servers`` and ``/os-volumes_boot`` with an ``imageRef`` and no block
device mapping it makes "boot from image (creates a new volume)", with
``delete_on_termination``, where the operator opted in. The first that says
something is heard: flavor extra spec ``eic:boot_from_volume``, image property
``eic_boot_from_volume``, ``boot_from_volume_projects``, ``boot_from_volume``. A
user opts out with the server's metadata ``eic_boot_from_volume=false``.

Header ``X-EIC-Boot`` of the answer says what was done and why. What the filter
cannot look up within ``filter_budget`` goes on as it came, and so does what Nova
would refuse: the filter never answers a request itself. docs/nova.md has the rules,
and what such servers do differently.

Options, in ``[eic]`` of nova.conf or in the filter's section of api-paste.ini:
``filter_budget``, ``filter_lookups``, ``locations_ttl``, ``breaker_failures``,
``breaker_reset``, ``boot_from_volume``, ``boot_from_volume_projects``,
``boot_volume_type``. ``[eic] metrics_directory`` has it count what it does
(docs/metrics.md). No credentials: flavor and image are looked up as the user.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Self

import microversion_parse
import webob
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.middleware import (
    body,
    boot_facts,
    boot_request,
    metrics,
    microversions,
    nova_answers,
)
from eic_plugins.middleware.boot_facts import BootFacts
from eic_plugins.middleware.boot_verdict import BootReason, Done, Verdict, left
from eic_plugins.middleware.metrics import UNCOUNTED, FilterMetrics
from eic_plugins.middleware.paste_filter import PasteFilter
from eic_plugins.middleware.remotes import WATCHED, Remote
from eic_plugins.middleware.subrequest import (
    Answer,
    StartResponse,
    Subrequests,
    WSGIApp,
    call,
)

LOG = logging.getLogger(__name__)

HEADER = 'X-EIC-Boot'

_CREATE = re.compile(r'((?:/[0-9a-f-]+)?)/(?:servers|os-volumes_boot)/?')
_LEGACY_VERSION_HEADER = 'X-OpenStack-Nova-API-Version'
_VOLUME_TYPE_SINCE = microversion_parse.Version(2, 67)


@dataclasses.dataclass(frozen=True)
class NovaParts:
    """What the filter is made of.

    :ivar volume_type: what volumes are asked for, None for Cinder's default
    :ivar cinder: the Cinder that Nova asks for that type
    """

    facts: BootFacts
    volume_type: str | None
    cinder: Remote
    counts: FilterMetrics = UNCOUNTED

    @classmethod
    def from_options(cls, conf: cfg.ConfigOpts, options: Mapping[str, Any]) -> Self:
        """The parts that ``options`` ask for; the remotes are watched."""
        patience = options['breaker_failures'], options['breaker_reset']
        glance = Remote(
            'Glance',
            'image boots are left as they come. Check glance-api '
            'and, in [eic], glance_interface and region_name.',
            *patience,
        )
        cinder = Remote(
            'Cinder',
            'image boots are left as they come, for Nova asks it for '
            "boot_volume_type. Check nova.conf's [cinder] and cinder-api.",
            *patience,
        )
        WATCHED.add(glance, cinder)
        counts = metrics.of_nova(conf)
        facts = boot_facts.from_options(conf, options, glance, counts)
        return cls(facts, options['boot_volume_type'], cinder, counts)


class NovaFilter(PasteFilter[Verdict]):
    """WSGI middleware around nova-api's router."""

    OPTIONS = config.NOVA_FILTER_OPTS
    JSON_TYPES = frozenset(
        {'application/json', 'application/vnd.openstack.compute+json'}
    )

    def __init__(
        self,
        application: WSGIApp,
        conf: dict[str, Any] | cfg.ConfigOpts | None = None,
        parts: NovaParts | None = None,
    ) -> None:
        super().__init__(application, conf)
        parts = parts or NovaParts.from_options(self.oslo_conf, self.options())
        self._facts, self._cinder = parts.facts, parts.cinder
        self._volume_type = parts.volume_type
        self.counts = parts.counts

    def handler(self, environ: body.Environ) -> WSGIApp | None:
        """What handles the request, None to pass it on as it came."""
        if environ['REQUEST_METHOD'] == 'POST' and _CREATE.fullmatch(
            environ.get('PATH_INFO', '')
        ):
            return self.create
        return None

    def decide(self, environ: body.Environ, document: Any) -> tuple[Verdict, Any]:
        """See docs/nova.md."""
        wanted = boot_request.read(document)
        if isinstance(wanted, Verdict):
            return wanted, None
        ask = Subrequests(self.application, environ)
        volume = self._facts.find(
            ask, _prefix(environ), environ['nova.context'], wanted
        )
        if isinstance(volume, BootReason):
            return left(volume), None
        volume_type = self._type_for(environ)
        if volume_type and not self._cinder.may_be_asked(_project_of(environ)):
            return left(BootReason.CINDER_FAILED), None
        verdict = Verdict(Done.REWRITTEN, volume.opted_in)
        return verdict, boot_request.rewrite(document, volume.size, volume_type)

    def decision_after_error(self) -> Verdict:
        """As it came; the header says so."""
        return left(BootReason.INTERNAL_ERROR)

    def carry_out(
        self,
        decision: Verdict,
        received: bytes,
        changed: bytes | None,
        environ: body.Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Send the request on rewritten and, if that is what fails, as it came.

        See :mod:`eic_plugins.middleware.nova_answers`. The answer is then the one
        to the request itself.
        """
        if changed is None:
            return self._pass_on(environ, start_response, decision)
        as_it_came = dict(environ)
        body.replace(environ, changed)
        answer = call(self.application, environ)
        refused = nova_answers.reason_in(answer, bool(self._type_for(as_it_came)))
        self._learn(_project_of(environ), answer, refused)
        if refused is None:
            self.counts.booted(decision)
            return answer.send(start_response, (HEADER, str(decision)))
        LOG.info(
            'Nova answered %(status)s to a boot from image made a boot '
            'from volume (%(why)s, %(refused)s); it goes on as it came.',
            {'status': answer.status, 'why': decision.reason, 'refused': refused},
        )
        body.replace(as_it_came, received)
        return self._pass_on(as_it_came, start_response, left(refused))

    def _pass_on(
        self, environ: body.Environ, start_response: StartResponse, verdict: Verdict
    ) -> Iterable[bytes]:
        self.counts.booted(verdict)
        return self.application(environ, _marking(start_response, verdict))

    def _learn(self, project: str, answer: Answer, refused: BootReason | None) -> None:
        """What the answer says of the Cinder that Nova has asked."""
        if refused is BootReason.CINDER_FAILED:
            self._cinder.failed(project)
        elif answer.code == HTTPStatus.ACCEPTED:
            self._cinder.answered(project)

    def _type_for(self, environ: body.Environ) -> str | None:
        return self._volume_type if _can_name_type(environ) else None


filter_factory = NovaFilter.factory
"""What ``paste.filter_factory`` names."""


def _marking(start_response: StartResponse, verdict: Verdict) -> StartResponse:
    def marked(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
        return start_response(status, [*headers, (HEADER, str(verdict))], *args)

    return marked


def _prefix(environ: body.Environ) -> str:
    """What stands before ``/servers`` in the path: nothing, or a project's id."""
    path = _CREATE.fullmatch(environ.get('PATH_INFO', ''))
    return path[1] if path else ''


def _project_of(environ: body.Environ) -> str:
    return environ['nova.context'].project_id or ''


def _can_name_type(environ: body.Environ) -> bool:
    """True if the request's microversion lets it name a volume's type."""
    try:
        version = microversion_parse.get_version(
            webob.Request(environ).headers, 'compute', [_LEGACY_VERSION_HEADER]
        )
    except ValueError:
        # Nova will say what it is that cannot be read.
        return False
    return microversions.is_at_least(version, _VOLUME_TYPE_SINCE)
