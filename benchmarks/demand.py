"""What does the look at the demand for images cost Cinder's database?

In a process of its own (:mod:`benchmarks.demand_cost`), without the lab.
"""

from typing import Any

from benchmarks.arithmetic import ratio
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.weigher import Row, in_process

FLAT = 3
"""A hundred times the volumes."""


def run(_lab: object) -> dict[str, Any]:
    """The answer, as JSON can hold it."""
    return answer(in_process('benchmarks.demand_cost')).to_json()


def answer(rows: list[Row]) -> Answer:
    """One target, one table."""
    first, last = rows[0], rows[-1]
    return Answer(
        "What does the look at the demand for images cost Cinder's database?",
        (
            Target(
                f'CPU of a look, {last["volumes"]:,} volumes / {first["volumes"]:,}',
                ratio(last['query_ms'], first['query_ms']),
                FLAT,
                is_count=False,
            ),
        ),
        (
            Table.of(
                'One query of one backend; 10,000 volumes are in pools of its cluster',
                rows,
                _COLUMNS,
            ),
        ),
        rows,
        (
            'A backend looks once in spread_interval seconds, and a second after '
            'somebody asked for an image that one of its pools lacks.',
            "CPU of EIC's query on Cinder's tables in SQLite, the median of five. "
            'The tables have been analyzed.',
        ),
    )


_COLUMNS: Columns = {
    'volumes in all': lambda row: f'{row["volumes"]:,}',
    "in the cluster's pools": lambda row: f'{row["of_the_cluster"]:,}',
    'CPU ms of a look': lambda row: f'{row["query_ms"]:.0f}',
}
