"""How often is a QCOW2 image over three pools downloaded and converted?"""

from typing import Any

from benchmarks import disks, fills
from benchmarks.model import Answer, Target
from benchmarks.tenant import Made, Tenant
from lab.context import Lab
from lab.topology import DRIVERS

_ONE_BY_ONE = 'one pool after the other'
_AT_ONCE = 'all pools at once'


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    for order in (_ONE_BY_ONE, _AT_ONCE):
        for driver in DRIVERS:
            with Tenant(lab) as tenant:
                rows.append(_measure(tenant, driver, order))
    return _answer(rows).to_json()


def _measure(tenant: Tenant, driver: str, order: str) -> fills.Row:
    disk = disks.random_disk(tenant, fills.IMAGE_MIB)
    image_id = tenant.upload(disks.qcow2(disk), disk_format='qcow2')
    return fills.measure(
        tenant,
        fills.Fill(driver, order, image_id, disk),
        lambda: _create(tenant, driver, image_id, order),
    )


def _create(tenant: Tenant, driver: str, image_id: str, order: str) -> list[Made]:
    if order == _AT_ONCE:
        return tenant.create_at_once(image_id, driver, fills.POOLS)
    return [tenant.create(image_id, driver, pool) for pool in fills.POOLS]


def _answer(rows: list[fills.Row]) -> Answer:
    conversions = [
        Target(f'conversions, {row["image"]}', row['conversions'], 1, is_count=True)
        for row in rows
        if row['driver'] == 'eic'
    ]
    return Answer(
        'How often is a QCOW2 image over three pools downloaded and converted?',
        (*fills.targets(rows), *conversions),
        (
            fills.table(
                f'One volume in each of three pools, QCOW2 of {fills.IMAGE_MIB} MiB',
                rows,
            ),
        ),
        rows,
        (fills.NOTE,),
    )
