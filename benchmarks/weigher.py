"""What do cached images cost the scheduler and the message bus?

In process, through Cinder's own classes (:mod:`benchmarks.weigher_cost`), and each
form in which a set of ids can be sent on its own (:mod:`benchmarks.id_forms`).
Needs no lab.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks import id_forms
from benchmarks.arithmetic import ratio
from benchmarks.model import Answer, Columns, Table, Target
from lab.errors import LabError
from lab.paths import REPOSITORY

REPORT_BYTES = 17_000
"""With names of pools of usual length; a filter is 12,288 of them at most."""
WRONG_IN_1000 = 3.0
"""Expected is 1 in 1,024; a few thousand are asked."""
FLAT = 1.5
_EXACT_TO = 5_000
_TIMEOUT = 1800

Row = dict[str, Any]


def run(_lab: object) -> dict[str, Any]:
    """The answer, as JSON can hold it."""
    return answer(in_process('benchmarks.weigher_cost'), id_forms.rows()).to_json()


def in_process(module: str) -> list[Row]:
    """What a module prints that sets Cinder's configuration for a whole process.

    :raises LabError: it failed; its standard error is in the text
    """
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', module],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    if done.returncode:
        raise LabError(f'{module} failed: {done.stderr[-2000:]}')
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def answer(rows: list[Row], forms: list[Row]) -> Answer:
    """Targets and tables."""
    return Answer(
        'What do cached images cost the scheduler and the message bus?',
        tuple(_targets([row for row in rows if row['form'] == 'today'])),
        (
            Table.of(
                "A report of release 0.1 and today's, through Cinder's scheduler",
                rows,
                _COLUMNS,
            ),
            Table.of('What a set of images is sent as', forms, _FORM_COLUMNS),
        ),
        {'scheduler': rows, 'forms': forms},
        (
            'A report: bytes of the message of one backend for each of its pools, as '
            'oslo.messaging sends it. Ten pools are a backend. The message goes to '
            'each scheduler, and once more to one of them.',
            'The answer: bytes of what a backend gets that asks the scheduler for '
            'all pools, at most once a minute.',
            'Memory: what stays in the scheduler of a report, for each pool.',
            'Overlooked: images that a pool has and the weigher does not see there. '
            'By chance: pools of 1,000 that are preferred for an image that none of '
            'them has.',
            'CPU is the median of nine, of the process: the weigher alone, the whole '
            'choice of the filter scheduler with CapacityWeigher and the weigher, and '
            "the hearing of one backend's report.",
            'CPU of one look: one pool, an image that it does not have.',
        ),
    )


def _targets(rows: list[Row]) -> list[Target]:
    most = max(row['pools'] for row in rows)
    weighed = {row['images']: row['weigher_ms'] for row in rows if row['pools'] == most}
    return [
        Target(
            'percent of images that the weigher overlooks',
            max(row['overlooked'] for row in rows),
            0,
            is_count=True,
        ),
        Target(
            "bytes of a pool's report, however many images",
            max(row['report_bytes'] for row in rows),
            REPORT_BYTES,
            is_count=True,
        ),
        Target(
            f'pools of 1,000 that are preferred by chance, up to {_EXACT_TO} images',
            max(row['wrong_in_1000'] for row in rows if row['images'] <= _EXACT_TO),
            WRONG_IN_1000,
            is_count=True,
        ),
        Target(
            f"the weigher's CPU with {max(weighed)} images / 100, {most} pools",
            ratio(weighed[max(weighed)], weighed[100]),
            FLAT,
            is_count=False,
        ),
    ]


_COLUMNS: Columns = {
    'pools': lambda row: f'{row["pools"]:,}',
    'images in each': lambda row: f'{row["images"]:,}',
    'report': lambda row: row['form'],
    'bytes of a report': lambda row: f'{row["report_bytes"]:,.0f}',
    'KiB of an answer': lambda row: f'{row["answer_bytes"] / 1024:,.0f}',
    'KiB of memory': lambda row: f'{row["memory_bytes"] / 1024:.1f}',
    'percent overlooked': lambda row: f'{row["overlooked"]:.0f}',
    'by chance, of 1,000': lambda row: f'{row["wrong_in_1000"]:.1f}',
    'weigher, ms': lambda row: f'{row["weigher_ms"]:.2f}',
    'the whole choice, ms': lambda row: f'{row["choice_ms"]:.1f}',
    'hearing, ms': lambda row: f'{row["hear_ms"]:.2f}',
}
_FORM_COLUMNS: Columns = {
    'images': lambda row: f'{row["images"]:,}',
    'form': lambda row: row['form'],
    'bytes': lambda row: f'{row["bytes"]:,}',
    'by chance, of 1,000': lambda row: f'{row["wrong_in_1000"]:.2f}',
    'overlooked': lambda row: row['overlooked'],
    'us of one look': lambda row: f'{row["look_us"]:.2f}',
}
