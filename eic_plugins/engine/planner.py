"""Chooses the route to a cached image, and says why not a faster one.

Pure: a :class:`~eic_plugins.model.Situation` in, a
:class:`~eic_plugins.model.Plan` out, no I/O. Routes are ``eic.routes``
plugins; the cheapest offer wins, and every cheaper route that was refused
stands in the plan with its reason.
"""

import abc
from collections.abc import Iterable

from oslo_utils import units

from eic_plugins.model import (
    CINDER_DOWNLOAD,
    Offer,
    Plan,
    Reason,
    Refusal,
    Situation,
    Source,
)

_CONTAINERS = frozenset({'bare', 'compressed'})
"""What Cinder's own download takes as well."""


class Route(abc.ABC):
    """The deciding half of an ``eic.routes`` plugin.

    A route that has no other half (:class:`~eic_plugins.engine.routes.FillRoute`) fills
    nothing: it offers a cached image that the pool has already.
    """

    name: str
    cost: int
    """Order of preference: what a fill costs, lowest first."""
    once_per_cluster = False
    """Only one volume of a cluster may take it for an image at a time, and only
    after a look at the whole cluster."""
    from_glance = False
    """A host fetches the bytes from Glance. So none are kept off the host, and
    what speaks against them speaks against the image."""

    @abc.abstractmethod
    def offer(self, situation: Situation) -> Offer | Refusal:
        """What this route could start from, or why it cannot."""

    def accept(self, source: Source | None = None) -> Offer:
        """An offer in this route's name."""
        return Offer(self.name, self.cost, source)

    def refuse(self, reason: Reason, detail: str = '') -> Refusal:
        """A refusal in this route's name."""
        return Refusal.of_route(self.name, reason, detail)


def choose(routes: Iterable[Route], situation: Situation) -> Plan:
    """The plan for one volume.

    If the image's bytes must not be cloned at all (encrypted, too large, …), the plan
    is Cinder's download, with that one reason.
    """
    blocked = bytes_refusal(situation)
    if blocked is not None:
        return Plan(CINDER_DOWNLOAD, None, (Refusal.of_everything(blocked),))
    if situation.refused is not None and situation.cached is None:
        return Plan(CINDER_DOWNLOAD, None, (situation.refused,))
    refusals: list[Refusal] = []
    for route in sorted(routes, key=lambda candidate: candidate.cost):
        answer = route.offer(situation)
        if isinstance(answer, Offer):
            return Plan(route.name, answer.source, tuple(refusals))
        refusals.append(answer)
    return Plan(CINDER_DOWNLOAD, None, tuple(refusals))


def bytes_refusal(situation: Situation) -> Reason | None:
    """Why no route may hand out this image's bytes without Cinder."""
    image = situation.image
    checks = (
        (image.status != 'active', Reason.IMAGE_NOT_ACTIVE),
        (situation.volume_encrypted or image.encrypted, Reason.ENCRYPTED),
        (image.signed and not image.signature_complete, Reason.SIGNATURE_INCOMPLETE),
        (image.container_format not in _CONTAINERS, Reason.CONTAINER_NOT_BARE),
        (_is_too_large(situation), Reason.IMAGE_TOO_LARGE),
        (situation.pool_is_flexgroup, Reason.FLEXGROUP),
        (situation.clone_limit_reached, Reason.CLONE_LIMIT_REACHED),
    )
    return next((reason for failed, reason in checks if failed), None)


def _is_too_large(situation: Situation) -> bool:
    if situation.volume_size is None:
        return False
    image, cached = situation.image, situation.cached
    needed = max(
        image.raw_size, image.virtual_size or 0, cached.virtual_size if cached else 0
    )
    return (
        image.min_disk > situation.volume_size
        or needed > situation.volume_size * units.Gi
    )
