"""What Cinder's own image-volume cache has of an image, and what it should: pure.

For backends whose driver is not EIC's. Cinder keeps an *entry*, a row of
``image_volume_cache_entries``, for each image-volume: the image's id, the pool
(``host``, or ``cluster_name`` of a clustered service), and ``updated_at`` of the
image at that time. It uses an entry in the volume's own pool alone, and only as
long as the image's ``updated_at`` is still the same; otherwise it deletes the
image-volume and downloads.

Who names pools for an image is as in :mod:`eic_plugins.precache`.
"""

import dataclasses
import datetime
import enum
from collections.abc import Collection, Iterable, Mapping

from eic_plugins.glance import ListedImage
from eic_plugins.model import Image
from eic_plugins.precache import Wishes, wants

_GIB = 1 << 30
_BEING_MADE = frozenset({'creating', 'downloading'})


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry; ``image_updated_at`` is UTC without saying so, as Cinder's."""

    image_id: str
    host: str
    cluster_name: str | None
    image_updated_at: datetime.datetime | None
    size: int = 0

    @property
    def pool(self) -> str:
        """The pool's name in the scheduler (``backend_id``)."""
        return self.cluster_name or self.host


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

    @property
    def section(self) -> str:
        """The backend's section of cinder.conf."""
        return self.name.partition('#')[0].rpartition('@')[2]

    @property
    def names(self) -> frozenset[str]:
        """Whatever an operator may call it."""
        return frozenset({self.name, self.name.partition('#')[2], self.section,
                          self.backend_name}) - {''}


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


class Why(enum.StrEnum):
    """Why an entry is made, or why not."""

    NOT_CACHED = 'not_cached'
    IMAGE_CHANGED = 'image_changed'
    CACHED = 'cached'
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


_MESSAGES: Mapping[Why, str] = {
    Why.NOT_CACHED: 'the pool had no entry of the image',
    Why.IMAGE_CHANGED: 'the image has changed since the entry was made',
    Why.CACHED: 'the pool has an entry of the image as it is now',
    Why.EIC_DRIVER: "the pool's driver is EIC's, which precaches by itself",
    Why.BEING_MADE: 'a seed volume of another run is being made there',
    Why.CACHE_OFF: "set image_volume_cache_enabled = True in the backend's "
                   'section, and restart cinder-volume',
    Why.CACHE_UNKNOWN: "the configuration given lacks the backend's section: "
                       'run this with the --config-file of its cinder-volume, '
                       'or, if its cache is on, with --assume-cache-enabled',
    Why.CACHE_FULL: 'the entry would make Cinder evict another one '
                    '(image_volume_cache_max_count, _max_size_gb)',
    Why.NO_VOLUME_TYPE: 'no volume type without encryption leads to the pool; '
                        'name one with --volume-type',
    Why.REFUSED: 'Cinder did not make the seed volume',
    Why.NO_ENTRY: 'the seed volume was made, but no entry: see the log of '
                  "cinder-volume (is the cache on? the internal tenant's quota?)",
    Why.TIMED_OUT: 'the seed volume was not ready within --timeout; the first '
                   'run that finds it ready, or in error, deletes it',
}

FILL = frozenset({Why.NOT_CACHED, Why.IMAGE_CHANGED})
"""An entry is to be made."""
FINE = frozenset({Why.CACHED, Why.EIC_DRIVER, Why.BEING_MADE})
"""Nothing is to be done, and nothing is wrong."""


def pools_with_entry(entries: Iterable[Entry]) -> frozenset[str]:
    """The pools that have the newest of an image's entries.

    Nobody tells a scheduler the image's ``updated_at``. But it only grows: what
    is older than another pool's entry is out of date.

    :param entries: all of one image
    """
    dated = [(entry.image_updated_at, entry.pool) for entry in entries
             if entry.image_updated_at is not None]
    newest = max((date for date, _ in dated), default=None)
    return frozenset(pool for date, pool in dated if date == newest)


def size_gib(image: Image) -> int:
    """The whole GiB that a volume of the image takes at least."""
    return max(-(-max(image.raw_size, image.size) // _GIB), image.min_disk, 1)


def decide(listed: ListedImage, pool: CachePool, settings: CacheSettings,
           entries: Collection[Entry], wishes: Wishes) -> Why | None:
    """Whether the pool is to get an entry of the image; None if nobody asks.

    :param entries: all of the pool, of whatever image
    """
    if not wants(pool.names, listed, wishes):
        return None
    if pool.keeps_cached_images:
        return Why.EIC_DRIVER
    mine = [each for each in entries if each.image_id == listed.image.id]
    if any(is_current(each, listed.image) for each in mine):
        return Why.CACHED
    others = [each for each in entries if each not in mine]
    return (_obstacle(listed.image, settings, others)
            or (Why.IMAGE_CHANGED if mine else Why.NOT_CACHED))


def is_current(entry: Entry, image: Image) -> bool:
    """True if the entry is of the image as it is now, as Cinder judges."""
    try:
        updated = datetime.datetime.fromisoformat(image.updated_at)
    except ValueError:
        return False
    if updated.tzinfo is not None:
        updated = updated.astimezone(datetime.UTC).replace(tzinfo=None)
    return entry.image_updated_at == updated


def _obstacle(image: Image, settings: CacheSettings,
              others: Collection[Entry]) -> Why | None:
    if settings.enabled is None:
        return Why.CACHE_UNKNOWN
    if not settings.enabled:
        return Why.CACHE_OFF
    return None if _has_room(image, settings, others) else Why.CACHE_FULL


def _has_room(image: Image, settings: CacheSettings,
              others: Collection[Entry]) -> bool:
    """True if Cinder would evict nothing, lest two images evict each other
    from run to run.
    """
    size = size_gib(image) + sum(each.size for each in others)
    return ((not settings.max_count or len(others) < settings.max_count)
            and (not settings.max_size_gb or size <= settings.max_size_gb))
