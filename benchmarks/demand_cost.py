"""What EIC's look at the demand for images costs Cinder's database, by its volumes.

    python -m benchmarks.demand_cost [VOLUMES ...]

Needs no lab; prints JSON. The query is EIC's own (``precache/demand.py``), on
Cinder's own tables in SQLite, in one directory that is deleted. A cluster has 10,000
volumes in ten pools, of 500 images, and each has four rows of image metadata; all
were made within the week that counts. One backend asks for the pools of its cluster.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from cinder import objects
from cinder.common import config as _registers_options  # noqa: F401
from oslo_config import cfg
from oslo_db.sqlalchemy import enginefacade
from oslo_utils import timeutils

from benchmarks.arithmetic import median
from benchmarks.id_forms import image_ids
from eic_plugins.precache import demand
from eic_plugins.support import compat

VOLUMES = (10_000, 100_000, 1_000_000)
OF_A_CLUSTER = 10_000
_POOLS = 10
_IMAGES = 500
_BATCH = 50_000
_WEEK = 604_800.0
_ROUNDS = 5
_KEYS = ('image_id', 'image_name', 'disk_format', 'container_format')


def rows(sizes: list[int]) -> list[dict[str, Any]]:
    """A row for each number of volumes, the smallest first."""
    compat.cinder_models().BASE.metadata.create_all(_engine())
    images, made, found = image_ids(0, _IMAGES), 0, []
    for size in sorted(sizes):
        for first in range(made, size, _BATCH):
            _add(range(first, min(first + _BATCH, size)), images)
        made = size
        with _engine().begin() as connection:
            connection.execute(sa.text('ANALYZE'))
        found.append(_row(size))
    return found


def _row(size: int) -> dict[str, Any]:
    pools = [_pool(0, number) for number in range(_POOLS)]
    wanted = demand.volumes_by_image(pools, _WEEK)
    return {
        'volumes': size,
        'of_the_cluster': sum(wanted.values()),
        'query_ms': median(list(_times(pools))),
    }


def _times(pools: list[str]) -> Iterator[float]:
    """Milliseconds of CPU; SQLite is in this process."""
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        demand.volumes_by_image(pools, _WEEK)
        yield (time.process_time_ns() - began) / 1e6


def _add(numbers: range, images: list[str]) -> None:
    models, now = compat.cinder_models(), timeutils.utcnow()
    ids = dict(zip(numbers, image_ids(numbers.start, len(numbers)), strict=True))
    volumes = [
        {
            'id': ids[number],
            'host': _pool(number // OF_A_CLUSTER, number % _POOLS),
            'created_at': now,
            'deleted': False,
            'use_quota': True,
            'volume_type_id': images[0],
        }
        for number in numbers
    ]
    metadata = [
        {
            'volume_id': ids[number],
            'key': key,
            'value': images[number % _IMAGES] if key == 'image_id' else key,
            'created_at': now,
            'deleted': False,
        }
        for number in numbers
        for key in _KEYS
    ]
    with _engine().begin() as connection:
        connection.execute(sa.insert(models.Volume.__table__), volumes)
        connection.execute(sa.insert(models.VolumeGlanceMetadata.__table__), metadata)


def _pool(cluster: int, number: int) -> str:
    return f'host@cluster{cluster}#pool{number}'


def _engine() -> Any:
    return compat.cinder_transactions().writer.get_engine()


def main(argv: list[str]) -> int:
    """Print the rows as JSON."""
    cfg.CONF([], project='cinder', default_config_files=[])
    objects.register_all()
    with tempfile.TemporaryDirectory() as directory:
        own = enginefacade.transaction_context()
        own.configure(
            connection=f'sqlite:///{directory}/cinder.sqlite', sqlite_fk=False
        )
        compat.cinder_transactions().patch_factory(own)
        print(json.dumps(rows([*map(int, argv[1:])] or [*VOLUMES])))
        own.dispose_pool()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
