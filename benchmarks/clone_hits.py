"""One driver's ``clone_image`` again and again, in a process that does nothing else.

    python -m benchmarks.clone_hits < JOB

JOB is JSON, as :mod:`benchmarks.in_process` writes it; the answer on standard
output is JSON too: CPU seconds of a volume, and the seconds of each by image.
"""

import importlib
import json
import os
import shlex
import sys
import time
from typing import Any

from lab.errors import LabError

DEFAULT_TYPE = '__DEFAULT__'
"""The one volume type of its database."""


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
        type_id = types.get_volume_type_by_name(context, DEFAULT_TYPE)['id']
        db.volume_create(context, _row(driver, job, wanted, type_id))
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


def _row(
    driver: Any, job: dict[str, Any], wanted: dict[str, Any], type_id: str
) -> dict[str, Any]:
    """The volume in the database, when cinder-volume asks the driver."""
    return {
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
        'volume_type_id': type_id,
    }


def _start(job: dict[str, Any]) -> tuple[Any, Any]:
    """Cinder's libraries as cinder-volume sets them up, and the driver."""
    # Imported here: whoever starts this imports the module, too, and no Cinder.
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
    driver = _driver(job, config, admin)
    _create_service(admin, driver.host)
    return admin, driver


def _create_tables(admin: Any) -> None:
    api = importlib.import_module('cinder.db.api')
    models = importlib.import_module('cinder.db.models')
    models.BASE.metadata.create_all(api.get_engine())
    types = importlib.import_module('cinder.volume.volume_types')
    types.create(admin, DEFAULT_TYPE, {})


def _create_service(admin: Any, host: str) -> None:
    """The one that the driver is in: it is looked up once, if it is there."""
    objects = importlib.import_module('cinder.objects')
    names = {'binary': 'cinder-volume', 'topic': 'cinder-volume'}
    objects.Service(admin, host=host, **names).create()


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
