"""The arithmetic between what was measured and what is reported."""

import statistics
from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The median; an error where nothing was measured.

    :raises ValueError: there are no values
    """
    if not values:
        raise ValueError('There is nothing to take the median of.')
    return float(statistics.median(values))


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
