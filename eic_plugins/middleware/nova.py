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

Header ``X-EIC-Boot`` of the answer says what was done and why. Whatever the
filter cannot look up within ``filter_budget``, or Nova would refuse, goes on as
it came: the filter never answers a request itself. docs/nova.md has the rules,
and what such servers do differently.

Options, in ``[eic]`` of nova.conf or in the filter's section of api-paste.ini:
``filter_budget``, ``filter_lookups``, ``locations_ttl``, ``breaker_failures``,
``breaker_reset``, ``boot_from_volume``, ``boot_from_volume_projects``,
``boot_volume_type``. No credentials: flavor and image are looked up as the user.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import microversion_parse
import webob
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.middleware import body, boot, nova_answers
from eic_plugins.middleware.boot import Reason, Verdict
from eic_plugins.middleware.flavors import Flavors
from eic_plugins.middleware.lookup import Lookup, LookupLimits
from eic_plugins.middleware.subrequest import Answer, Subrequests, WSGIApp, call
from eic_plugins.middleware.user_images import SeenImage, UserImages
from eic_plugins.support.breaker import CircuitBreakers

LOG = logging.getLogger(__name__)

HEADER = 'X-EIC-Boot'

_CREATE = re.compile(r'((?:/[0-9a-f-]+)?)/(?:servers|os-volumes_boot)/?')
_JSON_TYPES = frozenset({'application/json', 'application/vnd.openstack.compute+json'})
_LEGACY_VERSION_HEADER = 'X-OpenStack-Nova-API-Version'
_MICROVERSION = re.compile(r'([1-9]\d{0,3})\.(0|[1-9]\d{0,3})', re.ASCII)
_VOLUME_TYPE_SINCE = (2, 67)
_ACCEPTED = 202


class UserImage(NamedTuple):
    """An image and who looks at it."""

    user: str | None
    project: str | None
    roles: frozenset[str]
    image_id: str

    def __str__(self) -> str:
        return self.image_id


