"""Chooses the route to a cached image, and says why not a faster one.

Pure: a :class:`~eic_plugins.model.Situation` in, a
:class:`~eic_plugins.model.Plan` out, no I/O. Routes are ``eic.routes``
plugins; the cheapest offer wins, and every cheaper route that was refused
stands in the plan with its reason.
"""

import abc
from collections.abc import Iterable

from eic_plugins.model import (
    DOWNLOAD,
    Offer,
    Plan,
    Reason,
    Refusal,
    Situation,
    StoredFile,
)

GIB = 1024 ** 3


class Route(abc.ABC):
    """The deciding half of an ``eic.routes`` plugin."""

    name: str
    cost: int
    """Order of preference: what a fill costs, lowest first."""

    @abc.abstractmethod
    def offer(self, situation: Situation) -> Offer | Refusal:
        """What this route could start from, or why it cannot."""

    def accept(self, source: StoredFile) -> Offer:
        """An offer in this route's name."""
        return Offer(self.name, self.cost, source)

    def refuse(self, reason: Reason, detail: str = '') -> Refusal:
        """A refusal in this route's name."""
        return Refusal(self.name, reason, detail)


def choose(routes: Iterable[Route], situation: Situation) -> Plan:
    """The plan for one volume.

    An image whose bytes must not be cloned at all (encrypted, signed, too
    large, …) leaves Cinder's download with that one reason.
    """
    blocked = bytes_refusal(situation)
    if blocked is not None:
        return Plan(DOWNLOAD, None, (Refusal('all', blocked),))
    refusals: list[Refusal] = []
    for route in sorted(routes, key=lambda candidate: candidate.cost):
        answer = route.offer(situation)
        if isinstance(answer, Offer):
            return Plan(route.name, answer.source, tuple(refusals))
        refusals.append(answer)
    return Plan(DOWNLOAD, None, tuple(refusals))


def bytes_refusal(situation: Situation) -> Reason | None:
    """Why no route may hand out this image's bytes without Cinder."""
    image = situation.image
    cached_size = situation.cached.virtual_size if situation.cached else 0
    needed = max(image.virtual_size or 0, image.size, cached_size)
    checks = (
        (image.status != 'active', Reason.IMAGE_NOT_ACTIVE),
        (situation.volume_encrypted or image.encrypted, Reason.ENCRYPTED),
        (image.signed, Reason.SIGNATURE_PRESENT),
        (image.container_format != 'bare', Reason.CONTAINER_NOT_BARE),
        (image.min_disk > situation.volume_size, Reason.IMAGE_TOO_LARGE),
        (needed > situation.volume_size * GIB, Reason.IMAGE_TOO_LARGE),
        (situation.pool_is_flexgroup, Reason.FLEXGROUP),
    )
    return next((reason for failed, reason in checks if failed), None)
