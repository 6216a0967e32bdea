"""Which cached images make room when a pool is nearly full: a pure choice.

The stock driver's options keep their meaning: at or below
``thres_avl_size_perc_start`` percent of available space, cached images that
nobody has used for ``expiry_thres_minutes`` go until
``thres_avl_size_perc_stop`` percent are available. Those unused longest go
first, by their real last use; those that are to be precached go last, for they
would be made again as soon as there is room.
"""

import dataclasses
from collections.abc import Container, Iterable, Iterator

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
class Space:
    """A share's capacity in bytes."""

    total: int
    available: int


@dataclasses.dataclass(frozen=True)
class Usage:
    """A cached image's last use (seconds since the epoch) and bytes on disk."""

    image_id: str
    last_used: float
    allocated: int


def choose(usages: Iterable[Usage], space: Space, thresholds: Thresholds,
           now: float, precached: Container[str] = frozenset(),
           use_delay: float = 0.0) -> Iterator[Usage]:
    """What to evict, in order, as long as more room is wanted.

    The bytes of an image that volumes were cloned from are shared with them
    and come free only in part; the next round then goes on.

    :param precached: ids of images that are to stay as long as possible
    :param use_delay: seconds by which a last use may really have been later
    """
    if space.total <= 0 or (space.available * 100
                            > space.total * thresholds.start_percent):
        return
    wanted = space.total * thresholds.stop_percent // 100 - space.available
    expired = now - max(thresholds.expiry_minutes * 60,
                        IN_USE_SECONDS + use_delay)
    unused = (usage for usage in usages if usage.last_used <= expired)
    for usage in sorted(unused, key=lambda each: (each.image_id in precached,
                                                  each.last_used)):
        if wanted <= 0:
            return
        wanted -= usage.allocated
        yield usage
