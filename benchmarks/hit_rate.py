"""How often does the stock driver's volume find Cinder's image-volume cache?

Volumes of one new image are made one after the other. Their type leads to two pools
of LUNs of the unmodified stock driver, whose backend has Cinder's own cache. This
is done with the released scheduler, which does not look at that cache, and with
EIC's weigher after one ``eic precache``.
"""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from benchmarks import disks, storage
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import Made, Tenant
from lab import image_volumes, weigher
from lab.context import Lab
from lab.errors import LabError
from lab.observer import Observer

_IMAGE_MIB = 64
_VOLUMES = 10
_POOLS = ('block-one', 'block-two')
_TYPE = ('stock', 'iscsi')
_SECONDS = 300
_TITLE = f'{_VOLUMES} volumes of a new image over two pools'

Row = dict[str, Any]


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    return _answer(
        [
            _measure(lab, 'Cinder alone', weigher.left_out, lambda *_: None),
            _measure(
                lab, 'weigher, after one precache', lambda _: nullcontext(), _precache
            ),
        ]
    ).to_json()


def _measure(
    lab: Lab,
    title: str,
    scheduler: Callable[[Lab], AbstractContextManager[None]],
    prepare: Callable[[Lab, str], None],
) -> Row:
    with scheduler(lab), Tenant(lab) as tenant:
        disk = disks.random_disk(tenant, _IMAGE_MIB)
        image_id = tenant.upload(disk)
        observer = Observer(lab, 'stock', image_id, 'iscsi')
        with lab.console.step(f'{title}: before the first volume'):
            mark = observer.mark()
            prepare(lab, image_id)
            prepared = observer.since(mark)
        with lab.console.step(f'{title}: {_VOLUMES} volumes'):
            mark = observer.mark()
            made = [tenant.create(image_id, *_TYPE) for _ in range(_VOLUMES)]
            cost = observer.since(mark)
        digest = storage.sha256(disk, disk.stat().st_size)
        return {
            'title': title,
            'volumes': _VOLUMES,
            'downloads_before': prepared.downloads,
            'misses': cost.downloads,
            'different': sum(
                _digest(lab, each, disk.stat().st_size) != digest for each in made
            ),
        }


def _precache(lab: Lab, image_id: str) -> None:
    done = subprocess.run(
        image_volumes.precache_command(lab, image_id, '--pool', 'stock-block'),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LabError(f'eic precache failed: {done.stdout}{done.stderr}')


def _digest(lab: Lab, volume: Made, size: int) -> str:
    """Of the volume, in whichever pool the scheduler has put it."""
    return next(
        filter(
            None,
            (
                storage.sha256(storage.volume_file(lab, pool, volume.id), size)
                for pool in _POOLS
            ),
        ),
        '',
    )


def _answer(rows: list[Row]) -> Answer:
    different = sum(row['different'] for row in rows)
    return Answer(
        "How often does the stock driver's volume find Cinder's image-volume cache?",
        (
            Target('misses after one precache', rows[-1]['misses'], 0, is_count=True),
            Target('volumes with other bytes', different, 0, is_count=True),
        ),
        (Table.of(_TITLE, rows, _COLUMNS),),
        rows,
        ('A miss is a download of the image by cinder-volume.',),
    )


_COLUMNS: Columns = {
    'scheduler': lambda row: row['title'],
    'downloads before': lambda row: row['downloads_before'],
    'misses': lambda row: row['misses'],
    'hits, percent': lambda row: f'{100 * (1 - row["misses"] / row["volumes"]):.0f}',
    'other bytes': lambda row: row['different'],
}
