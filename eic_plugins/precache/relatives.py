"""The images of the families that one image is of, or was of when it was last seen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.families import Family
from eic_plugins.precache.precache_rules import Wishes, is_of_family

_Membership = tuple[Family, tuple[str, ...]]
"""A family, and what its images say."""


class AlikeImages(Protocol):
    """Glance, as far as this asks it."""

    def alike(self, properties: Mapping[str, str]) -> Iterable[ListedImage]:
        """The images with these values of these properties.

        :raises Exception: Glance or Keystone did not answer as they should
        """


class Relatives:
    """Looks for images of the same family, one call for each family.

    What is remembered is of images that count: no user makes it grow. It is for an
    image that was deleted, or does not say any more what it said.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._known: dict[str, frozenset[_Membership]] = {}

    def learn(self, images: Iterable[ListedImage]) -> None:
        """All images that there are."""
        self._known = {
            each.image.id: found
            for each in images
            if (found := self._families_of(each))
        }

    def of(
        self, images: AlikeImages, image_id: str, found: ListedImage | None
    ) -> Sequence[ListedImage]:
        """The image itself, if it is there, and all of its families.

        :raises Exception: Glance or Keystone did not answer as they should
        """
        now = self._families_of(found) if found else frozenset()
        listed = {found.image.id: found} if found else {}
        for family, values in now | self._known.get(image_id, frozenset()):
            for each in images.alike(family.filters(values)):
                listed.setdefault(each.image.id, each)
        self._note(image_id, now)
        return list(listed.values())

    def _note(self, image_id: str, now: frozenset[_Membership]) -> None:
        if now:
            self._known[image_id] = now
        else:
            self._known.pop(image_id, None)

    def _families_of(self, listed: ListedImage) -> frozenset[_Membership]:
        return frozenset(self._memberships(listed))

    def _memberships(self, listed: ListedImage) -> Iterator[_Membership]:
        if not is_of_family(listed, self._wishes):
            return
        for family in self._wishes.families:
            values = family.values_of(listed)
            if values is not None:
                yield family, values
