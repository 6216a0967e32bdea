"""What Cinder's own image-volume cache has of an image, and what it should: pure.

For backends whose driver is not EIC's. Cinder keeps an *entry*, a row of
``image_volume_cache_entries``, for each image-volume: the image's id, the pool
(``host``, or ``cluster_name`` of a clustered service), and ``updated_at`` of the
image at that time. It uses an entry in the volume's own pool, and only as long as
the image's ``updated_at`` is still the same; otherwise it deletes the
image-volume and downloads. A backend that reports ``clone_across_pools`` and is
not clustered gets the entries of all pools, also those of other backends. It can
clone its own ones. But as long as there is an entry of another backend, Cinder
makes none here.

Who names pools for an image is as in :mod:`eic_plugins.precache.precache_rules`.
"""

import dataclasses
import datetime
import enum
from collections.abc import Collection, Iterable, Mapping

from oslo_utils import units

from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import Image
from eic_plugins.precache.precache_rules import Wishes, wants

_BEING_MADE = frozenset({'creating', 'downloading'})


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry; ``image_updated_at`` is UTC without saying so, as Cinder's."""

    image_id: str
    host: str
    cluster_name: str | None
    image_updated_at: datetime.datetime | None
    size: int = 0

    def serves(self, pool: str, across_pools: bool) -> bool:
        """True if Cinder clones it for a volume in the pool, and can.

        :param pool: its name in the scheduler (``backend_id``)
        :param across_pools: its backend reports ``clone_across_pools``, and
            is not clustered
        """
        if pool in {self.host, self.cluster_name}:
            return True
        return across_pools and _backend(self.host) == _backend(pool)


@dataclasses.dataclass(frozen=True)
class CacheSettings:
    """A backend's ``image_volume_cache_*``; ``enabled`` is None if this host's
    configuration does not have the backend's section.
    """

    enabled: bool | None
    max_size_gb: int = 0
    max_count: int = 0


@dataclasses.dataclass(frozen=True)
class CachePool:
    """A pool as the scheduler knows it."""

    name: str
    backend_name: str = ''
    keeps_cached_images: bool = False
    """Its driver is EIC's."""
    clones_across_pools: bool = False
    """It reports ``clone_across_pools``, and its service is not clustered."""

    @property
    def section(self) -> str:
        """The backend's section of cinder.conf."""
        return self.name.partition('#')[0].rpartition('@')[2]

    @property
    def names(self) -> frozenset[str]:
        """Whatever an operator may call it."""
        return frozenset(
            {self.name, self.name.partition('#')[2], self.section, self.backend_name}
        ) - {''}


@dataclasses.dataclass(frozen=True)
class Seed:
    """A volume that is made so that Cinder caches its image, then deleted.

    ``age`` in seconds; ``pool`` is the one that it was asked for.
    """

    volume_id: str
    image_id: str
    pool: str
    status: str
    age: float = 0.0
    scheduled: bool = True

    @property
    def being_made(self) -> bool:
        """True as long as Cinder has neither made it nor given it up."""
        return self.status in _BEING_MADE


class EntryReason(enum.StrEnum):
    """Why an entry is made, or why not."""

    NOT_CACHED = 'not_cached'
    IMAGE_CHANGED = 'image_changed'
    CACHED = 'cached'
    CACHED_ELSEWHERE = 'cached_elsewhere'
    EIC_DRIVER = 'eic_driver'
    BEING_MADE = 'being_made'
    CACHE_OFF = 'cache_off'
    CACHE_UNKNOWN = 'cache_unknown'
    CACHE_FULL = 'cache_full'
    NO_VOLUME_TYPE = 'no_volume_type'
    REFUSED = 'refused'
    NO_ENTRY = 'no_entry'
    TIMED_OUT = 'timed_out'

    @property
    def message(self) -> str:
        """The sentence an operator reads beside the code."""
        return _MESSAGES[self]


