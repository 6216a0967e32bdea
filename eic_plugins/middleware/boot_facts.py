"""Looks up what the decision about an image boot needs: flavor, image, opt-ins."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from oslo_config import cfg

from eic_plugins.middleware import boot_rules
from eic_plugins.middleware.boot_request import ImageBoot
from eic_plugins.middleware.boot_rules import OptIns
from eic_plugins.middleware.boot_verdict import BootReason
from eic_plugins.middleware.flavors import Flavors
from eic_plugins.middleware.glance_as_user import GlanceAsUser, VisibleImage
from eic_plugins.middleware.lookup import Lookup, LookupLimits
from eic_plugins.middleware.metrics import UNCOUNTED, LookupCounts
from eic_plugins.middleware.remotes import Remote
from eic_plugins.middleware.subrequest import Subrequests

_NOVAS_OPTIONS = (
    cfg.BoolOpt('verify_glance_signatures', default=False),
    cfg.BoolOpt('enable_certificate_validation', default=False),
    cfg.ListOpt('default_trusted_certificate_ids', default=[]),
)
"""Those of Nova's group [glance] that say what Nova does with signed images."""


class Glance(Protocol):
    """Shows images to users."""

    def find(self, image_id: str, auth: Any) -> VisibleImage:
        """See :class:`~eic_plugins.middleware.glance_as_user.GlanceAsUser`."""


class ImageForUser(NamedTuple):
    """An image and who looks at it: another user may see another image."""

    user: str | None
    project: str | None
    roles: frozenset[str]
    image_id: str

    def __str__(self) -> str:
        return self.image_id


@dataclasses.dataclass(frozen=True)
class ImageVolume:
    """The volume that an image boot is to get: who opted in, and its size in GiB."""

    opted_in: BootReason
    size: int


class BootFacts:
    """The facts that one API worker looks up.

    :param opt_ins: gives the operator's choices
    :param budget: seconds for looking up an image
    :param connect: makes the access to Glance, at the first look-up
    """

    def __init__(
        self,
        opt_ins: Callable[[], OptIns],
        budget: float,
        limits: LookupLimits,
        remote: Remote,
        connect: Callable[[], Glance],
        counts: LookupCounts = UNCOUNTED,
    ) -> None:
        self._opt_ins = opt_ins
        self._budget = budget
        self._flavors = Flavors(limits.ttl)
        self._images: Lookup[ImageForUser, VisibleImage] = Lookup(
            limits, remote, counts=counts
        )
        self._connect = connect
        self._glance: Glance | None = None

    def find(
        self, ask: Subrequests, prefix: str, context: Any, wanted: ImageBoot
    ) -> ImageVolume | BootReason:
        """The volume to boot from, or why to leave the request.

        :param prefix: what stands before ``/servers`` in the request's path
        :param context: Nova's, of the request
        """
        project = context.project_id
        flavor = self._flavors.find(ask, prefix, project, wanted.flavor_id)
        if flavor is None:
            return BootReason.FLAVOR_UNKNOWN
        if boot_rules.flavor_opts_out(flavor):
            return BootReason.NOT_OPTED_IN
        visible = self._image(context, wanted.image_id)
        if visible is None:
            return BootReason.IMAGE_NOT_LOOKED_UP
        image = visible.image
        if image is None:
            return BootReason.IMAGE_UNKNOWN
        opt_ins = self._opt_ins()
        who = boot_rules.opted_in(flavor, image, project, opt_ins)
        if who is None:
            return BootReason.NOT_OPTED_IN
        size = boot_rules.hindrance(flavor, image, opt_ins) or boot_rules.volume_size(
            flavor, image
        )
        return size if isinstance(size, BootReason) else ImageVolume(who, size)

    def _image(self, context: Any, image_id: str) -> VisibleImage | None:
        key = ImageForUser(
            context.user_id,
            context.project_id,
            frozenset(context.roles or ()),
            image_id,
        )
        auth = context.get_auth_plugin()
        return self._images.within(
            self._budget,
            context.project_id or '',
            key,
            lambda key: self._ask_glance(key, auth),
        )

    def _ask_glance(self, key: ImageForUser, auth: Any) -> VisibleImage:
        if self._glance is None:
            self._glance = self._connect()
        return self._glance.find(key.image_id, auth)


def from_options(
    conf: cfg.ConfigOpts,
    options: Mapping[str, Any],
    glance: Remote,
    counts: LookupCounts = UNCOUNTED,
) -> BootFacts:
    """The facts as ``options`` say."""
    conf.register_opts(_missing(conf), 'glance')
    return BootFacts(
        lambda: _opt_ins(conf, options),
        options['filter_budget'],
        LookupLimits(options['filter_lookups'], options['locations_ttl']),
        glance,
        lambda: GlanceAsUser(conf),
        counts,
    )


def _missing(conf: cfg.ConfigOpts) -> list[cfg.Opt]:
    """What Nova has not registered: ``conf`` may be read for the filter alone."""
    known = conf.glance if 'glance' in conf else ()
    return [opt for opt in _NOVAS_OPTIONS if opt.dest not in known]


def _opt_ins(conf: cfg.ConfigOpts, options: Mapping[str, Any]) -> OptIns:
    """The operator's choices; Nova's own of images, from its ``[glance]``."""
    glance = conf.glance
    verified = bool(glance.verify_glance_signatures)
    return OptIns(
        default=options['boot_from_volume'],
        projects=frozenset(options['boot_from_volume_projects']),
        signatures_verified=verified,
        certificates_required=bool(
            verified
            and glance.enable_certificate_validation
            and glance.default_trusted_certificate_ids
        ),
    )
