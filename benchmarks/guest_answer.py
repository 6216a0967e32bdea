"""What is said of real guests that were booted from images of several sizes."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.arithmetic import median, ratio
from benchmarks.guest_boots import Spoken
from benchmarks.model import Answer, Table, Target
from lab import tables

_GROWTH = 1.15
_NOTES = (
    'QEMU has no acceleration here: the firmware and the kernel of a guest take '
    'seconds of CPU, the same on both sides. With KVM they take less, so there is '
    'more between the two.',
    "The first word is read from the file of the guest's console, every 0.1 s.",
    'The images are sparse, and 32 MiB of each boot.',
    "The stock driver's first volume elsewhere is a download. It was measured up to "
    '1 GiB.',
)


@dataclasses.dataclass(frozen=True)
class Row:
    """All boots of one driver, size and situation."""

    driver: str
    mib: int
    situation: str
    servers: int
    spoken: tuple[Spoken, ...]
    times_stock: float | None
    """To the first word; None where the stock driver has no such boot."""

    @property
    def first_word(self) -> float:
        """Seconds, the median."""
        return median([each for one in self.spoken for each in one.first_word])

    @property
    def active(self) -> float:
        """Seconds, the median."""
        return median([each for one in self.spoken for each in one.active])


def answer(spoken: Sequence[Spoken]) -> Answer:
    """Medians, ratios, counts."""
    rows = list(_rows(spoken))
    return Answer(
        question="How long from a server's create until its guest says its first word?",
        targets=tuple(_targets(rows)),
        tables=(Table.of("Server create to the guest's first word", rows, _COLUMNS),),
        notes=_NOTES,
        numbers=[dataclasses.asdict(each) for each in spoken],
    )


def _rows(spoken: Sequence[Spoken]) -> Iterator[Row]:
    groups = {
        key: tuple(group) for key, group in groupby(sorted(spoken, key=_key), key=_key)
    }
    for (servers, situation, mib, driver), group in groups.items():
        stock = groups.get((servers, situation, mib, 'stock'))
        yield Row(
            driver,
            mib,
            situation,
            servers,
            group,
            ratio(_word(group), _word(stock)) if stock else None,
        )


def _key(each: Spoken) -> tuple[int, str, int, str]:
    return each.servers, each.situation, each.mib, each.driver


def _word(group: Sequence[Spoken]) -> float:
    return median([each for one in group for each in one.first_word])


def _targets(rows: Sequence[Row]) -> Iterator[Target]:
    ours = [row for row in rows if row.driver == 'eic']
    alone = {
        row.mib: row for row in ours if row.servers == 1 and row.situation == 'home'
    }
    largest, smallest = max(alone), min(alone)
    yield Target(
        f'time to the first word, {largest} MiB / {smallest} MiB',
        ratio(alone[largest].first_word, alone[smallest].first_word),
        _GROWTH,
        False,
    )
    boots = [one for row in ours for one in row.spoken]
    yield Target('guests that did not speak', sum(map(_silent, boots)), 0, True)
    routes = Counter(route for one in boots for route in one.routes)
    yield Target('downloads', routes['download'], 0, True)
    yield Target('files left', sum(len(one.files_left) for one in boots), 0, True)


def _silent(one: Spoken) -> int:
    return one.servers - len(one.first_word)


def _routes(row: Row) -> str:
    routes = Counter(route for one in row.spoken for route in one.routes)
    return tables.counted(routes)


_COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    'at once': lambda row: row.servers,
    'situation': lambda row: row.situation,
    'image, MiB': lambda row: row.mib,
    'side': lambda row: row.driver,
    's to ACTIVE': lambda row: f'{row.active:.1f}',
    's to the first word': lambda row: f'{row.first_word:.1f}',
    'times stock': lambda row: (
        '-' if row.times_stock is None else f'{row.times_stock:.2f}'
    ),
    'routes': _routes,
}
