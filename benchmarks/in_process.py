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
from typing import Any

from benchmarks.traces import Traces
from lab import cinder
from lab.errors import LabError
from lab.paths import REPOSITORY
from lab.processes import enter
from lab.topology import pools

_TIMEOUT = 180
_TYPE = '__DEFAULT__'
_FACTS = ('id', 'size', 'status', 'disk_format', 'container_format',
          'virtual_size', 'min_disk', 'os_hash_algo', 'os_hash_value',
          'updated_at')
_WARM_UP = 1
"""The first hit looks up what all others remember."""


def measure(traces: Traces, driver: str, image_id: str, pool_name: str,
            hits: int) -> dict[str, Any]:
    """CPU seconds of hits on a cached image that the pool has.

    :raises LabError: the process failed; its standard error is in the text
    """
    pool = next(pool for pool in pools()
                if (pool.driver, pool.name) == (driver, pool_name))
    volume_ids = [str(uuid.uuid4()) for _ in range(_WARM_UP + hits)]
    for volume_id in volume_ids:
        traces.expect(volume_id)
    return _run(traces, driver, {
        'driver': cinder.VOLUME_DRIVERS[driver],
        'configs': _configs(traces, driver), 'section': pool.backend_section,
        'share': pool.share, 'volume_ids': volume_ids, 'warm_up': _WARM_UP,
        'image': {key: value for key, value in traces.image(image_id).items()
                  if key in _FACTS}})


def _configs(traces: Traces, driver: str) -> list[str]:
    etc = traces.lab.paths / 'cinder/etc'
    own = traces.directory / f'in-process-{driver}.conf'
    database = traces.directory / f'in-process-{driver}.sqlite'
    database.unlink(missing_ok=True)
    own.write_text(f'[DEFAULT]\ndefault_volume_type = {_TYPE}\n'
                   'use_stderr = False\n'
                   f'[database]\nconnection = sqlite:///{database}\n')
    return [str(etc / 'cinder.conf'), str(etc / f'volume-{driver}.conf'),
            str(own)]


def _run(traces: Traces, driver: str, job: dict[str, Any]) -> dict[str, Any]:
    lab = traces.lab
    name = f'bench-in-process-{driver}'
    process = subprocess.Popen(
        [*enter(lab.holder()), sys.executable, '-m', 'benchmarks.in_process'],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
        env={**lab.processes.environment(name), 'PYTHONPATH': str(REPOSITORY)})
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
    hits = [_Hit(context, driver, job, volume_id)
            for volume_id in job['volume_ids']]
    for hit in hits[:job['warm_up']]:
        hit.make()
    measured = hits[job['warm_up']:]
    before = os.times()
    began = time.monotonic()
    for hit in measured:
        hit.make()
    seconds = time.monotonic() - began
    after = os.times()
    own = after.user + after.system - before.user - before.system
    # Not below zero, where floating point would put nothing.
    programs = max(after.children_user + after.children_system
                   - before.children_user - before.children_system, 0.0)
    for hit in hits:
        hit.remove()
    print(json.dumps({
        'volumes': len(measured), 'seconds': seconds,
        'per_volume': (own + programs) / len(measured),
        'programs_per_volume': programs / len(measured)}))
    # Cinder's and the driver's threads have nothing to finish.
    sys.stdout.flush()
    os._exit(0)


class _Hit:
    """One volume; what is not the driver's work is done beforehand."""

    def __init__(self, context: Any, driver: Any, job: dict[str, Any],
                 volume_id: str) -> None:
        db = importlib.import_module('cinder.db.api')
        types = importlib.import_module('cinder.volume.volume_types')
        objects = importlib.import_module('cinder.objects')
        self._context = context
        self._driver = driver
        self._meta = {**job['image'], 'properties': {}}
        db.volume_create(context, {
            'id': volume_id, 'size': 1, 'status': 'creating',
            'host': f'{driver.host}#{job["share"]}', 'display_name': 'bench',
            'project_id': 'bench', 'user_id': 'bench', 'metadata': {},
            'admin_metadata': {}, 'availability_zone': 'nova',
            'volume_type_id': types.get_volume_type_by_name(context, _TYPE)['id']})
        self.volume = objects.Volume.get_by_id(context, volume_id)

    def make(self) -> None:
        """The call that is measured."""
        # A hit asks Glance nothing: with None, it would fail.
        _, cloned = self._driver.clone_image(
            self._context, self.volume, (None, []), self._meta, None)
        if not cloned:
            raise LabError('The driver did not clone: no hit was measured.')

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
    arguments = [word for path in job['configs']
                 for word in ('--config-file', path)]
    config(arguments, project='cinder')
    objects.register_all()
    utils = importlib.import_module('cinder.utils')
    importlib.import_module('oslo_privsep.priv_context').init(
        root_helper=shlex.split(utils.get_root_helper()))
    importlib.import_module('cinder.coordination').COORDINATOR.start()
    admin = importlib.import_module('cinder.context').get_admin_context()
    _create_tables(admin)
    return admin, _driver(job, config, admin)


def _create_tables(admin: Any) -> None:
    api = importlib.import_module('cinder.db.api')
    models = importlib.import_module('cinder.db.models')
    models.BASE.metadata.create_all(api.get_engine())
    importlib.import_module('cinder.volume.volume_types').create(
        admin, _TYPE, {})


def _driver(job: dict[str, Any], config: Any, admin: Any) -> Any:
    configuration = importlib.import_module('cinder.volume.configuration')
    options = importlib.import_module('cinder.volume.driver').volume_opts
    backend = configuration.Configuration(options, config_group=job['section'])
    module, _, name = job['driver'].rpartition('.')
    driver = getattr(importlib.import_module(module), name)(
        configuration=backend, host=f'bench@{job["section"]}',
        db=importlib.import_module('cinder.db.api'), is_vol_db_empty=True)
    driver.do_setup(admin)
    driver.check_for_setup_error()
    driver.set_initialized()
    return driver


if __name__ == '__main__':
    sys.exit(main())
