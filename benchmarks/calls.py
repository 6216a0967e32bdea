"""How many REST calls, over how many new connections, does a volume cost?"""

from typing import Any

from benchmarks import disks
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import Tenant
from lab.context import Lab
from lab.observer import Cost, Observer
from lab.topology import DRIVERS

_IMAGE_MIB = 32
_HIT_CALLS = 2
_HIT = 'hit'
_SITUATIONS = (
    ('first, FlexVol of the image', 'images'),
    (_HIT, 'images'),
    (_HIT, 'images'),
    ('first, other FlexVol', 'gold'),
    (_HIT, 'gold'),
    (_HIT, 'gold'),
)


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    with Tenant(lab) as tenant:
        disk = disks.random_disk(tenant, _IMAGE_MIB)
        for driver in DRIVERS:
            rows += _costs(tenant, driver, tenant.upload(disk))
    return _answer(rows).to_json()


def _costs(tenant: Tenant, driver: str, image_id: str) -> list[dict[str, Any]]:
    observer = Observer(tenant.lab, driver, image_id)
    rows = []
    for title, pool in _SITUATIONS:
        with tenant.lab.console.step(f'{driver}: {title}, in {pool}'):
            mark = observer.mark()
            made = tenant.create(image_id, driver, pool)
            cost = observer.since(mark)
        rows.append(_row(driver, title, pool, made.route, cost))
    return rows


def _row(
    driver: str,
    title: str,
    pool: str,
    route: str,
    cost: Cost,
) -> dict[str, Any]:
    return {
        'driver': driver,
        'situation': title,
        'pool': pool,
        'route': route,
        'calls': list(cost.calls),
        'connections': cost.connections,
        'downloads': cost.downloads,
    }


def _answer(rows: list[dict[str, Any]]) -> Answer:
    return Answer(
        'How many REST calls, over how many new connections, does a volume cost?',
        tuple(_targets(rows)),
        (Table.of('REST calls of one volume', rows, _COLUMNS),),
        rows,
    )


def _targets(rows: list[dict[str, Any]]) -> list[Target]:
    hits = [row for row in rows if (row['driver'], row['situation']) == ('eic', _HIT)]
    calls = max(len(row['calls']) for row in hits)
    connections = max(row['connections'] for row in hits)
    return [
        Target('REST calls of a hit', calls, _HIT_CALLS, is_count=True),
        Target('new connections of a hit', connections, 0, is_count=True),
    ]


_COLUMNS: Columns = {
    'situation': lambda row: row['situation'],
    'pool': lambda row: row['pool'],
    'driver': lambda row: row['driver'],
    'calls': lambda row: len(row['calls']),
    'new connections': lambda row: row['connections'],
    'downloads': lambda row: row['downloads'],
}
