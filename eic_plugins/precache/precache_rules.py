"""What the pools should hold of Glance's images, against what they hold: pure.

Who names pools for an image:

- the image property ``eic_precache``, on public images and on those of the
  projects in ``[eic] precache_projects``. Users set properties, and the pools
  are the operator's: on any other image it is ignored. Glance's property
  protection keeps the property itself from users;
- ``[eic] precache_images``, by id, or by name with the same rule: a name alone
  could be anybody's;
- ``[eic] precache_families``, for the newest images of a family, with the same
  rule: nobody else's image is of a family, and none supersedes another one
  (:mod:`eic_plugins.precache.families`).

Pools are named, separated by commas, as the scheduler shows them, in whole
(``host@backend#pool``) or behind the ``#``; a backend (its section of
cinder.conf or its ``volume_backend_name``) for all of its pools; or ``all``.

An image that is not active is not filled in, and what is cached of it stays:
Cinder makes no volume of it until it is active again. The same goes for one
that was named and is not any more, and for a hidden one unless it is configured
by id: its cached images are like all others.

What is superseded in its family goes, unless somebody names it: when nobody has
used it for ``expiry_thres_minutes``, and the pool has those that supersede it.
Where there is no room for one of these, what is superseded goes before.
"""

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence

from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import Image
from eic_plugins.precache.families import Family, Superseded, standing
from eic_plugins.storage.eviction import IN_USE_SECONDS, Space, Usage

PROPERTY = 'eic_precache'
_ALL = 'all'


class Do(enum.StrEnum):
    """What is to be done with an image in a pool."""

    FILL = 'fill'
    REMOVE = 'remove'
    REMOVE_FOR_ROOM = 'remove_for_room'


