"""What do volumes in pools of LUNs cost: first ones at once, and a hit?

ONTAP's tool for copy offload knows no LUNs; EIC copies LUNs inside the cluster
and clones them. The stock driver has Cinder's image-volume cache, which downloads
once for each pool, one pool after the other, and clones from then on.
"""

from pathlib import Path
from typing import Any

from oslo_utils import units

from benchmarks import disks, fills
from benchmarks.arithmetic import spread
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import Tenant
from lab.context import Lab
from lab.observer import Observer
from lab.topology import DRIVERS

_POOLS = ('block-one', 'block-two')
_VOLUMES = 20
_HIT_CALLS = 2
_QUESTION = 'What do volumes in pools of LUNs cost?'
_TITLE = f'{_VOLUMES} first volumes at once'


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows, hits = [], []
    for driver in DRIVERS:
        with Tenant(lab) as tenant:
            disk = disks.random_disk(tenant, fills.IMAGE_MIB)
            image_id = tenant.upload(disk)
            rows.append(_first(tenant, driver, image_id, disk))
            hits += [_again(tenant, driver, image_id, pool) for pool in _POOLS]
    return _answer(rows, hits).to_json()


def _first(tenant: Tenant, driver: str, image_id: str, disk: Path) -> fills.Row:
    return fills.measure(
        tenant,
        fills.Fill(driver, _TITLE, image_id, disk, _POOLS, 'iscsi'),
        lambda: tenant.create_at_once(image_id, driver, spread(_VOLUMES, _POOLS)),
    )


def _again(
    tenant: Tenant,
    driver: str,
    image_id: str,
    pool: str,
) -> dict[str, Any]:
    observer = Observer(tenant.lab, driver, image_id, 'iscsi')
    with tenant.lab.console.step(f'{driver}: one more, in {pool}'):
        mark = observer.mark()
        made = tenant.create(image_id, driver, pool)
        cost = observer.since(mark)
    return {
        'driver': driver,
        'pool': pool,
        'route': made.route,
        'calls': list(cost.calls),
        'connections': cost.connections,
        'downloads': cost.downloads,
        'host_io': cost.host_io,
    }


def _answer(rows: list[fills.Row], hits: list[dict[str, Any]]) -> Answer:
    first = f'{_VOLUMES} volumes at once, {fills.IMAGE_MIB} MiB, two pools of LUNs'
    return Answer(
        _QUESTION,
        (*fills.targets(rows), *_targets(hits)),
        (fills.table(first, rows), Table.of('One more volume', hits, _COLUMNS)),
        {'first': rows, 'again': hits},
        (fills.NOTE,),
    )


def _targets(hits: list[dict[str, Any]]) -> list[Target]:
    ours = [hit for hit in hits if hit['driver'] == 'eic']
    calls = max(len(hit['calls']) for hit in ours)
    downloads = max(hit['downloads'] for hit in ours)
    return [
        Target('REST calls of a hit', calls, _HIT_CALLS, is_count=True),
        Target('downloads of a hit', downloads, 0, is_count=True),
    ]


_COLUMNS: Columns = {
    'pool': lambda hit: hit['pool'],
    'driver': lambda hit: hit['driver'],
    'route': lambda hit: hit['route'],
    'REST calls': lambda hit: len(hit['calls']),
    'new connections': lambda hit: hit['connections'],
    'downloads': lambda hit: hit['downloads'],
    'host I/O MiB': lambda hit: f'{hit["host_io"] / units.Mi:.0f}',
}