class NovaFilter:
    """WSGI middleware around nova-api's router."""

    def __init__(
        self,
        app: WSGIApp,
        facts: 'BootFacts',
        volume_type: str | None,
        cinder: CircuitBreakers,
    ) -> None:
        self._app = app
        self._facts = facts
        self._volume_type = volume_type
        self._cinder = cinder

    def __call__(
        self, environ: body.Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Pass the request on, rewritten if it is an image boot to rewrite."""
        if environ['REQUEST_METHOD'] == 'POST':
            create = _CREATE.fullmatch(environ.get('PATH_INFO', ''))
            if create:
                return self._create(environ, create[1], start_response)
        return self._app(environ, start_response)

    def _create(
        self, environ: body.Environ, prefix: str, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        content_type = environ.get('CONTENT_TYPE', '').partition(';')[0].strip()
        received = body.read(environ) if content_type in _JSON_TYPES else None
        if received is None:
            return self._app(environ, start_response)
        try:
            verdict, changed = self._decide(environ, prefix, body.parse(received))
        except Exception:
            LOG.exception(
                'An error of the EIC filter, not of the request, '
                'which goes on as it came.'
            )
            verdict, changed = boot.left(Reason.INTERNAL_ERROR), None
        if changed is not None:
            return self._send_rewritten(
                environ, changed, verdict, received, start_response
            )
        return self._app(environ, _marking(start_response, verdict))

    def _send_rewritten(
        self,
        environ: body.Environ,
        changed: bytes,
        verdict: Verdict,
        received: bytes,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Send it on rewritten and, if that is what fails, as it came.

        See :mod:`eic_plugins.middleware.nova_answers`. The answer is then the one
        to the request itself.
        """
        as_it_came = dict(environ)
        body.replace(environ, changed)
        answer = call(self._app, environ)
        refused = nova_answers.reason_in(answer, bool(self._type_for(as_it_came)))
        self._learn(environ, answer, refused)
        if refused is None:
            return answer.send(start_response, (HEADER, str(verdict)))
        LOG.info(
            'Nova answered %(status)s to a boot from image made a boot '
            'from volume (%(why)s, %(refused)s); it goes on as it came.',
            {'status': answer.status, 'why': verdict.reason, 'refused': refused},
        )
        body.replace(as_it_came, received)
        return self._app(as_it_came, _marking(start_response, boot.left(refused)))

    def _learn(
        self, environ: body.Environ, answer: Answer, refused: Reason | None
    ) -> None:
        """What the answer says of the Cinder that Nova has asked."""
        cinder = self._cinder.of(_project_of(environ))
        if refused is Reason.CINDER_FAILED:
            cinder.failed()
        elif answer.code == _ACCEPTED:
            cinder.succeeded()

    def _decide(
        self,
        environ: body.Environ,
        prefix: str,
        document: Any,
    ) -> tuple[Verdict, bytes | None]:
        wanted = boot.read(document)
        if isinstance(wanted, Verdict):
            return wanted, None
        ask = Subrequests(self._app, environ)
        found = self._facts.find(ask, prefix, environ['nova.context'], wanted)
        if isinstance(found, Reason):
            return boot.left(found), None
        why, size = found
        volume_type = self._type_for(environ)
        if volume_type and not self._cinder.of(_project_of(environ)).allows():
            return boot.left(Reason.CINDER_FAILED), None
        changed = boot.rewrite(document, size, volume_type)
        return Verdict(boot.Done.REWRITTEN, why), body.serialise(changed)

    def _type_for(self, environ: body.Environ) -> str | None:
        return self._volume_type if _can_name_type(environ) else None


class BootFacts:
    """Looks up what the decision about an image boot needs."""

    def __init__(self, conf: cfg.ConfigOpts, options: Mapping[str, Any]) -> None:
        self._conf = conf
        self._options = options
        ttl = options['locations_ttl']
        self._flavors = Flavors(ttl)
        self._glance: UserImages | None = None
        self._images: Lookup[UserImage, SeenImage] = Lookup(
            LookupLimits(options['filter_lookups'], ttl),
            CircuitBreakers(
                'Glance',
                'image boots are left as they come. Check glance-api '
                'and, in [eic], glance_interface and region_name.',
                options['breaker_failures'],
                options['breaker_reset'],
            ),
        )

    def find(
        self, ask: Subrequests, prefix: str, context: Any, wanted: boot.ImageBoot
    ) -> Reason | tuple[Reason, int]:
        """Who opted in and the size in GiB, or why to leave the request."""
        flavor = self._flavors.find(ask, prefix, context.project_id, wanted.flavor_id)
        if flavor is None:
            return Reason.FLAVOR_UNKNOWN
        if boot.flavor_opts_out(flavor):
            return Reason.NOT_OPTED_IN
        seen = self._image(context, wanted.image_id)
        if seen is None:
            return Reason.IMAGE_NOT_LOOKED_UP
        if seen.image is None:
            return Reason.IMAGE_UNKNOWN
        opt_ins = _opt_ins(self._conf, self._options)
        why = boot.opted_in(flavor, seen.image, context.project_id, opt_ins)
        if why is None:
            return Reason.NOT_OPTED_IN
        size = boot.hindrance(flavor, seen.image, opt_ins) or boot.volume_size(
            flavor, seen.image
        )
        return size if isinstance(size, Reason) else (why, size)

    def _image(self, context: Any, image_id: str) -> SeenImage | None:
        # Another user, or the same in another project, sees other images.
        key = UserImage(
            context.user_id,
            context.project_id,
            frozenset(context.roles or ()),
            image_id,
        )
        auth = context.get_auth_plugin()
        return self._images.within(
            self._options['filter_budget'],
            context.project_id or '',
            key,
            lambda key: self._ask_glance(key, auth),
        )

    def _ask_glance(self, key: UserImage, auth: Any) -> SeenImage:
        if self._glance is None:
            self._glance = UserImages(self._conf)
        return self._glance.find(key.image_id, auth)


def filter_factory(
    global_conf: Mapping[str, str], **local_conf: str
) -> Callable[[WSGIApp], NovaFilter]:
    """What ``paste.filter_factory`` names."""
    conf = cfg.CONF
    config.register(conf)
    options = config.with_overrides(conf, local_conf, config.NOVA_FILTER_OPTS)
    facts = BootFacts(conf, options)

    cinder = CircuitBreakers(
        'Cinder',
        'image boots are left as they come, for Nova asks it for '
        "boot_volume_type. Check nova.conf's [cinder] and cinder-api.",
        options['breaker_failures'],
        options['breaker_reset'],
    )

    def make_filter(app: WSGIApp) -> NovaFilter:
        return NovaFilter(app, facts, options['boot_volume_type'], cinder)

    return make_filter


def _opt_ins(conf: cfg.ConfigOpts, options: Mapping[str, Any]) -> boot.OptIns:
    """The operator's choices; Nova's own of images, from its ``[glance]``."""
    glance = conf.glance
    verified = bool(glance.verify_glance_signatures)
    return boot.OptIns(
        default=options['boot_from_volume'],
        projects=frozenset(options['boot_from_volume_projects']),
        signatures_verified=verified,
        certificates_required=bool(
            verified
            and glance.enable_certificate_validation
            and glance.default_trusted_certificate_ids
        ),
    )


def _marking(
    start_response: Callable[..., Any], verdict: Verdict
) -> Callable[..., Any]:
    def marked(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
        return start_response(status, [*headers, (HEADER, str(verdict))], *args)

    return marked


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
    found = _MICROVERSION.fullmatch(version or '')
    return version == 'latest' or bool(
        found and (int(found[1]), int(found[2])) >= _VOLUME_TYPE_SINCE
    )
