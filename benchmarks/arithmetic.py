"""The arithmetic between what was measured and what is reported."""

import math
import statistics
from collections.abc import Mapping, Sequence, Set


def median(values: Sequence[float]) -> float:
    """The median; an error where nothing was measured.

    :raises ValueError: there are no values
    """
    if not values:
        raise ValueError('There is nothing to take the median of.')
    return float(statistics.median(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """The least value that so many percent of them do not exceed.

    :raises ValueError: there are no values
    """
    if not values:
        raise ValueError('There is nothing to take a percentile of.')
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def ratio(measured: float, base: float) -> float:
    """How many times ``base``.

    :raises ValueError: ``base`` is not positive, so that a ratio means nothing
    """
    if base <= 0:
        raise ValueError(f'There is no ratio to {base}.')
    return measured / base


def per_volume(used: float, idle_rate: float, seconds: float, volumes: int) -> float:
    """CPU seconds of one volume, without what the process does anyway.

    :param used: CPU seconds between the marks
    :param idle_rate: CPU seconds that it uses each second with nothing to do
    :param seconds: wall time between the marks
    :raises ValueError: there were no volumes
    """
    if volumes < 1:
        raise ValueError('CPU per volume takes a volume.')
    return max(used - idle_rate * seconds, 0.0) / volumes


def spread(total: int, places: Sequence[str]) -> list[str]:
    """``total`` things over places in turn: 20 over 3 are 7, 7 and 6."""
    return [places[number % len(places)] for number in range(total)]


def copies_by_pool(
    places: Mapping[str, Set[int]],
    begun: Mapping[str, int],
) -> dict[str, int]:
    """How often an image's bytes came into each pool.

    :param places: where on the disk they are, by pool; the simulator's file
        copies share blocks, so that they have the place of their source
    :param begun: copies inside the cluster that went to the pool

    A place that other pools have as well came by a copy, if there was one; else
    it was written here, and the others have it by copies.
    """
    copies = {}
    for pool, here in places.items():
        elsewhere = set().union(
            *(there for other, there in places.items() if other != pool)
        )
        copied = begun.get(pool, 0)
        copies[pool] = copied + len(here if not copied else here - elsewhere)
    return copies


def copies_in_all(places: Mapping[str, Set[int]], begun: Mapping[str, int]) -> int:
    """How often the bytes were written by a host or copied in the cluster."""
    return len(set().union(*places.values())) + sum(
        begun.get(pool, 0) for pool in places
    )


def fullest(counts: Sequence[int]) -> float:
    """The share of the fullest of some pools, against an even one."""
    return max(counts) * len(counts) / max(sum(counts), 1)
