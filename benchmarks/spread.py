"""Do the volumes of one new image gather in one pool?

On the lab: 200 volumes of a new image, of a type that leads to the three pools of
one backend, asked for by some users at a time who each wait for their volume. The
stock driver's volumes go through the same scheduler, whose weigher prefers no
pool for them.

A thousand volumes, and more pools than the lab has, would take an hour and say
nothing more about the scheduler. :mod:`benchmarks.spread_model` does that with
Cinder's own host manager and weighers in one process.
"""

import collections
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import control, disks, fills, storage
from benchmarks.arithmetic import fullest
from benchmarks.model import Answer, Columns, Table, Target
from benchmarks.tenant import PREFIX, Made, Tenant
from lab import identity
from lab.context import Lab
from lab.errors import LabError
from lab.observer import Observer
from lab.paths import REPOSITORY
from lab.topology import DRIVERS, pools

POOLS = fills.POOLS
"""Three pools of one backend."""
VOLUMES = 200
USERS = 10
LIMIT = 1.25
"""The share of the fullest pool against an even one."""
MODELLED = ((3, 200), (3, 1000), (8, 200), (8, 1000))
_IMAGE_MIB = 64
_TIMEOUT = 300

_NONE_OF = {
    'slower': 'volumes that were downloaded beside the first one',
    'different': 'volumes with other bytes',
}

Row = dict[str, Any]


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    rows = []
    for driver in DRIVERS:
        with _volume_type(lab, driver) as kind, Tenant(lab) as tenant:
            rows.append(_measure(tenant, driver, kind))
    return _answer(rows, _modelled()).to_json()


@contextlib.contextmanager
def _volume_type(lab: Lab, driver: str) -> Iterator[str]:
    """A volume type that leads to the pools, as long as the context lasts."""
    cloud = identity.admin(lab)
    name = f'{PREFIX}spread-{driver}'
    _remove_type(cloud, name)
    shares = [
        pool.share for pool in pools() if pool.driver == driver and pool.name in POOLS
    ]
    cloud.cinder(
        'POST',
        '/types',
        {
            'volume_type': {
                'name': name,
                'extra_specs': {
                    'volume_backend_name': driver,
                    'pool_name': ' '.join(f'<or> {share}' for share in shares),
                },
            }
        },
    )
    try:
        yield name
    finally:
        _remove_type(cloud, name)


def _remove_type(cloud: identity.Cloud, name: str) -> None:
    for each in cloud.cinder('GET', '/types')['volume_types']:
        if each['name'] == name:
            cloud.cinder('DELETE', f'/types/{each["id"]}')


def _measure(tenant: Tenant, driver: str, kind: str) -> Row:
    lab = tenant.lab
    disk = disks.random_disk(tenant, _IMAGE_MIB)
    image_id = tenant.upload(disk)
    observer = Observer(lab, driver, image_id, 'nfs')
    with lab.console.step(f'{driver}: {VOLUMES} volumes over three pools'):
        mark, before = observer.mark(), control.copies_begun(lab)
        made = tenant.create_by_users(image_id, kind, VOLUMES, USERS)
        cost, after = observer.since(mark), control.copies_begun(lab)
    placed = _placed(lab, made)
    routes = collections.Counter(each.route for each in made)
    return {
        'where': 'lab',
        'driver': driver,
        'image': "in one pool's FlexVol",
        'volumes': len(made),
        'pools': {pool: len(placed[pool]) for pool in POOLS},
        'share': fullest([len(placed[pool]) for pool in POOLS]),
        'copies': {pool: after[pool] - before[pool] for pool in POOLS},
        'downloads': cost.downloads,
        'routes': dict(routes),
        'slower': routes['cinder_download'] + max(routes['download'] - 1, 0),
        'seconds': sorted(each.seconds for each in made),
        'different': _different(tenant, placed, disk),
    }


def _placed(lab: Lab, made: list[Made]) -> dict[str, list[str]]:
    """The volumes' ids by the pool that has their file."""
    placed: dict[str, list[str]] = {pool: [] for pool in POOLS}
    for volume in made:
        for pool in POOLS:
            if storage.volume_file(lab, pool, volume.id).exists():
                placed[pool].append(volume.id)
    return placed


def _different(tenant: Tenant, placed: dict[str, list[str]], disk: Any) -> int:
    """Of the first and the last one in each pool."""
    size = disk.stat().st_size
    wanted = storage.sha256(disk, size)
    return sum(
        storage.sha256(storage.volume_file(tenant.lab, pool, volume_id), size) != wanted
        for pool, ids in placed.items()
        for volume_id in {*ids[:1], *ids[-1:]}
    )


def _modelled() -> list[Row]:
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks.spread_model', json.dumps(MODELLED)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    if done.returncode:
        raise LabError(f'benchmarks.spread_model failed: {done.stderr}')
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def targets(row: Row) -> list[Target]:
    """What is asked of one of EIC's rows."""
    where = 'on the lab' if row['where'] == 'lab' else 'in a process'
    what = (
        f'{where}, {row["volumes"]} volumes, {len(row["pools"])} pools, image '
        f'{row["image"]}'
    )
    return [
        Target(
            f'share of the fullest pool against an even one: {what}',
            row['share'],
            LIMIT,
            is_count=True,
        ),
        Target(
            f'copies in a pool: {what}', max(row['copies'].values()), 1, is_count=True
        ),
        Target(f'downloads: {what}', row['downloads'], 1, is_count=True),
        *(
            Target(f'{title}: {what}', row[key], 0, is_count=True)
            for key, title in _NONE_OF.items()
            if key in row
        ),
    ]


def _answer(rows: list[Row], modelled: list[Row]) -> Answer:
    every = [*rows, *modelled]
    return Answer(
        'Do the volumes of one new image gather in one pool?',
        tuple(
            target for row in every if row['driver'] == 'eic' for target in targets(row)
        ),
        (
            Table.of(
                f'{USERS} users at a time, each waits for its volume; the lab',
                rows,
                _COLUMNS,
            ),
            Table.of(
                "Cinder's host manager and weighers in a process; "
                'time is counted, not spent',
                modelled,
                _COLUMNS,
            ),
        ),
        every,
        (
            'A share of 1 is an even one. Only pools of the cluster and of the '
            "volumes' type count.",
            'Copies: those that ONTAP began into the pool, for volumes and in the '
            'background.',
            'In a process, HostManager, its pool states, CapacityWeigher, '
            "EICImageLocalityWeigher and EIC's rule for spreading are real; the "
            'volumes, the copies, the reports and the time are counted: '
            'benchmarks/spread_model.py.',
        ),
    )


def _routes(row: Row) -> str:
    most_first = sorted(row['routes'].items(), key=lambda pair: -pair[1])
    return ', '.join(f'{count} {route}' for route, count in most_first) or '-'


_COLUMNS: Columns = {
    'volumes': lambda row: row['volumes'],
    'pools': lambda row: len(row['pools']),
    'image': lambda row: row['image'],
    'driver': lambda row: row['driver'],
    'volumes in each pool': lambda row: ' '.join(map(str, row['pools'].values())),
    'share': lambda row: f'{row["share"]:.2f}',
    'copies in a pool, most': lambda row: max(row['copies'].values()),
    'downloads': lambda row: row['downloads'],
    'routes': _routes,
}
