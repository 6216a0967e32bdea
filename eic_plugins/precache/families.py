"""Families of images: the newest of each are wanted, the older ones may go; pure.

A family are the images that say the same in the properties that the operator chose,
``os_distro`` and ``os_version`` for example. Which image is newer says the time at
which Glance was told of it, which no user can set.
"""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from eic_plugins.glance.documents import ListedImage

_ALL = frozenset({'all'})
_PARTS = 3
_OF_GLANCE = frozenset(
    {
        'id',
        'name',
        'owner',
        'size',
        'status',
        'visibility',
        'tags',
        'limit',
        'marker',
        'checksum',
        'disk_format',
        'container_format',
    }
)
"""Fields of every image, and words of Glance's lists: no properties."""


@dataclasses.dataclass(frozen=True)
class Family:
    """What makes images a family, how many of it are wanted, and in which pools."""

    properties: tuple[str, ...]
    newest: int
    pools: frozenset[str] = _ALL

    def values_of(self, listed: ListedImage) -> tuple[str, ...] | None:
        """What an image says in the properties; None if it lacks one of them."""
        found = [listed.image.properties.get(name) for name in self.properties]
        said = tuple(value for value in found if isinstance(value, str) and value)
        return said if len(said) == len(self.properties) else None

    def filters(self, values: Sequence[str]) -> Mapping[str, str]:
        """What Glance is asked for, to list the images that say this."""
        return dict(zip(self.properties, values, strict=True))


@dataclasses.dataclass(frozen=True)
class Superseded:
    """An image that ``newer`` ones of its family have taken the place of, in
    these pools.
    """

    newer: frozenset[str]
    pools: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where images stand in their families, by their ids: the pools that are to
    have them, or by what they are superseded.
    """

    newest: Mapping[str, frozenset[str]]
    older: Mapping[str, Sequence[Superseded]]


def parse_family(line: str) -> Family:
    """One of ``[eic] precache_families``: ``PROPERTY, PROPERTY | NUMBER`` or
    ``PROPERTY, PROPERTY | NUMBER | POOL, POOL``.

    :raises ValueError: it is neither
    """
    parts = [part.strip() for part in line.split('|')]
    properties = tuple(dict.fromkeys(_words(parts[0])))
    pools = frozenset(_words(parts[2])) if len(parts) == _PARTS else _ALL
    number = parts[1] if len(parts) in {_PARTS - 1, _PARTS} else ''
    if not (properties and pools and number.isdecimal() and int(number)):
        raise ValueError(
            f'[eic] precache_families = {line}: it takes properties of images, '
            'separated by commas, "|", and how many of the newest images are to be '
            'cached, for some pools alone followed by "|" and the pools'
        )
    reserved = _OF_GLANCE & {*properties}
    if reserved:
        raise ValueError(
            f'[eic] precache_families = {line}: {sorted(reserved)[0]} is a field of '
            'every image, and not a property'
        )
    return Family(properties, int(number), pools)


def standing(families: Iterable[Family], images: Iterable[ListedImage]) -> Standing:
    """Where each of the images stands.

    :param images: those that count, of which there is no other one in their families
    """
    listed = list(images)
    newest: dict[str, frozenset[str]] = {}
    older: dict[str, list[Superseded]] = collections.defaultdict(list)
    for family in families:
        for members in _members(family, listed):
            wanted = members[: family.newest]
            ids = frozenset(each.image.id for each in wanted)
            for each in wanted:
                known = newest.get(each.image.id, frozenset())
                newest[each.image.id] = known | family.pools
            for each in members[family.newest :]:
                older[each.image.id].append(Superseded(ids, family.pools))
    return Standing(newest, older)


def _members(
    family: Family, images: Iterable[ListedImage]
) -> Iterator[Sequence[ListedImage]]:
    """Each group that says the same, the newest first."""
    groups: dict[tuple[str, ...], list[ListedImage]] = collections.defaultdict(list)
    for listed in images:
        values = family.values_of(listed)
        if values is not None:
            groups[values].append(listed)
    for group in groups.values():
        yield sorted(group, key=_age, reverse=True)


def _age(listed: ListedImage) -> tuple[str, str]:
    # One format, in UTC: the order of the texts is that of the times.
    return listed.created_at, listed.image.id


def _words(text: str) -> Iterator[str]:
    return filter(None, map(str.strip, text.split(',')))
