"""What it took to get one image into three pools: copies, downloads, bytes.

Shared by the benchmarks that ask this of different images and orders.
"""

import collections
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import control, disks, storage
from benchmarks.arithmetic import copies_by_pool, copies_in_all, median
from benchmarks.model import Columns, Table, Target
from benchmarks.tenant import Made, Tenant
from lab.observer import Observer

POOLS = ('images', 'gold', 'bronze')
"""Three pools of one backend; Glance's store is in the FlexVol of the first."""
IMAGE_MIB = 64
NOTE = (
    "Copies: how often the image's bytes came into the pool's FlexVol, written by "
    'a host (seen on the disk) or copied by ONTAP (counted by the simulator). '
    "Clones and Glance's own file do not count."
)

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Fill:
    """An image that gets into pools, since volumes of it are asked for there."""

    driver: str
    title: str
    image_id: str
    disk: Path
    """The raw bytes that every volume must have."""
    pools: Sequence[str] = POOLS
    protocol: str = 'nfs'


def measure(tenant: Tenant, fill: Fill, create: Callable[[], list[Made]]) -> Row:
    """The row of one driver and one image.

    :param create: makes the volumes, the first ones of this image
    """
    observer = Observer(tenant.lab, fill.driver, fill.image_id, fill.protocol)
    with tenant.lab.console.step(f'{fill.driver}: {fill.title}'):
        mark, before = observer.mark(), control.copies_begun(tenant.lab)
        made = create()
        cost = observer.since(mark)
        after = control.copies_begun(tenant.lab)
    begun = {pool: after[pool] - before[pool] for pool in fill.pools}
    return {
        'driver': fill.driver,
        'image': fill.title,
        'downloads': cost.downloads,
        'conversions': cost.conversions,
        'file_clones': cost.file_clones,
        'file_copies': cost.file_copies,
        'calls': len(cost.calls),
        **_copies_made(_places(tenant, made, fill), begun),
        'routes': dict(collections.Counter(volume.route for volume in made)),
        'different': _different(tenant, made, fill.disk),
        'seconds': [volume.seconds for volume in made],
    }


def _copies_made(places: dict[str, set[int]], begun: dict[str, int]) -> dict[str, Any]:
    return {
        'copies': copies_by_pool(places, begun),
        'copies_in_all': copies_in_all(places, begun),
    }


def targets(rows: list[Row]) -> list[Target]:
    """What is asked of EIC's rows, whatever the image."""
    return [
        Target(f'{what}, {row["image"]}', measured, limit, is_count=True)
        for row in rows
        if row['driver'] == 'eic'
        for what, measured, limit in (
            ('copies in a pool', max(row['copies'].values()), 1),
            ('copies in all', row['copies_in_all'], len(row['copies'])),
            ('downloads in all', row['downloads'], 1),
            ('volumes with other bytes', row['different'], 0),
        )
    ]


def table(title: str, rows: list[Row]) -> Table:
    """The rows for people."""
    copies: Columns = {
        f'copies in {pool}': functools.partial(_copies, pool=pool)
        for pool in rows[0]['copies']
    }
    return Table.of(title, rows, {**_IMAGE_COLUMNS, **copies, **_COLUMNS})


def _copies(row: Row, pool: str) -> int:
    return int(row['copies'][pool])


_IMAGE_COLUMNS: Columns = {
    'image': lambda row: row['image'],
    'driver': lambda row: row['driver'],
}
_COLUMNS: Columns = {
    'downloads': lambda row: row['downloads'],
    'conversions': lambda row: row['conversions'],
    'file copies': lambda row: row['file_copies'],
    'file clones': lambda row: row['file_clones'],
    'REST calls': lambda row: row['calls'],
    'other bytes': lambda row: row['different'],
    'median s': lambda row: f'{median(row["seconds"]):.1f}',
}


def _places(tenant: Tenant, made: list[Made], fill: Fill) -> dict[str, set[int]]:
    """Where on the disk the volumes' and the cached images' bytes are."""
    original = disks.stored(tenant.lab, fill.image_id)
    return {
        pool: storage.places(_files(tenant, made, fill.image_id, pool), original)
        for pool in fill.pools
    }


def _files(
    tenant: Tenant, made: list[Made], image_id: str, pool: str
) -> Iterator[Path]:
    for volume in made:
        if volume.pool == pool:
            yield storage.volume_file(tenant.lab, pool, volume.id)
    yield storage.root(tenant.lab, pool) / f'img-cache-{image_id}'


def _different(tenant: Tenant, made: list[Made], disk: Path) -> int:
    size = disk.stat().st_size
    wanted = storage.sha256(disk, size)
    return sum(
        storage.sha256(storage.volume_file(tenant.lab, volume.pool, volume.id), size)
        != wanted
        for volume in made
    )
