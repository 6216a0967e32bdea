"""What becomes of a burst if ONTAP is at its limit?

Once the simulator serves half as many clones a second as EIC asks for (and answers
all others with 429), and once it refuses every call for a while. EIC's volumes wait
for that; nothing is downloaded because of it. The stock driver has the same limits in
the same run.
"""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import burst, driver_metrics, volume_burst
from benchmarks.arithmetic import ratio
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import Tenant
from benchmarks.volume_burst import Burst, Wanted
from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.observer import Cost, Observer
from lab.topology import DRIVERS, cluster_named

VOLUMES = 200
_CLUSTER = 'cluster-a'
"""The one that has both pools."""
_CLONES = {'method': 'POST', 'path': '/storage/(file/clone|luns)$'}
_PART = 0.5
"""The limit, of the clones a second that EIC asks for without one."""
_LASTS = 20.0
"""Seconds for which every call is refused."""
_SLOWER = 1.25
"""A throughput of 0.8 of the limit."""
_QUESTION = 'What becomes of a burst if ONTAP is at its limit?'
_NOTES = (
    f'The limit is {_PART:g} of the clones a second that were made without one. '
    'Whoever comes too soon gets 429 and "Retry-After: 1". The limit of the stock '
    'driver is the same: its calls are counted for themselves.',
    "The time of a burst has the first volume's way through Cinder in it. That weighs "
    'the more, the fewer volumes there are.',
    'Queue: the most that eic_ontap_busy_waiting has said of the backend, whose '
    'file is read five times a second and written every five seconds.',
)

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Limit:
    """A fault of the simulator that is a limit.

    :ivar match: the calls of a driver that it is for
    :ivar lasts: seconds, None until the burst has ended
    """

    title: str
    match: dict[str, str]
    clones_a_second: float | None = None
    lasts: float | None = None

    def fault(self, driver: str) -> dict[str, Any]:
        """As the simulator takes it."""
        found: dict[str, Any] = {
            'kind': 'too_many_requests',
            'count': None,
            'match': {**self.match, 'user': driver},
        }
        if self.clones_a_second is not None:
            found['beyond'] = self.clones_a_second
        return found


class _Limited:
    """A cluster with a limit for one driver, and the longest queue before it."""

    def __init__(self, lab: Lab, limit: Limit, driver: str, pool: str) -> None:
        self._lab = lab
        self._cluster = ClusterApi(lab, cluster_named(_CLUSTER))
        self._section = burst.section(driver, pool)
        self._ends = time.monotonic() + (limit.lasts or float('inf'))
        self._is_set = True
        self._cluster.control('POST', '/faults', json=limit.fault(driver))
        self.queue = 0

    def look(self) -> None:
        """Note how long EIC's queue is, and end the limit when it is time."""
        told = driver_metrics.of(self._lab, self._section)
        self.queue = max(self.queue, told.waiting)
        if self._is_set and time.monotonic() > self._ends:
            self.end()

    def end(self) -> None:
        """No limit any more."""
        self._is_set = False
        self._cluster.control('DELETE', '/faults')


def run(lab: Lab, volumes: int = VOLUMES) -> dict[str, Any]:
    """The answer, as JSON can hold it.

    :param volumes: in each burst
    """
    return answer(
        [row for protocol in burst.POOLS for row in _rows(lab, protocol, volumes)]
    ).to_json()


def _rows(lab: Lab, protocol: str, volumes: int) -> Iterator[Row]:
    """Of each driver, at the limits of the first one."""
    found: list[Limit] = []
    for driver in DRIVERS:
        with Tenant(lab) as tenant:
            wanted = burst.of_cached(tenant, protocol, driver, volumes)
            found = found or _limits_of(tenant, protocol, wanted)
            for limit in found:
                yield _measure(tenant, protocol, wanted, limit)


