"""What do 20 simultaneous first volumes of one image over three pools cost?"""

from typing import Any

from benchmarks import disks, fills
from benchmarks.arithmetic import spread
from benchmarks.model import Answer
from benchmarks.tenant import Tenant
from lab import glance
from lab.context import Lab
from lab.topology import DRIVERS

_VOLUMES = 20
_STORES = {
    "in the storage system, in one pool's FlexVol": None,
    'on a disk of Glance: a download': glance.LOCAL_STORE,
}


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    for title, store in _STORES.items():
        for driver in DRIVERS:
            with Tenant(lab) as tenant:
                rows.append(_measure(tenant, driver, title, store))
    return _answer(rows).to_json()


def _measure(
    tenant: Tenant,
    driver: str,
    title: str,
    store: str | None,
) -> fills.Row:
    disk = disks.random_disk(tenant, fills.IMAGE_MIB)
    image_id = tenant.upload(disk, store=store)
    return fills.measure(
        tenant,
        fills.Fill(driver, title, image_id, disk),
        lambda: tenant.create_at_once(image_id, driver, spread(_VOLUMES, fills.POOLS)),
    )


def _answer(rows: list[fills.Row]) -> Answer:
    return Answer(
        f'What do {_VOLUMES} simultaneous first volumes of one image over three '
        'pools cost?',
        tuple(fills.targets(rows)),
        (fills.table(f'{_VOLUMES} volumes at once, {fills.IMAGE_MIB} MiB', rows),),
        rows,
        (fills.NOTE,),
    )
