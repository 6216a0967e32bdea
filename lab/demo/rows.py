"""One row of the demo's table, and what must be true of it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from oslo_utils import units

from lab import tables
from lab.demo.volume_cases import VolumeCase
from lab.observer import Cost

HOST_IO_NOISE = 8 * units.Mi
"""Logs, the header of the image and the like; the image has 256 MiB."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What one driver did in one case."""

    driver: str
    case: VolumeCase
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
        wanted = self.case
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
class DemoResult:
    """All rows, and what deleted volumes left on the FlexVols, by driver."""

    rows: list[Row]
    orphans: dict[str, list[str]]

    def problems(self) -> Iterator[str]:
        """What is not as it must be."""
        for row in self.rows:
            for problem in row.problems():
                yield f'{row.driver}, {row.case.title}: {problem}'
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
    return tables.text(header, map(_cells, rows))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.case.title,
        row.case.pool,
        row.driver,
        row.route,
        row.refused or '-',
        f'{row.seconds:.1f}',
        f'{row.cost.downloaded / units.Mi:.0f}',
        f'{row.cost.host_io / units.Mi:.1f}',
        str(len(row.cost.calls)),
        'equal' if row.checksum_equal else 'DIFFERS',
    )