def _limits_of(tenant: Tenant, protocol: str, wanted: Wanted) -> list[Limit]:
    """By what a driver makes without one."""
    title = f'{wanted.driver}, {protocol}: {wanted.volumes}, without a limit'
    with tenant.lab.console.step(title):
        free = volume_burst.ask(tenant, wanted, 'free')
    return limits(ratio(wanted.volumes, free.lasted))


def limits(clones_a_second: float) -> list[Limit]:
    """The limits that are tried.

    :param clones_a_second: without one
    """
    return [
        Limit(
            'clones a second',
            _CLONES,
            clones_a_second=round(_PART * clones_a_second, 2),
        ),
        Limit(f'no call for {_LASTS:.0f} s', {}, lasts=_LASTS),
    ]


def _measure(tenant: Tenant, protocol: str, wanted: Wanted, limit: Limit) -> Row:
    lab, driver = tenant.lab, wanted.driver
    observer = Observer(lab, driver, wanted.image_id, protocol)
    with lab.console.step(f'{driver}, {protocol}: {wanted.volumes}, {limit.title}'):
        mark = observer.mark()
        limited = _Limited(lab, limit, driver, wanted.pool)
        try:
            made = volume_burst.ask(
                tenant,
                wanted,
                f'{driver}-{limit.title.replace(" ", "-")}',
                limited.look,
            )
        finally:
            limited.end()
    subject = {'protocol': protocol, 'driver': driver, 'limit': limit.title}
    return row(subject, limit, made, observer.since(mark), limited.queue)


def row(
    subject: dict[str, str], limit: Limit, made: Burst, cost: Cost, queue: int
) -> Row:
    """What was measured, as JSON can hold it.

    :param subject: protocol, driver and limit
    """
    return {
        **subject,
        'clones_a_second': limit.clones_a_second,
        'volumes': made.asked,
        'failed': made.failed,
        'downloads': cost.downloads,
        'lasted': made.lasted,
        'slowest': max(made.seconds, default=None),
        'refused': cost.refused,
        'queue': queue,
    }


def slower(row: Row) -> float:
    """Seconds of the burst, times those that the limit allows for what was made."""
    made = row['volumes'] - row['failed']
    return ratio(row['lasted'] * row['clones_a_second'], made)


def answer(rows: list[Row]) -> Answer:
    """Targets and a table."""
    return Answer(
        _QUESTION,
        tuple(
            target for row in rows if row['driver'] == 'eic' for target in _targets(row)
        ),
        (Table.of('Bursts at a limit', rows, _COLUMNS),),
        rows,
        _NOTES,
    )


def _targets(row: Row) -> list[Target]:
    where = f'{row["protocol"]}, {row["limit"]}'
    found = [
        Target(f'volumes that failed: {where}', row['failed'], 0, is_count=True),
        Target(f'downloads: {where}', row['downloads'], 0, is_count=True),
        Target(
            f'queues that eic_ontap_busy_waiting did not show: {where}',
            int(not row['queue']),
            0,
            is_count=True,
        ),
    ]
    if row['clones_a_second'] is None:
        return found
    return [
        *found,
        Target(
            f'time of the burst, times that at the limit: {where}',
            slower(row),
            _SLOWER,
            is_count=False,
        ),
    ]


def _of_the_limit(row: Row) -> str:
    if row['clones_a_second'] is None or row['failed'] == row['volumes']:
        return '-'
    return f'{1 / slower(row):.2f}'


_COLUMNS: Columns = {
    'protocol': lambda row: row['protocol'],
    'driver': lambda row: row['driver'],
    'limit': lambda row: row['limit'],
    'volumes': lambda row: row['volumes'],
    'failed': lambda row: row['failed'],
    'downloads': lambda row: row['downloads'],
    'throughput, times the limit': _of_the_limit,
    'refused calls of a volume': lambda row: f'{row["refused"] / row["volumes"]:.1f}',
    'queue, at most': lambda row: row['queue'] if row['driver'] == 'eic' else '-',
}
