"""One row of the demo's table of guests, and what must be true."""

import dataclasses
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from lab import tables
from lab.demo.guest_cases import GuestCase
from lab.demo.server_rows import FAST_ROUTES


@dataclasses.dataclass(frozen=True)
class GuestRow:
    """What one side did in one case; a list has an entry for each guest."""

    driver: str
    protocol: str
    case: GuestCase
    statuses: list[str]
    active: list[float]
    """Seconds from the request's arrival until the server was ACTIVE."""
    first_word: list[float]
    """The same until its guest said its first word on the console."""
    routes: dict[str, int]
    digests_equal: list[bool]
    """Whether the guest has read the image's bytes from its disk."""
    notes_found: list[bool]
    """Whether what the guest wrote is in its volume."""
    changed: list[str]
    """What had another content afterwards: image, cached image, other volumes."""
    files_left: list[str]

    def problems(self) -> Iterator[str]:
        """What is not as it must be."""
        count = self.case.guests
        if self.statuses != ['ACTIVE'] * count:
            yield f'the servers are {", ".join(self.statuses)}'
        if self.digests_equal != [True] * count:
            yield "a guest did not read the image's bytes from its disk"
        if self.notes_found != [True] * count:
            yield 'what a guest wrote is not in its volume'
        for name in self.changed:
            yield f'{name} changed when a guest wrote'
        if self.driver == 'eic':
            yield from self._eic_problems()

    def _eic_problems(self) -> Iterator[str]:
        # No call of ONTAP makes a LUN of an image's file: the first is downloaded.
        expected = {'download'} if self.case.is_new and self.protocol != 'nfs' else ()
        slow = set(self.routes) - FAST_ROUTES - set(expected)
        if slow:
            yield f'volumes took the route {", ".join(sorted(slow))}'
        for name in self.files_left:
            yield f'{name} was left behind'

    def to_json(self) -> dict[str, Any]:
        """All there is to know, for programs."""
        return {**dataclasses.asdict(self), 'problems': list(self.problems())}


def guest_problems(rows: Sequence[GuestRow]) -> Iterator[str]:
    """What is not as it must be, in any row."""
    for row in rows:
        for problem in row.problems():
            yield f'guests, {row.driver}, {row.protocol}, {row.case.title}: {problem}'


def guest_table(rows: Sequence[GuestRow]) -> str:
    """The rows for people."""
    header = (
        'guests',
        'protocol',
        'driver',
        'routes',
        's to ACTIVE',
        "s to the guest's first word",
        "the guest's SHA-256",
        'its write',
    )
    return tables.text(header, map(_cells, rows))


def _cells(row: GuestRow) -> tuple[str, ...]:
    return (
        row.case.title,
        row.protocol,
        row.driver,
        tables.counted(row.routes),
        _seconds(row.active),
        _seconds(row.first_word),
        _verdict(row.digests_equal, 'equal', 'DIFFERS'),
        _verdict(
            [found and not row.changed for found in row.notes_found],
            'in its volume only',
            'ELSEWHERE',
        ),
    )


def _verdict(each: Sequence[bool], good: str, bad: str) -> str:
    """Nothing is said of guests that were never heard."""
    if not each:
        return '-'
    return good if all(each) else bad


def _seconds(each: Sequence[float]) -> str:
    if not each:
        return '-'
    middle = f'{statistics.median(each):.1f}'
    return middle if len(each) == 1 else f'{middle} (slowest {max(each):.1f})'
