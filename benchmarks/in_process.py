"""Measures one driver's ``clone_image``, without the rest of cinder-volume.

In a process of its own (:mod:`benchmarks.clone_hits`) inside the lab's mount
namespace. The driver is configured from the files of the lab's cinder-volume and
works on the same clusters, mounts and FlexVols, as the same ONTAP user, through
the same sudo and rootwrap. Its database is an empty SQLite.
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from benchmarks.clone_hits import DEFAULT_TYPE
from benchmarks.tenant import Tenant
from lab import cinder, identity
from lab.errors import LabError
from lab.paths import REPOSITORY
from lab.processes import enter
from lab.topology import SERVICE_PROJECT, pools

_TIMEOUT = 180
_FACTS = (
    'id',
    'size',
    'status',
    'disk_format',
    'container_format',
    'virtual_size',
    'min_disk',
    'os_hash_algo',
    'os_hash_value',
    'updated_at',
)
_WARM_UP = 1
"""Rounds: the first hit looks up what all others remember."""


def measure(
    tenant: Tenant, driver: str, images: Mapping[str, int], pool_name: str, rounds: int
) -> dict[str, Any]:
    """CPU of hits on images that the pool has, and the wall time of each.

    :param images: GiB of the volumes by the image's id; the images take turns
    :raises LabError: the process failed; its standard error is in the text
    """
    pool = next(
        pool for pool in pools() if (pool.driver, pool.name) == (driver, pool_name)
    )
    jobs = [
        {'volume_id': str(uuid.uuid4()), 'image_id': image_id, 'size': size}
        for _ in range(_WARM_UP + rounds)
        for image_id, size in images.items()
    ]
    for job in jobs:
        tenant.expect(str(job['volume_id']))
    return _run(
        tenant,
        driver,
        {
            'driver': cinder.VOLUME_DRIVERS[driver],
            'configs': _configs(tenant, driver),
            'section': pool.backend_section,
            'share': pool.share,
            'volumes': jobs,
            'warm_up': _WARM_UP * len(images),
            'images': {image_id: _facts(tenant, image_id) for image_id in images},
        },
    )


def _facts(tenant: Tenant, image_id: str) -> dict[str, Any]:
    """What cinder-volume would have found out before it asks the driver."""
    service = identity.Cloud(tenant.lab, 'cinder', SERVICE_PROJECT)
    image = tenant.image(image_id)
    return {
        'meta': {**{key: image.get(key) for key in _FACTS}, 'properties': {}},
        'locations': service.request(
            'GET', 'glance', f'/v2/images/{image_id}/locations'
        ),
    }


def _configs(tenant: Tenant, driver: str) -> list[str]:
    own = tenant.directory / f'in-process-{driver}.conf'
    database = tenant.directory / f'in-process-{driver}.sqlite'
    database.unlink(missing_ok=True)
    own.write_text(
        f'[DEFAULT]\ndefault_volume_type = {DEFAULT_TYPE}\n'
        'use_stderr = False\n'
        f'[database]\nconnection = sqlite:///{database}\n'
        # The disk of a database is not what is measured.
        'sqlite_synchronous = False\n'
        # Nor is what the driver does besides, in other threads.
        '[eic]\nprecache_interval = 0\n'
        'precache_notifications = False\nspread_volumes = 0\n'
    )
    return [*map(str, cinder.volume_configs(tenant.lab, driver)), str(own)]


def _run(tenant: Tenant, driver: str, job: dict[str, Any]) -> dict[str, Any]:
    lab = tenant.lab
    name = f'bench-in-process-{driver}'
    process = subprocess.Popen(
        [*enter(lab.holder()), sys.executable, '-m', 'benchmarks.clone_hits'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**lab.processes.environment(name), 'PYTHONPATH': str(REPOSITORY)},
    )
    try:
        answer, errors = process.communicate(json.dumps(job), _TIMEOUT)
    except subprocess.TimeoutExpired as err:
        raise LabError(f'{name} took more than {_TIMEOUT} s.') from err
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise LabError(f'{name} failed: {errors[-2000:]}')
    measured: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return measured
