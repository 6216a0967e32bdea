"""What the released services make of files that a recipe wrote, as JSON.

``python -m tests.functional.recipes.loaded cinder|nova CONF PASTE`` loads the pipelines
with PasteDeploy, and ``… backends CONF`` the drivers and weighers that cinder.conf
names. A process of its own, for the configuration of Cinder and Nova is global.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
_TIMEOUT = 60
_APPLICATIONS = {
    'cinder': ('openstack_volume_api_v3',),
    'nova': (
        'openstack_compute_api_v21',
        'openstack_compute_api_v21_legacy_v2_compatible',
    ),
}


def pipelines(service: str, conf: Path, paste: Path) -> dict[str, list[str]]:
    """The classes of each pipeline, from the outermost to the application."""
    return _run(service, str(conf), str(paste))


def backends(conf: Path, *directories: Path) -> dict[str, Any]:
    """What cinder-volume and cinder-scheduler would make of it.

    :param directories: as ``--config-dir``, behind it
    """
    return _run('backends', str(conf), *map(str, directories))


def _run(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, '-m', __name__, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _load(service: str, conf: str, paste: str) -> dict[str, list[str]]:
    from paste import deploy  # noqa: PLC0415

    options = _read(service, conf)
    if service == 'cinder':
        _start(options)
    return {
        name: [
            f'{type(each).__module__}:{type(each).__name__}'
            for each in _inwards(deploy.loadapp(f'config:{paste}', name=name))
        ]
        for name in _APPLICATIONS[service]
    }


def _read(service: str, conf: str, *directories: str) -> Any:
    if service == 'nova':
        from nova import config  # noqa: PLC0415

        config.parse_args(['nova-api', '--config-file', conf])
        return config.CONF
    from cinder import objects  # noqa: PLC0415
    from cinder.common import config as cinder_config  # noqa: PLC0415

    objects.register_all()
    for_tests = Path(conf).with_name('for_tests.conf')
    database = f'sqlite:///{for_tests.with_suffix(".sqlite")}'
    for_tests.write_text(
        f'[DEFAULT]\ntransport_url = fake:/\n[database]\nconnection = {database}\n'
        'sqlite_synchronous = False\n'
    )
    dirs = [part for each in directories for part in ('--config-dir', each)]
    files = ['--config-file', conf, *dirs, '--config-file', str(for_tests)]
    cinder_config.CONF(files, project='cinder')
    return cinder_config.CONF


def _start(options: Any) -> None:
    """cinder-api looks at its table of services, and has a bus."""
    from cinder import rpc  # noqa: PLC0415
    from cinder.db import migration  # noqa: PLC0415

    # SQLite has no pool.
    options.set_override('pool_timeout', None, 'database')
    options.set_override('max_overflow', None, 'database')
    migration.db_sync()
    rpc.init(options)


def _inwards(app: Any) -> Iterator[Any]:
    """Each filter, then the application: its router leads back to itself."""
    seen: list[Any] = []
    while app is not None:
        app = getattr(app, '__self__', app)
        if any(app is each for each in seen):
            return
        seen.append(app)
        yield app
        # Cinder's RequestId has itself as "application".
        names = ('_application', 'application', '_app', 'app')
        app = next((vars(app)[name] for name in names if name in vars(app)), None)


def _backends(conf: str, *directories: str) -> dict[str, Any]:
    options = _read('cinder', conf, *directories)
    from cinder.scheduler import host_manager, weights  # noqa: F401, PLC0415 - options
    from cinder.volume import configuration  # noqa: PLC0415
    from cinder.volume import manager as volume_manager  # noqa: PLC0415
    from keystoneauth1 import loading  # noqa: PLC0415
    from oslo_utils import importutils  # noqa: PLC0415

    from eic_plugins import config  # noqa: PLC0415

    config.register(options)
    loading.register_auth_conf_options(options, 'service_user')
    auth = loading.load_auth_from_conf_options(
        options, config.GROUP
    ) or loading.load_auth_from_conf_options(options, 'service_user')
    weighers = weights.OrderedHostWeightHandler(
        'cinder.scheduler.weights'
    ).get_all_classes()
    known = {each.__name__ for each in weighers}
    drivers = {}
    for name in options.enabled_backends or ():
        found = configuration.Configuration(
            volume_manager.volume_backend_opts, config_group=name
        )
        driver = importutils.import_class(found.volume_driver)
        drivers[name] = f'{driver.__module__}.{driver.__name__}'
    return {
        'drivers': drivers,
        'weighers': list(options.scheduler_default_weighers),
        'unknown_weighers': [
            name for name in options.scheduler_default_weighers if name not in known
        ],
        'user': auth._username,
        'password': auth._password,
        'project': auth._project_name,
        'interface': options.eic.glance_interface,
    }


if __name__ == '__main__':
    mode, *rest = sys.argv[1:]
    print(json.dumps(_backends(*rest) if mode == 'backends' else _load(mode, *rest)))
