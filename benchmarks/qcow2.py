"""How often is a QCOW2 image over three pools downloaded and converted?"""

from typing import Any

from benchmarks import images, storage
from benchmarks.model import Answer, Target
from benchmarks.simultaneous import POOLS, copies_per_pool, costs, table, targets
from benchmarks.traces import Made, Traces
from lab.context import Lab
from lab.demo.observe import Observer
from lab.topology import DRIVERS

_IMAGE_MIB = 64
_ONE_BY_ONE = 'one pool after the other'
_AT_ONCE = 'all pools at once'


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    for order in (_ONE_BY_ONE, _AT_ONCE):
        for driver in DRIVERS:
            with Traces(lab) as traces:
                rows.append(_measure(traces, driver, order))
    return _answer(rows).to_json()


def _measure(traces: Traces, driver: str, order: str) -> dict[str, Any]:
    disk = images.random_disk(traces, _IMAGE_MIB)
    size = disk.stat().st_size
    image_id = traces.upload(images.qcow2(disk), disk_format='qcow2')
    observer = Observer(traces.lab, driver, image_id)
    with traces.lab.console.step(f'{driver}: QCOW2, {order}'):
        mark = observer.mark()
        made = _create(traces, driver, image_id, order)
        cost = observer.since(mark)
    digest = storage.sha256(disk, size)
    return {
        'driver': driver, 'image': order, **costs(cost),
        'copies': copies_per_pool(traces, made, image_id),
        'routes': {volume.pool: volume.route for volume in made},
        'different': sum(
            storage.sha256(storage.volume_file(
                traces.lab, volume.pool, volume.id), size) != digest
            for volume in made),
        'seconds': [volume.seconds for volume in made],
    }


def _create(traces: Traces, driver: str, image_id: str, order: str) -> list[Made]:
    if order == _AT_ONCE:
        return traces.create_at_once(image_id, driver, POOLS)
    return [traces.create(image_id, driver, pool) for pool in POOLS]


def _answer(rows: list[dict[str, Any]]) -> Answer:
    conversions = [Target(f'conversions, {row["image"]}', row['conversions'], 1,
                          is_count=True)
                   for row in rows if row['driver'] == 'eic']
    return Answer(
        'How often is a QCOW2 image over three pools downloaded and converted?',
        (*targets(rows), *conversions),
        (table(f'One volume in each of three pools, QCOW2 of {_IMAGE_MIB} MiB',
               rows),), rows)
