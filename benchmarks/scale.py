"""What the measured constants say of larger clouds: the table of docs/scale.md.

    python -m benchmarks.scale

Needs no lab and measures nothing: it multiplies what docs/bench.json has. Each
quantity is said with the answer that it comes from.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from lab import tables
from lab.paths import REPOSITORY

BEGIN = '<!-- written by `python -m benchmarks.scale`: begin -->'
END = '<!-- written by `python -m benchmarks.scale`: end -->'
DOCS = REPOSITORY / 'docs'
SCHEDULERS = 3
REPORT_SECONDS = 60
"""Cinder's backend_stats_polling_interval, and EIC's spread_interval."""
POOLS_OF_A_BACKEND = 10
_MIB = 1 << 20

Numbers = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A cloud of clusters with a backend of ten pools each."""

    clusters: int
    volumes: int
    images: int

    @property
    def pools(self) -> int:
        """Of all clusters."""
        return self.clusters * POOLS_OF_A_BACKEND


CLOUDS = (
    Cloud(1, 10_000, 1_000),
    Cloud(10, 100_000, 1_000),
    Cloud(100, 1_000_000, 1_000),
    Cloud(100, 1_000_000, 10_000),
)


class Constants:
    """What was measured.

    :param answers: those of docs/bench.json
    """

    def __init__(self, answers: Mapping[str, Numbers]) -> None:
        self._answers = answers

    def scheduler(self, cloud: Cloud) -> Numbers:
        """The row of the benchmark ``weigher`` for such a cloud.

        :raises LookupError: it was not measured
        """
        for row in self._answers['weigher']['numbers']['scheduler']:
            if (row['pools'], row['images'], row['form']) == (
                cloud.pools,
                cloud.images,
                'today',
            ):
                found: Numbers = row
                return found
        raise LookupError(f'{cloud} was not measured.')

    def look_ms(self, cloud: Cloud) -> float | None:
        """CPU of a look at the demand; None if it was not measured."""
        for row in self._answers.get('demand', {}).get('numbers', ()):
            if row['volumes'] == cloud.volumes:
                return float(row['query_ms'])
        return None

    @property
    def service_seconds(self) -> float:
        """CPU of cinder-volume for a hit."""
        return float(self._answers['cpu']['numbers']['eic']['service']['per_volume'])

    @property
    def calls_of_a_hit(self) -> int:
        """REST calls on NFS."""
        return max(
            len(row['calls'])
            for row in self._answers['calls']['numbers']
            if (row['driver'], row['situation']) == ('eic', 'hit')
        )


def _looks(constants: Constants, cloud: Cloud) -> str:
    look = constants.look_ms(cloud)
    if look is None:
        return 'not measured'
    return f'{cloud.clusters * look / 1000 / REPORT_SECONDS:.1%} of a core'


def _answers_mib(constants: Constants, cloud: Cloud) -> str:
    seconds = 60 * max(cloud.pools / 100, 1)
    rate = cloud.clusters * constants.scheduler(cloud)['answer_bytes'] / seconds
    return f'{rate / _MIB:.2f}'


def _reports_mib(constants: Constants, cloud: Cloud) -> str:
    sent = cloud.pools * constants.scheduler(cloud)['report_bytes']
    return f'{sent * (SCHEDULERS + 1) / REPORT_SECONDS / _MIB:.2f}'


def _hearing(constants: Constants, cloud: Cloud) -> str:
    spent = cloud.clusters * constants.scheduler(cloud)['hear_ms'] / 1000
    return f'{spent / REPORT_SECONDS:.2%} of a core'


ROWS: Mapping[str, Callable[[Constants, Cloud], str]] = {
    'pools': lambda _, cloud: f'{cloud.pools:,}',
    'volumes': lambda _, cloud: f'{cloud.volumes:,}',
    'cached images in each pool': lambda _, cloud: f'{cloud.images:,}',
    'scheduler: CPU ms of a choice (`weigher`)': lambda constants, cloud: (
        f'{constants.scheduler(cloud)["choice_ms"]:.1f}'
    ),
    'of which the weigher': lambda constants, cloud: (
        f'{constants.scheduler(cloud)["weigher_ms"]:.1f}'
    ),
    'choices a second, each scheduler on one core': lambda constants, cloud: (
        f'{1000 / constants.scheduler(cloud)["choice_ms"]:.0f}'
    ),
    'pools that an image is preferred in by chance (`weigher`)': (
        lambda constants, cloud: (
            f'{cloud.pools * constants.scheduler(cloud)["wrong_in_1000"] / 1000:.1f}'
        )
    ),
    'scheduler: MiB of log of a choice with `debug = True`, about (`weigher`)': (
        lambda constants, cloud: (
            f'{cloud.pools * constants.scheduler(cloud)["report_bytes"] / _MIB:.1f}'
        )
    ),
    'scheduler: MiB of memory for reports (`weigher`)': lambda constants, cloud: (
        f'{cloud.pools * constants.scheduler(cloud)["memory_bytes"] / _MIB:.1f}'
    ),
    'scheduler: CPU of hearing reports (`weigher`)': _hearing,
    f'bus: MiB/s of reports to {SCHEDULERS} schedulers (`weigher`)': _reports_mib,
    'bus: MiB of one answer with all pools (`weigher`)': lambda constants, cloud: (
        f'{constants.scheduler(cloud)["answer_bytes"] / _MIB:.1f}'
    ),
    'bus: MiB/s of answers, if all backends ask (`weigher`)': _answers_mib,
    'database: CPU of looks at the demand (`demand`)': _looks,
    'cinder-volume: hits a second, each process on one core (`cpu`)': (
        lambda constants, _: f'{1 / constants.service_seconds:.0f}'
    ),
    'ONTAP: calls of a hit on NFS (`calls`)': (
        lambda constants, _: f'{constants.calls_of_a_hit}'
    ),
}


def block(answers: Mapping[str, Numbers]) -> str:
    """The generated block of docs/scale.md."""
    constants = Constants(answers)
    header = ('', *(f'{cloud.clusters} clusters' for cloud in CLOUDS))
    rows = [
        (name, *(cell(constants, cloud) for cloud in CLOUDS))
        for name, cell in ROWS.items()
    ]
    return '\n'.join([BEGIN, '', tables.markdown(header, rows), '', END])


def main() -> int:
    """Write the block."""
    answers = json.loads((DOCS / 'bench.json').read_text())['answers']
    path = DOCS / 'scale.md'
    whole = path.read_text()
    before, _, rest = whole.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + block(answers) + after)
    return 0


if __name__ == '__main__':
    sys.exit(main())