_MESSAGES: Mapping[EntryReason, str] = {
    EntryReason.NOT_CACHED: 'the pool had no entry of the image',
    EntryReason.IMAGE_CHANGED: 'the image has changed since the entry was made',
    EntryReason.CACHED: 'the pool has an entry of the image as it is now, or, if its '
    'backend reports clone_across_pools, another pool of it',
    EntryReason.CACHED_ELSEWHERE: 'another backend has an entry, which Cinder takes '
    "for this pool's because the backend reports "
    'clone_across_pools: it makes no other one here',
    EntryReason.EIC_DRIVER: "the pool's driver is EIC's, which precaches by itself",
    EntryReason.BEING_MADE: 'a seed volume of another run is being made there',
    EntryReason.CACHE_OFF: "set image_volume_cache_enabled = True in the backend's "
    'section, and restart cinder-volume',
    EntryReason.CACHE_UNKNOWN: "the configuration given lacks the backend's section: "
    'run this with the --config-file of its cinder-volume, '
    'or, if its cache is on, with --assume-cache-enabled',
    EntryReason.CACHE_FULL: 'the entry would make Cinder evict another one '
    '(image_volume_cache_max_count, _max_size_gb)',
    EntryReason.NO_VOLUME_TYPE: 'no volume type without encryption leads to the pool; '
    'name one with --volume-type',
    EntryReason.REFUSED: 'Cinder did not make the seed volume',
    EntryReason.NO_ENTRY: 'the seed volume was made, but no entry: see the log of '
    "cinder-volume (is the cache on? the internal tenant's quota?)",
    EntryReason.TIMED_OUT: 'the seed volume was not ready within --timeout; the first '
    'run that finds it ready, or in error, deletes it',
}

FILL = frozenset({EntryReason.NOT_CACHED, EntryReason.IMAGE_CHANGED})
"""An entry is to be made."""
FINE = frozenset(
    {
        EntryReason.CACHED,
        EntryReason.CACHED_ELSEWHERE,
        EntryReason.EIC_DRIVER,
        EntryReason.BEING_MADE,
    }
)
"""Nothing is to be done, and nothing is wrong."""


def newest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The newest of an image's entries.

    Nobody tells a scheduler the image's ``updated_at``. But it only grows: what
    is older than another entry is out of date.

    :param entries: all of one image
    """
    dated = [
        (entry.image_updated_at, entry)
        for entry in entries
        if entry.image_updated_at is not None
    ]
    last = max((date for date, _ in dated), default=None)
    return tuple(entry for date, entry in dated if date == last)


def size_gib(image: Image) -> int:
    """The whole GiB that a volume of the image takes at least."""
    return max(-(-max(image.raw_size, image.size) // units.Gi), image.min_disk, 1)


def decide(
    listed: ListedImage,
    pool: CachePool,
    settings: CacheSettings,
    entries: Collection[Entry],
    wishes: Wishes,
) -> EntryReason | None:
    """Whether the pool is to get an entry of the image; None if nobody asks.

    :param entries: all that there are
    """
    if not wants(pool.names, listed, wishes):
        return None
    if pool.keeps_cached_images:
        return EntryReason.EIC_DRIVER
    if serving(listed.image, pool, entries):
        return EntryReason.CACHED
    if pool.clones_across_pools and _held_elsewhere(listed.image, pool, entries):
        return EntryReason.CACHED_ELSEWHERE
    here = [each for each in entries if each.serves(pool.name, False)]
    others = [each for each in here if each.image_id != listed.image.id]
    return _obstacle(listed.image, settings, others) or (
        EntryReason.NOT_CACHED if here == others else EntryReason.IMAGE_CHANGED
    )


def serving(image: Image, pool: CachePool, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of the image as it is now that serve volumes in the pool."""
    return [
        each
        for each in entries
        if each.image_id == image.id
        and is_current(each, image)
        and each.serves(pool.name, pool.clones_across_pools)
    ]


def _held_elsewhere(image: Image, pool: CachePool, entries: Iterable[Entry]) -> bool:
    """True if Cinder takes another backend's entry for the pool's."""
    return any(
        each.image_id == image.id
        and is_current(each, image)
        and _backend(each.host) != _backend(pool.name)
        for each in entries
    )


def is_current(entry: Entry, image: Image) -> bool:
    """True if the entry is of the image as it is now, as Cinder judges."""
    try:
        updated = datetime.datetime.fromisoformat(image.updated_at)
    except ValueError:
        return False
    if updated.tzinfo is not None:
        updated = updated.astimezone(datetime.UTC).replace(tzinfo=None)
    return entry.image_updated_at == updated


def _backend(pool: str) -> str:
    """``host@backend`` of ``host@backend#pool``."""
    return pool.partition('#')[0]


def _obstacle(
    image: Image, settings: CacheSettings, others: Collection[Entry]
) -> EntryReason | None:
    if settings.enabled is None:
        return EntryReason.CACHE_UNKNOWN
    if not settings.enabled:
        return EntryReason.CACHE_OFF
    return None if _has_room(image, settings, others) else EntryReason.CACHE_FULL


def _has_room(image: Image, settings: CacheSettings, others: Collection[Entry]) -> bool:
    """True if Cinder would evict nothing, lest two images evict each other
    from run to run.
    """
    size = size_gib(image) + sum(each.size for each in others)
    return (not settings.max_count or len(others) < settings.max_count) and (
        not settings.max_size_gb or size <= settings.max_size_gb
    )