class Cause(enum.StrEnum):
    """What makes it necessary."""

    NOT_CACHED = 'not_cached'
    IMAGE_CHANGED = 'image_changed'
    SIGNATURE_NOT_VERIFIED = 'signature_not_verified'
    IMAGE_DELETED = 'image_deleted'
    SUPERSEDED = 'superseded'


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the operator configured.

    ``images`` maps ids and names of images to the pools named for them,
    ``superseded`` ids to what took their place. ``keep_unused``: seconds for which
    what is superseded stays after its last use.
    """

    images: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    projects: frozenset[str] = frozenset()
    verify_signatures: bool = True
    families: Sequence[Family] = ()
    keep_unused: float = 0.0
    superseded: Mapping[str, Sequence[Superseded]] = dataclasses.field(
        default_factory=dict
    )


@dataclasses.dataclass(frozen=True)
class Held:
    """What a pool has under an image's name.

    ``identity`` is None if it is no cached image: a file without a record, or
    a record without its file.
    """

    usage: Usage
    identity: str | None
    signature: str = ''


@dataclasses.dataclass(frozen=True)
class PoolState:
    """A pool, every name that it answers to, and what it holds by image id."""

    name: str
    names: frozenset[str]
    held: Mapping[str, Held]
    use_delay: float = 0.0
    """Seconds by which a last use may really have been later."""

    def has(self, image_id: str) -> bool:
        """True if it is a cached image there."""
        held = self.held.get(image_id)
        return held is not None and held.identity is not None


@dataclasses.dataclass(frozen=True)
class Action:
    """One thing to do; ``usage`` as it was seen, if there is any, ``newer`` the
    images that may have the room that comes free.
    """

    do: Do
    cause: Cause
    pool: str
    image_id: str
    usage: Usage | None = None
    newer: frozenset[str] = frozenset()


def parse_image(line: str) -> tuple[str, frozenset[str]]:
    """One of ``[eic] precache_images``: ``IMAGE`` or ``IMAGE | POOL, POOL``.

    :raises ValueError: it names no image or no pool
    """
    image, separator, pools = line.rpartition('|')
    name, names = (
        (image, parse_pools(pools)) if separator else (line, frozenset({_ALL}))
    )
    if not name.strip() or not names:
        raise ValueError(
            f'[eic] precache_images = {line}: it takes the id or the name of '
            'an image, for some pools alone followed by "|" and the pools, '
            'separated by commas'
        )
    return name.strip(), names


def wants(pool_names: frozenset[str], listed: ListedImage, wishes: Wishes) -> bool:
    """True if the image is to be cached in the pool of these names."""
    return bool(named_pools(listed, wishes) & (pool_names | {_ALL}))


def trusted(listed: ListedImage, wishes: Wishes) -> bool:
    """True if what the image says of itself counts."""
    return listed.visibility == 'public' or listed.owner in wishes.projects


def with_families(wishes: Wishes, images: Iterable[ListedImage]) -> Wishes:
    """The same, with what families there are among these images.

    :param images: all of the families that they are of
    """
    if not wishes.families:
        return wishes
    found = standing(
        wishes.families, (each for each in images if is_of_family(each, wishes))
    )
    named = {
        image_id: wishes.images.get(image_id, frozenset()) | pools
        for image_id, pools in found.newest.items()
    }
    return dataclasses.replace(
        wishes, images={**wishes.images, **named}, superseded=found.older
    )


def is_of_family(listed: ListedImage, wishes: Wishes) -> bool:
    """True if it may be of a family, by all but its properties."""
    return _is_ready(listed) and not listed.hidden and trusted(listed, wishes)


def compare(
    images: Iterable[ListedImage],
    gone: frozenset[str],
    pools: Iterable[PoolState],
    wishes: Wishes,
    now: float,
) -> Iterator[Action]:
    """What is to be done, removals of a pool first.

    :param gone: ids of images that Glance says were deleted; what is neither
        here nor in ``images`` stays as it is
    """
    wanted = list(images)
    for pool in pools:
        yield from _removals(pool, gone, now)
        for listed in wanted:
            yield from _superseded(listed, pool, wishes, now)
        for listed in wanted:
            cause = _cause_of_fill(listed, pool, wishes)
            if cause and listed.image.id not in gone:
                held = pool.held.get(listed.image.id)
                yield Action(
                    Do.FILL,
                    cause,
                    pool.name,
                    listed.image.id,
                    held.usage if held else None,
                )


def has_room(image: Image, space: Space, start_percent: int) -> bool:
    """True if the cleaner has no reason to act once the image is cached.

    So nothing is filled in that would set off an eviction, which would take
    other images, or this one to fill it in again.

    :param start_percent: ``thres_avl_size_perc_start``
    """
    left = space.available - max(image.raw_size, image.size)
    return left * 100 > space.total * start_percent


def named_pools(listed: ListedImage, wishes: Wishes) -> frozenset[str]:
    """The names of the pools that are to have an image, by whoever may say so."""
    image = listed.image
    if not _is_ready(listed):
        return frozenset()
    named = wishes.images.get(image.id, frozenset())
    if listed.hidden or not trusted(listed, wishes):
        return named
    return (
        named
        | wishes.images.get(listed.name, frozenset())
        | parse_pools(image.properties.get(PROPERTY))
    )


def _cause_of_fill(
    listed: ListedImage, pool: PoolState, wishes: Wishes
) -> Cause | None:
    if not wants(pool.names, listed, wishes):
        return None
    held = pool.held.get(listed.image.id)
    if held is None or held.identity is None:
        return Cause.NOT_CACHED
    if held.identity != listed.image.identity:
        return Cause.IMAGE_CHANGED
    if (
        listed.image.signed
        and wishes.verify_signatures
        and held.signature != listed.image.signature
    ):
        return Cause.SIGNATURE_NOT_VERIFIED
    return None


def _removals(pool: PoolState, gone: frozenset[str], now: float) -> Iterator[Action]:
    """What was used a moment ago waits for the next comparison: a volume that
    was asked for before the image was deleted is still to be had.
    """
    for image_id, held in pool.held.items():
        if image_id in gone and held.usage.last_used <= now - IN_USE_SECONDS:
            yield Action(
                Do.REMOVE, Cause.IMAGE_DELETED, pool.name, image_id, held.usage
            )


def _superseded(
    listed: ListedImage, pool: PoolState, wishes: Wishes, now: float
) -> Iterator[Action]:
    """What may go because newer ones of its family took its place."""
    image_id = listed.image.id
    places = wishes.superseded.get(image_id, ())
    here = [each for each in places if each.pools & (pool.names | {_ALL})]
    if not here or not pool.has(image_id) or wants(pool.names, listed, wishes):
        return
    usage, newer = (
        pool.held[image_id].usage,
        frozenset().union(*(x.newer for x in here)),
    )
    since = max(wishes.keep_unused, IN_USE_SECONDS) + pool.use_delay
    if usage.last_used > now - since:
        return
    do = Do.REMOVE if all(map(pool.has, newer)) else Do.REMOVE_FOR_ROOM
    yield Action(do, Cause.SUPERSEDED, pool.name, image_id, usage, newer)


def _is_ready(listed: ListedImage) -> bool:
    return listed.image.status == 'active' and not listed.image.encrypted


def parse_pools(value: object) -> frozenset[str]:
    """The names in a text, separated by commas; none of what is no text."""
    if not isinstance(value, str):
        return frozenset()
    return frozenset(filter(None, map(str.strip, value.split(','))))
