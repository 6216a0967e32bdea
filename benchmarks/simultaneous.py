"""What do 20 simultaneous first volumes of one image over three pools cost?"""

import collections
import dataclasses
from typing import Any

from benchmarks import images, storage
from benchmarks.arithmetic import median, spread
from benchmarks.model import Answer, Table, Target
from benchmarks.traces import Made, Traces
from lab import glance
from lab.context import Lab
from lab.demo.observe import Cost, Observer
from lab.topology import DRIVERS

POOLS = ('images', 'gold', 'bronze')
_VOLUMES = 20
_IMAGE_MIB = 64


@dataclasses.dataclass(frozen=True)
class _Case:
    title: str
    store: str | None


_CASES = (_Case("in the storage system, in one pool's FlexVol", None),
          _Case('on a disk of Glance: a download', glance.LOCAL_STORE))


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    for case in _CASES:
        for driver in DRIVERS:
            with Traces(lab) as traces:
                rows.append(_measure(traces, driver, case))
    return _answer(rows).to_json()


def _measure(traces: Traces, driver: str, case: _Case) -> dict[str, Any]:
    disk = images.random_disk(traces, _IMAGE_MIB)
    size = disk.stat().st_size
    image_id = traces.upload(disk, store=case.store)
    observer = Observer(traces.lab, driver, image_id)
    with traces.lab.console.step(f'{driver}: {_VOLUMES} at once'):
        mark = observer.mark()
        made = traces.create_at_once(image_id, driver, spread(_VOLUMES, POOLS))
        cost = observer.since(mark)
    digest = storage.sha256(disk, size)
    return {
        'driver': driver, 'image': case.title, **costs(cost),
        'copies': copies_per_pool(traces, made, image_id),
        'routes': dict(collections.Counter(volume.route for volume in made)),
        'different': sum(
            storage.sha256(storage.volume_file(
                traces.lab, volume.pool, volume.id), size) != digest
            for volume in made),
        'seconds': [volume.seconds for volume in made],
    }


def costs(cost: Cost) -> dict[str, int]:
    """The counts of a benchmark that downloads."""
    return {'downloads': cost.downloads, 'conversions': cost.conversions,
            'file_clones': cost.file_clones, 'file_copies': cost.file_copies,
            'calls': len(cost.calls)}


def copies_per_pool(traces: Traces, made: list[Made], image_id: str,
                    ) -> dict[str, int]:
    """How many times the image's bytes were written in each pool."""
    lab = traces.lab
    return {pool: storage.copies(
        [storage.volume_file(lab, pool, volume.id)
         for volume in made if volume.pool == pool]
        + [storage.root(lab, pool) / f'img-cache-{image_id}'],
        images.stored(lab, image_id)) for pool in POOLS}


def targets(rows: list[dict[str, Any]]) -> list[Target]:
    """What is asked of EIC's rows."""
    return [target for row in rows if row['driver'] == 'eic' for target in (
        Target(f'copies in a pool, {row["image"]}',
               max(row['copies'].values()), 1, is_count=True),
        Target(f'downloads in all, {row["image"]}', row['downloads'], 1,
               is_count=True),
        Target(f'volumes with other bytes, {row["image"]}',
               row['different'], 0, is_count=True))]


def table(title: str, rows: list[dict[str, Any]]) -> Table:
    """The rows for people."""
    header = ('image', 'driver', *(f'copies in {pool}' for pool in POOLS),
              'downloads', 'conversions', 'file copies', 'file clones',
              'REST calls', 'other bytes', 'median s')
    return Table(title, header, tuple((
        row['image'], row['driver'], *(str(row['copies'][p]) for p in POOLS),
        *(str(row[key]) for key in ('downloads', 'conversions', 'file_copies',
                                    'file_clones', 'calls', 'different')),
        f'{median(row["seconds"]):.1f}') for row in rows))


def _answer(rows: list[dict[str, Any]]) -> Answer:
    return Answer(
        f'What do {_VOLUMES} simultaneous first volumes of one image over three '
        'pools cost?', tuple(targets(rows)),
        (table(f'{_VOLUMES} volumes at once, {_IMAGE_MIB} MiB', rows),), rows,
        ("Copies are counted on the disk: how often the image's bytes were "
         "written in the pool's FlexVol, Glance's own file not counted.",))
