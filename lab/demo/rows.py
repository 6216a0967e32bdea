"""One row of the demo's table, and what must be true of it."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from lab.demo.observe import Cost
from lab.demo.situations import Situation

MIB = 1 << 20
HOST_IO_NOISE = 8 * MIB
"""Logs, the header of the image and the like; the image has 256 MiB."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What one driver did in one situation."""

    driver: str
    situation: Situation
    status: str
    route: str
    refused: str
    seconds: float
    checksum_equal: bool
    cost: Cost

    def problems(self) -> Iterator[str]:
        """What is not as it must be."""
        if self.status != 'available':
            yield f'the volume is {self.status}'
        elif not self.checksum_equal:
            yield "the volume does not have the image's SHA-256"
        if self.driver == 'eic':
            yield from self._eic_problems()

    def _eic_problems(self) -> Iterator[str]:
        wanted = self.situation
        if self.route != wanted.route:
            yield f'the route is {self.route}, not {wanted.route}'
        if wanted.refused not in self.refused:
            yield f'{wanted.refused} is not among the reasons: {self.refused}'
        if wanted.route != 'download' and self.cost.downloaded:
            yield f'{self.cost.downloaded} bytes were downloaded'
        if wanted.route != 'download' and self.cost.host_io > HOST_IO_NOISE:
            yield f'{self.cost.host_io} bytes went through the host'
        if wanted.calls is not None and len(self.cost.calls) > wanted.calls:
            yield (
                f'{len(self.cost.calls)} ONTAP calls instead of at most '
                f'{wanted.calls}: {", ".join(self.cost.calls)}'
            )

    def to_json(self) -> dict[str, Any]:
        """All there is to know, for programs."""
        return {**dataclasses.asdict(self), 'problems': list(self.problems())}


@dataclasses.dataclass(frozen=True)
class Result:
    """All rows, and what deleted volumes left on the FlexVols, by driver."""

    rows: list[Row]
    orphans: dict[str, list[str]]

    def problems(self) -> Iterator[str]:
        """What is not as it must be."""
        for row in self.rows:
            for problem in row.problems():
                yield f'{row.driver}, {row.situation.title}: {problem}'
        for name in self.orphans['eic']:
            yield f'eic left {name} behind'

    def to_json(self) -> dict[str, Any]:
        """All there is to know, for programs."""
        return {
            'rows': [row.to_json() for row in self.rows],
            'orphans': self.orphans,
            'problems': list(self.problems()),
        }


def route_taken(driver: str, volume: dict[str, Any], cost: Cost) -> str:
    """EIC says what it did; of the stock driver it is seen from outside."""
    if driver == 'eic':
        return str(volume['metadata'].get('eic_route', 'unknown'))
    return 'download' if cost.downloaded else 'clone'


def table(rows: list[Row]) -> str:
    """The rows for people."""
    header = (
        'situation',
        'pool',
        'driver',
        'route',
        'why no faster one',
        's',
        'downloaded MiB',
        'host I/O MiB',
        'ONTAP calls',
        'SHA-256',
    )
    return aligned([header, *(_cells(row) for row in rows)])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells in columns; the first one is the header."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [
        '  '.join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]
    shown.insert(1, '  '.join('-' * width for width in widths))
    return '\n'.join(shown)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.situation.title,
        row.situation.pool,
        row.driver,
        row.route,
        row.refused or '-',
        f'{row.seconds:.1f}',
        f'{row.cost.downloaded / MIB:.0f}',
        f'{row.cost.host_io / MIB:.1f}',
        str(len(row.cost.calls)),
        'equal' if row.checksum_equal else 'DIFFERS',
    )
