"""Which cached images make room in a pool, and when a fill has room: pure.

The stock driver's options keep their meaning: at or below
``thres_avl_size_perc_start`` percent of available space, cached images that
nobody has used for ``expiry_thres_minutes`` go until
``thres_avl_size_perc_stop`` percent are available. A pool may also have a cap,
``[eic] cache_max_size_gb`` and ``cache_max_count``, with the meaning of Cinder's
``image_volume_cache_max_size_gb`` and ``_max_count``.

What served one volume at most goes first, however lately: anybody who may upload
images can have any number of those made. Then those unused longest go, by their
real last use; those that are to be precached go last, for they would be made
again as soon as there is room.
"""

import dataclasses
from collections.abc import Container, Iterable, Iterator, Sequence

IN_USE_SECONDS = 120
"""A use this long ago may still be going on: each says so when it begins, and
a copy says so again while it goes on."""


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """The backend's options, in percent and minutes."""

    start_percent: int
    stop_percent: int
    expiry_minutes: int


@dataclasses.dataclass(frozen=True)
class Caps:
    """What a pool may hold of cached images; 0 for any number.

    ``size`` in bytes of raw disks, however sparse they are.
    """

    size: int = 0
    count: int = 0

    def allow(self, size: int, count: int) -> bool:
        """True if that much and that many may be held."""
        return (not self.size or size <= self.size) and (
            not self.count or count <= self.count
        )


@dataclasses.dataclass(frozen=True)
class Space:
    """A share's capacity in bytes."""

    total: int
    available: int

    def left_by(self, needed: int) -> 'Space':
        """The same when ``needed`` bytes more are taken."""
        return dataclasses.replace(self, available=self.available - needed)

    def missing(self, percent: int) -> int:
        """Bytes that must come free for more than that to be available."""
        if self.total <= 0:
            return 0
        return max(self.total * percent // 100 + 1 - self.available, 0)


@dataclasses.dataclass(frozen=True)
class Usage:
    """A cached image's last use (seconds since the epoch) and bytes.

    ``allocated`` is what it takes on disk or has reserved, ``size`` that of its
    raw disk; ``served_once`` if it served one volume at most.
    """

    image_id: str
    last_used: float
    allocated: int
    size: int = 0
    served_once: bool = False


def choose(
    usages: Iterable[Usage],
    space: Space,
    thresholds: Thresholds,
    now: float,
    precached: Container[str] = frozenset(),
    caps: Caps | None = None,
    use_delay: float = 0.0,
) -> Iterator[Usage]:
    """What the cleaner evicts, in order, as long as more room is wanted.

    The bytes of an image that volumes were cloned from are shared with them
    and come free only in part; the next round then goes on.

    :param precached: ids of images that are to stay as long as possible
    :param use_delay: seconds by which a last use may really have been later
    """
    found = list(usages)
    over = over_caps(found, caps or Caps(), now - use_delay, precached)
    yield from over
    if not space.missing(thresholds.start_percent):
        return
    wanted = (
        space.total * thresholds.stop_percent // 100
        - space.available
        - sum(usage.allocated for usage in over)
    )
    rest = [usage for usage in found if usage not in over]
    for usage in dispensable(rest, thresholds, now, precached, use_delay):
        if wanted <= 0:
            return
        wanted -= usage.allocated
        yield usage


def dispensable(
    usages: Iterable[Usage],
    thresholds: Thresholds,
    now: float,
    precached: Container[str] = frozenset(),
    use_delay: float = 0.0,
) -> list[Usage]:
    """What may go where there is too little space, the first to go first.

    Parameters as of :func:`choose`.
    """
    idle = now - IN_USE_SECONDS - use_delay
    expired = min(now - thresholds.expiry_minutes * 60, idle)
    return _in_order(
        (
            usage
            for usage in usages
            if usage.last_used <= (idle if usage.served_once else expired)
        ),
        precached,
    )


def over_caps(
    usages: Sequence[Usage],
    caps: Caps,
    now: float,
    precached: Container[str] = frozenset(),
    size: int = 0,
    count: int = 0,
) -> list[Usage]:
    """What goes, in order, so that the caps hold; nothing that is in use.

    :param now: less what a last use may be too early by
    :param size: bytes, and
    :param count: number, of what is to be added
    """
    size += sum(usage.size for usage in usages)
    count += len(usages)
    going = []
    idle = (usage for usage in usages if usage.last_used <= now - IN_USE_SECONDS)
    for usage in _in_order(idle, precached):
        if caps.allow(size, count):
            break
        going.append(usage)
        size -= usage.size
        count -= 1
    return going


def _in_order(usages: Iterable[Usage], precached: Container[str]) -> list[Usage]:
    return sorted(
        usages,
        key=lambda usage: (
            usage.image_id in precached,
            not usage.served_once,
            usage.last_used,
        ),
    )
