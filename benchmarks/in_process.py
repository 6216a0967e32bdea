"""One driver's ``clone_image`` in a process that does nothing else.

    python -m benchmarks.in_process < JOB

The driver is configured from the files of the lab's cinder-volume and works on
the same clusters, mounts and FlexVols, as the same ONTAP user, through the same
sudo and rootwrap. Its database is an empty SQLite. JOB is JSON; the answer on
standard output is JSON too. :func:`measure` starts it, inside the lab's mount
namespace.
"""

import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

from benchmarks.tenant import Tenant
from lab import cinder, identity
from lab.errors import LabError
from lab.paths import REPOSITORY
from lab.processes import enter
from lab.topology import SERVICE_PROJECT, pools

_TIMEOUT = 180
_TYPE = '__DEFAULT__'
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
        f'[DEFAULT]\ndefault_volume_type = {_TYPE}\n'
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
        [*enter(lab.holder()), sys.executable, '-m', 'benchmarks.in_process'],
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
    found: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return found


def main() -> int:
    """Do the job on standard input."""
    job = json.load(sys.stdin)
    context, driver = _start(job)
    hits = [_Hit(context, driver, job, volume) for volume in job['volumes']]
    for hit in hits[: job['warm_up']]:
        hit.make()
    measured = hits[job['warm_up'] :]
    before = os.times()
    seconds: dict[str, list[float]] = {image_id: [] for image_id in job['images']}
    for hit in measured:
        seconds[hit.image_id].append(hit.make())
    used = _used(before, os.times(), len(measured))
    for hit in hits:
        hit.remove()
    print(json.dumps({'volumes': len(measured), 'seconds': seconds, **used}))
    # Cinder's and the driver's threads have nothing to finish.
    sys.stdout.flush()
    os._exit(0)


def _used(
    before: os.times_result,
    after: os.times_result,
    volumes: int,
) -> dict[str, float]:
    """CPU seconds of one volume."""
    own = after.user + after.system - before.user - before.system
    # Not below zero, where floating point would put nothing.
    programs = max(
        after.children_user
        + after.children_system
        - before.children_user
        - before.children_system,
        0.0,
    )
    return {
        'per_volume': (own + programs) / volumes,
        'programs_per_volume': programs / volumes,
    }


class _Hit:
    """One volume; what is not the driver's work is done beforehand."""

    def __init__(
        self, context: Any, driver: Any, job: dict[str, Any], wanted: dict[str, Any]
    ) -> None:
        db = importlib.import_module('cinder.db.api')
        types = importlib.import_module('cinder.volume.volume_types')
        objects = importlib.import_module('cinder.objects')
        self.image_id = wanted['image_id']
        self._image = job['images'][self.image_id]
        self._context = context
        self._driver = driver
        db.volume_create(
            context,
            {
                'id': wanted['volume_id'],
                'size': wanted['size'],
                'status': 'creating',
                'display_name': 'bench',
                'host': f'{driver.host}#{job["share"]}',
                'metadata': {},
                'project_id': 'bench',
                'user_id': 'bench',
                'admin_metadata': {},
                'availability_zone': 'nova',
                'volume_type_id': types.get_volume_type_by_name(context, _TYPE)['id'],
            },
        )
        self.volume = objects.Volume.get_by_id(context, wanted['volume_id'])

    def make(self) -> float:
        """The call that is measured; its seconds."""
        began = time.monotonic()
        # A hit asks Glance nothing: with None, it would fail.
        _, cloned = self._driver.clone_image(
            self._context,
            self.volume,
            (None, self._image['locations']),
            self._image['meta'],
            None,
        )
        seconds = time.monotonic() - began
        if not cloned:
            raise LabError('The driver did not clone: no hit was measured.')
        return seconds

    def remove(self) -> None:
        """Through the driver, so that ONTAP is told."""
        self.volume.provider_location = self.volume.host.partition('#')[2]
        self._driver.delete_volume(self.volume)


def _start(job: dict[str, Any]) -> tuple[Any, Any]:
    """Cinder's libraries as cinder-volume sets them up, and the driver."""
    # Imported here: the parent, which imports this module too, has no Cinder.
    config = importlib.import_module('oslo_config.cfg').CONF
    importlib.import_module('cinder.common.config')
    objects = importlib.import_module('cinder.objects')
    arguments = [word for path in job['configs'] for word in ('--config-file', path)]
    config(arguments, project='cinder')
    objects.register_all()
    utils = importlib.import_module('cinder.utils')
    importlib.import_module('oslo_privsep.priv_context').init(
        root_helper=shlex.split(utils.get_root_helper())
    )
    importlib.import_module('cinder.coordination').COORDINATOR.start()
    admin = importlib.import_module('cinder.context').get_admin_context()
    _create_tables(admin)
    return admin, _driver(job, config, admin)


def _create_tables(admin: Any) -> None:
    api = importlib.import_module('cinder.db.api')
    models = importlib.import_module('cinder.db.models')
    models.BASE.metadata.create_all(api.get_engine())
    importlib.import_module('cinder.volume.volume_types').create(admin, _TYPE, {})


def _driver(job: dict[str, Any], config: Any, admin: Any) -> Any:
    configuration = importlib.import_module('cinder.volume.configuration')
    options = importlib.import_module('cinder.volume.driver').volume_opts
    backend = configuration.Configuration(options, config_group=job['section'])
    module, _, name = job['driver'].rpartition('.')
    driver = getattr(importlib.import_module(module), name)(
        configuration=backend,
        host=f'bench@{job["section"]}',
        db=importlib.import_module('cinder.db.api'),
        is_vol_db_empty=True,
    )
    driver.do_setup(admin)
    driver.check_for_setup_error()
    driver.set_initialized()
    return driver


if __name__ == '__main__':
    sys.exit(main())
