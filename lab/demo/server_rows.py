"""One row of the demo's second table, of servers, and what must be true."""

import collections
import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab import tables
from lab.demo.server_cases import ServerCase

FAST_ROUTES = {'cached', 'flexclone', 'copy_offload'}
NO_VOLUME = 'no volume'


@dataclasses.dataclass(frozen=True)
class ServerRow:
    """What one side did in one case."""

    api: str
    driver: str
    case: ServerCase
    statuses: list[str]
    seconds: list[float]
    """From the request's arrival until each server was seen to be ACTIVE."""
    routes: dict[str, int]
    files_left: list[str]

    def problems(self) -> Iterator[str]:
        """What is not as it must be."""
        count = self.case.servers
        if self.statuses != ['ACTIVE'] * count:
            yield f'the servers are {", ".join(self.statuses)}'
        if self.driver != 'eic':
            return
        if sum(self.routes.values()) != count:
            yield f'{count} servers have {sum(self.routes.values())} volumes'
        slow = set(self.routes) - FAST_ROUTES
        if slow:
            yield f'volumes took the route {", ".join(sorted(slow))}'
        for name in self.files_left:
            yield f'{name} was left behind'

    def to_json(self) -> dict[str, Any]:
        """All there is to know, for programs."""
        return {**dataclasses.asdict(self), 'problems': list(self.problems())}


def routes_of(
    driver: str, volumes: Sequence[Mapping[str, Any]], downloads: int
) -> dict[str, int]:
    """How often each route was taken.

    :param volumes: as Cinder shows them
    :param downloads: how often Glance sent the image meanwhile
    """
    if driver == 'eic':
        return routes_of_eic(
            [volume['metadata'].get('eic_route', 'unknown') for volume in volumes]
        )
    return routes_of_stock(len(volumes), downloads)


def routes_of_stock(volumes: int, downloads: int) -> dict[str, int]:
    """Of the stock driver it is seen from outside: Glance sent the image that
    many times, the other volumes are clones.
    """
    counted = {'download': downloads, 'clone': volumes - downloads}
    return {name: count for name, count in counted.items() if count}


def routes_of_eic(routes: list[str]) -> dict[str, int]:
    """EIC says what it did, in each volume's metadata."""
    return dict(collections.Counter(routes).most_common())


def server_problems(rows: list[ServerRow]) -> Iterator[str]:
    """What is not as it must be, in any row."""
    for row in rows:
        for problem in row.problems():
            yield f'{row.api}, {row.case.title}: {problem}'


def server_table(rows: list[ServerRow]) -> str:
    """The rows for people."""
    header = (
        'situation',
        'api',
        'servers',
        's median',
        's max',
        'routes',
        'files left',
    )
    return tables.text(header, map(_cells, rows))


def _cells(row: ServerRow) -> tuple[str, ...]:
    return (
        row.case.title,
        row.api,
        str(row.case.servers),
        f'{statistics.median(row.seconds):.1f}' if row.seconds else '-',
        f'{max(row.seconds):.1f}' if row.seconds else '-',
        tables.counted(row.routes) or NO_VOLUME,
        str(len(row.files_left)),
    )
