"""What is said of servers that were booted in several ways."""

import dataclasses
import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.arithmetic import ratio
from benchmarks.model import Answer, Table, Target
from benchmarks.server_boots import Booted
from benchmarks.server_ways import Way
from lab import tables

_ALONE = 1 / 3
"""Of stock's time, for one server. What ten at once wait for is the machine: that is
Nova's and Placement's work, too.
"""
_WORK = 0.55
"""Of stock's CPU."""
_NOTES = (
    "Seen by reading Nova's table every 0.1 s. All services of both sides share "
    'the machine.',
    "Nova's looks: of nova-compute at the volume until it was there. Each after "
    'the first is three seconds of dead time.',
    'CPU: of the whole machine, until the last server was ACTIVE.',
    'Before each row one more server was booted, untimed.',
)

Results = dict[tuple[Way, int], list[Booted]]
"""By way and by how many servers at once."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """Boots of one way, beside those of the stock side in the same situation."""

    way: Way
    servers: int
    """At once."""
    booted: list[Booted]
    times_stock: float
    """The median of their seconds, in that of the stock side."""
    work_times_stock: float
    """The machine's CPU for one of them, in that of the stock side."""


def answer(results: Results) -> Answer:
    """Medians, ratios, counts."""
    rows = [
        Compared(
            way,
            servers,
            booted,
            _times_stock(_median, results, way, servers),
            _times_stock(_cpu, results, way, servers),
        )
        for (way, servers), booted in results.items()
    ]
    return Answer(
        question="How long from a server's create to ACTIVE?",
        targets=tuple(
            target
            for row in rows
            if row.way.driver == 'eic'
            for target in _targets(row)
        ),
        tables=(Table.of('Server create to ACTIVE', rows, _COLUMNS),),
        notes=_NOTES,
        numbers=[_numbers(row) for row in rows],
    )


def _times_stock(
    of: Callable[[list[Booted]], float], results: Results, way: Way, servers: int
) -> float:
    stock = results[Way('stock', way.situation), servers]
    return ratio(of(results[way, servers]), of(stock))


def _numbers(row: Compared) -> dict[str, Any]:
    return {
        **dataclasses.asdict(row.way),
        'servers': row.servers,
        'rounds': [dataclasses.asdict(one) for one in row.booted],
    }


def _targets(row: Compared) -> list[Target]:
    """What is asked of EIC's side."""
    if row.way.driver != 'eic':
        return []
    booted = row.booted
    title = f'{row.way.title}, {row.way.situation}, {row.servers} at once'
    alone = ('median time to ACTIVE, times stock', row.times_stock, _ALONE, False)
    return [
        Target(f'{title}: {what}', measured, limit, is_count)
        for what, measured, limit, is_count in (
            *((alone,) if row.servers == 1 else ()),
            (
                "CPU of the machine for a server, times stock's",
                row.work_times_stock,
                _WORK,
                False,
            ),
            (
                "Nova's looks at a volume until it is there",
                _most_looks(booted),
                1,
                False,
            ),
            ('servers that are not ACTIVE', _not_active(booted), 0, True),
            ('files left', _left(booted), 0, True),
        )
    ]


def _routes(booted: list[Booted]) -> str:
    routes = Counter(route for one in booted for route in one.routes)
    return tables.counted(routes)


def _seconds(booted: list[Booted]) -> list[float]:
    return [second for one in booted for second in one.seconds]


def _cpu(booted: list[Booted]) -> float:
    return sum(one.cpu_seconds for one in booted) / sum(
        len(one.statuses) for one in booted
    )


def _median(booted: list[Booted]) -> float:
    return statistics.median(_seconds(booted))


def _most_looks(booted: list[Booted]) -> int:
    return max((count for one in booted for count in one.looks), default=0)


def _not_active(booted: list[Booted]) -> int:
    return sum(status != 'ACTIVE' for one in booted for status in one.statuses)


def _left(booted: list[Booted]) -> int:
    return sum(len(one.files_left) for one in booted)


_COLUMNS: Mapping[str, Callable[[Compared], object]] = {
    'situation': lambda row: row.way.situation,
    'at once': lambda row: row.servers,
    'side': lambda row: row.way.driver,
    'boot': lambda row: row.way.title,
    's median': lambda row: f'{_median(row.booted):.1f}',
    's max': lambda row: f'{max(_seconds(row.booted)):.1f}',
    'times stock': lambda row: f'{row.times_stock:.2f}',
    'CPU s a server': lambda row: f'{_cpu(row.booted):.2f}',
    'CPU, times stock': lambda row: f'{row.work_times_stock:.2f}',
    "Nova's looks, most": lambda row: _most_looks(row.booted),
    'routes': lambda row: _routes(row.booted),
    'not ACTIVE': lambda row: _not_active(row.booted),
    'files left': lambda row: _left(row.booted),
}
