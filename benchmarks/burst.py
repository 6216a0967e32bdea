"""What does a burst of volumes of one cached image cost, and where does it go?

A thousand volumes at once, and a thousand more beside them, through cinder-api, on
NFS and on iSCSI, in turn by EIC and by the stock driver. The pool has the image, and
each driver clones: nothing is downloaded by either. Cinder, its drivers and the lab
are at their default options.
"""

from typing import Any

from benchmarks import (
    burst_answer,
    burst_side,
    disks,
    driver_metrics,
    usage,
    volume_burst,
)
from benchmarks.burst_side import Side
from benchmarks.tenant import Tenant
from benchmarks.volume_burst import Wanted
from lab.context import Lab
from lab.observer import Observer
from lab.topology import DRIVERS, pool_named

VOLUMES = 1000
POOLS = {'nfs': 'gold', 'iscsi': 'block-one'}
_IMAGE_MIB = 8
"""Small: a driver that copies it for its first volume should not wait for the disk."""
_WARM = 3
"""The cached image, and what a service looks up once."""


def run(lab: Lab, volumes: int = VOLUMES) -> dict[str, Any]:
    """The answer, as JSON can hold it.

    :param volumes: in each burst
    """
    sides = []
    for protocol in POOLS:
        for driver in DRIVERS:
            with Tenant(lab) as tenant:
                sides.append(_measure(tenant, protocol, driver, volumes))
    return burst_answer.answer([burst_side.row(side) for side in sides]).to_json()


def of_cached(tenant: Tenant, protocol: str, driver: str, volumes: int) -> Wanted:
    """So many volumes of an image that the driver's pool has."""
    pool = POOLS[protocol]
    image_id = tenant.upload(disks.random_disk(tenant, _IMAGE_MIB))
    with tenant.lab.console.step(f'{driver}: the cached image in {pool}'):
        for _ in range(_WARM):
            tenant.create(image_id, driver, pool)
    return Wanted(driver, pool, image_id, volumes)


def section(driver: str, pool: str) -> str:
    """The backend that has the pool."""
    return pool_named(driver, pool).backend_section


def _measure(tenant: Tenant, protocol: str, driver: str, volumes: int) -> Side:
    lab, wanted = tenant.lab, of_cached(tenant, protocol, driver, volumes)
    observer = Observer(lab, driver, wanted.image_id, protocol)
    before = driver_metrics.of(lab, section(driver, wanted.pool))
    usages, bursts, costs = [usage.now(lab)], [], []
    for name in ('first', 'second'):
        with lab.console.step(f'{driver}, {protocol}: the {name} {volumes}'):
            mark = observer.mark()
            bursts.append(volume_burst.ask(tenant, wanted, f'{name}-{driver}'))
            costs.append(observer.since(mark))
        usages.append(usage.now(lab))
    seconds = None
    if driver == 'eic':
        # Those of the warm-up may not have been written down yet.
        total = before.volumes + 2 * volumes
        told = driver_metrics.after(lab, section(driver, wanted.pool), total)
        seconds = told.seconds - before.seconds
    return Side(
        protocol,
        driver,
        (bursts[0], bursts[1]),
        (costs[0], costs[1]),
        (usages[0], usages[1], usages[2]),
        seconds,
    )
