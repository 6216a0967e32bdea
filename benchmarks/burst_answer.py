"""What is said of bursts: rates, shares, memory, calls."""

from collections.abc import Sequence
from typing import Any

from oslo_utils import units

from benchmarks.arithmetic import ratio
from benchmarks.burst_side import PERCENTS, SHOWN, Row, cpu_of, grown, rate, shares
from benchmarks.model import Answer, Columns, Table, Target

_CALLS = {'nfs': 1, 'iscsi': 2}
"""Of a hit on a volume that is larger than its image."""
_SPARE_CALLS = 10
"""In all: looks of the background, which hears of the new image."""
_SLOWEST = 1.0
_MEMORY = 1.05
_NOTES = (
    'A burst: all volumes are asked for without waiting for any, by 16 clients. Of '
    'the second one, the volumes of the first are still there.',
    "Each volume is a clone of the pool's cached image of 8 MiB, on both sides: the "
    'stock driver has cached it, too (on iSCSI Cinder has).',
    'Shares of the time: from the request to available, of all volumes of the first '
    "burst and the second. The driver's is what it says in eic_volume_seconds; "
    "ONTAP's is what the simulator took for the calls. The stock driver does not "
    "say how long it took; Cinder's share has it.",
    'CPU is that of the processes, for one volume, in parts of all that EIC or the '
    'stock driver makes the cloud do. The stock side has its own cinder-api and '
    'cinder-volume.',
    'Memory: RSS of the processes that were there all the time, in MiB.',
)


def answer(rows: Sequence[Row]) -> Answer:
    """Targets and tables."""
    volumes = rows[0]['volumes'] // 2
    return Answer(
        f'What do bursts of {volumes:,} volumes of a cached image cost?',
        tuple(
            target
            for row in rows
            if row['driver'] == 'eic'
            for target in _targets(row, _other(rows, row))
        ),
        (
            Table.of(
                f'Twice {volumes:,} volumes at once, through cinder-api',
                [(row, _other(rows, row)) for row in rows],
                _COLUMNS,
            ),
            Table.of('Calls of a volume', rows, _CALL_COLUMNS),
            Table.of(
                'Where the time of a volume goes, in percent', rows, _TIME_COLUMNS
            ),
            Table.of(
                'CPU of a volume, in percent of what one of the stock driver costs',
                [(row, _stock(rows, row)) for row in rows],
                _cpu_columns(),
            ),
            Table.of(
                'Memory, in MiB',
                [
                    (row['protocol'], row['driver'], service, found)
                    for row in rows
                    for service, found in row['memory'].items()
                ],
                _MEMORY_COLUMNS,
            ),
        ),
        list(rows),
        _NOTES,
    )


def _other(rows: Sequence[Row], row: Row) -> Row:
    """The same protocol's, of the other driver."""
    return next(
        each
        for each in rows
        if each['protocol'] == row['protocol'] and each['driver'] != row['driver']
    )


def _stock(rows: Sequence[Row], row: Row) -> Row:
    return row if row['driver'] == 'stock' else _other(rows, row)


def _targets(row: Row, stock: Row) -> list[Target]:
    where = row['protocol']
    return [
        Target(f'volumes that failed, {where}', row['failed'], 0, is_count=True),
        Target(f'downloads, {where}', row['downloads'], 0, is_count=True),
        Target(
            f'ONTAP calls of a volume, {where}',
            row['calls'] / row['volumes'],
            _CALLS[where] + _SPARE_CALLS / row['volumes'],
            is_count=True,
        ),
        Target(
            f'time of a volume, times stock, {where}',
            ratio(rate(stock), rate(row)),
            _SLOWEST,
            is_count=False,
        ),
        Target(
            'memory of cinder-volume after the second burst, times that after the '
            f'first, {where}',
            grown(row),
            _MEMORY,
            is_count=False,
        ),
    ]


def _times(percent: int) -> Any:
    key = str(percent)
    return lambda pair: f'{_times_stock(pair, key):.2f}'


def _times_stock(pair: tuple[Row, Row], key: str) -> float:
    row, other = pair
    stock = row if row['driver'] == 'stock' else other
    return ratio(row['seconds'][key], stock['seconds'][key])


def _rate_times_stock(pair: tuple[Row, Row]) -> float:
    row, other = pair
    return ratio(rate(row), rate(row if row['driver'] == 'stock' else other))


_COLUMNS: Columns = {
    'protocol': lambda pair: pair[0]['protocol'],
    'driver': lambda pair: pair[0]['driver'],
    'volumes': lambda pair: f'{pair[0]["volumes"]:,}',
    'failed': lambda pair: pair[0]['failed'],
    'downloads': lambda pair: pair[0]['downloads'],
    'volumes a second, times stock': lambda pair: f'{_rate_times_stock(pair):.2f}',
    **{
        f'p{percent} to available, times stock': _times(percent) for percent in PERCENTS
    },
}
_CALL_COLUMNS: Columns = {
    'protocol': lambda row: row['protocol'],
    'driver': lambda row: row['driver'],
    'ONTAP calls': lambda row: f'{row["calls"] / row["volumes"]:.2f}',
    'new connections': lambda row: f'{row["connections"] / row["volumes"]:.3f}',
    'repeated, since ONTAP was too busy': lambda row: (
        f'{row["refused"] / row["volumes"]:.2f}'
    ),
}


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{value:.1f}'


_TIME_COLUMNS: Columns = {
    'protocol': lambda row: row['protocol'],
    'side': lambda row: row['driver'],
    "Cinder, and waiting for one's turn": lambda row: _percent(shares(row)['Cinder']),
    'the driver': lambda row: _percent(shares(row)['driver']),
    'ONTAP': lambda row: _percent(shares(row)['ONTAP']),
}


def _cpu_columns() -> Columns:
    def part(name: str) -> Any:
        return lambda pair: (
            f'{100 * pair[0]["cpu"][name] / pair[0]["volumes"] / cpu_of(pair[1]):.0f}'
        )

    return {
        'protocol': lambda pair: pair[0]['protocol'],
        'driver': lambda pair: pair[0]['driver'],
        **{name: part(name) for name in SHOWN},
        'all': lambda pair: f'{100 * cpu_of(pair[0]) / cpu_of(pair[1]):.0f}',
    }


_MEMORY_COLUMNS: Columns = {
    'protocol': lambda found: found[0],
    'driver': lambda found: found[1],
    'service': lambda found: found[2],
    'before': lambda found: f'{found[3][0] / units.Mi:.0f}',
    'after the first': lambda found: f'{found[3][1] / units.Mi:.0f}',
    'after the second': lambda found: f'{found[3][2] / units.Mi:.0f}',
}
