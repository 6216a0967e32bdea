"""How much CPU of cinder-volume's host does a hit cost?

It is measured twice: in the driver alone, in a process that runs nothing else
(:mod:`benchmarks.in_process`), and in the lab's cinder-volume. The second counts
RPC and database, too, which are the same for both drivers.
"""

import time
from typing import Any

from benchmarks import disks, in_process
from benchmarks.arithmetic import per_volume, ratio
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import Tenant
from lab.context import Lab
from lab.observer import Observer
from lab.topology import DRIVERS

_IMAGE_MIB = 32
_POOL = 'gold'
_SERVICE_HITS = 15
_DRIVER_HITS = 10
_IDLE_SECONDS = 60  # a round of the periodic tasks
_LIMIT = 0.2
_NOTES = (
    'In the driver: clone_image alone, with its database writes and the '
    'programs that it runs (sudo, rootwrap, qemu-img), in a process of its '
    'own on the same clusters and FlexVols.',
    'In cinder-volume: what it uses with nothing to do is subtracted.',
)

Rows = dict[str, dict[str, Any]]
"""By driver: what was measured in the driver alone, and in the service."""


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    with Tenant(lab) as tenant:
        disk = disks.random_disk(tenant, _IMAGE_MIB)
        images = {driver: tenant.upload(disk) for driver in DRIVERS}
        for driver, image_id in images.items():
            with lab.console.step(f'{driver}: the cached image'):
                tenant.create(image_id, driver, _POOL)
        tenant.delete_volumes()
        rows = {
            driver: {'driver': _in_driver(tenant, driver, image_id)}
            for driver, image_id in images.items()
        }
        idle = _idle_rates(lab, images)
        for driver, image_id in images.items():
            rows[driver]['service'] = _in_service(
                tenant, driver, image_id, idle[driver]
            )
    return _answer(rows).to_json()


def _in_driver(tenant: Tenant, driver: str, image_id: str) -> dict[str, Any]:
    with tenant.lab.console.step(f'{driver}: {_DRIVER_HITS} hits, the driver alone'):
        return in_process.measure(tenant, driver, {image_id: 1}, _POOL, _DRIVER_HITS)


def _idle_rates(lab: Lab, images: dict[str, str]) -> dict[str, float]:
    observers = {
        driver: Observer(lab, driver, image_id) for driver, image_id in images.items()
    }
    with lab.console.step('both drivers with nothing to do'):
        before = {driver: o.cpu() for driver, o in observers.items()}
        time.sleep(_IDLE_SECONDS)
        return {
            driver: (o.cpu() - before[driver]) / _IDLE_SECONDS
            for driver, o in observers.items()
        }


def _in_service(
    tenant: Tenant,
    driver: str,
    image_id: str,
    idle_rate: float,
) -> dict[str, Any]:
    observer = Observer(tenant.lab, driver, image_id)
    with tenant.lab.console.step(f'{driver}: {_SERVICE_HITS} hits'):
        mark, began = observer.mark(), time.monotonic()
        for _ in range(_SERVICE_HITS):
            tenant.create(image_id, driver, _POOL)
        seconds = time.monotonic() - began
        used = observer.since(mark).cpu
    tenant.delete_volumes()
    return {
        'volumes': _SERVICE_HITS,
        'cpu': used,
        'seconds': seconds,
        'idle_rate': idle_rate,
        'per_volume': per_volume(used, idle_rate, seconds, _SERVICE_HITS),
    }


def _answer(rows: Rows) -> Answer:
    in_driver, in_service = (_times_stock(rows, kind) for kind in ('driver', 'service'))
    return Answer(
        "How much CPU of cinder-volume's host does a hit cost?",
        (
            Target(
                'CPU of a hit in the driver, EIC / stock',
                in_driver,
                _LIMIT,
                is_count=False,
            ),
        ),
        (
            Table.of('CPU milliseconds of one hit', rows.items(), _COLUMNS),
            Table(
                'EIC / stock',
                ('in the driver', 'in cinder-volume'),
                ((f'{in_driver:.2f}', f'{in_service:.2f}'),),
            ),
        ),
        rows,
        _NOTES,
    )


def _times_stock(rows: Rows, kind: str) -> float:
    return ratio(rows['eic'][kind]['per_volume'], rows['stock'][kind]['per_volume'])


def _milliseconds(seconds: float) -> str:
    return f'{seconds * 1000:.0f}'


_COLUMNS: Columns = {
    'driver': lambda row: row[0],
    'in the driver': lambda row: _milliseconds(row[1]['driver']['per_volume']),
    'of which programs it runs': lambda row: _milliseconds(
        row[1]['driver']['programs_per_volume']
    ),
    'in cinder-volume': lambda row: _milliseconds(row[1]['service']['per_volume']),
}
