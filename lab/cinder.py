"""Cinder twice on the same storage: with EIC's plugins, and as released.

Two cinder-api processes (the catalog names the one with the EIC filter), one
cinder-scheduler, and two cinder-volume processes, ``lab-eic`` and
``lab-stock``, which differ in ``volume_driver`` and in the ONTAP user alone.
"""

from pathlib import Path

from lab import files, identity, mariadb, qemu_img, rabbitmq, simulator, wsgi
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin, venv_etc
from lab.service import Service
from lab.topology import (
    BACKENDS,
    BLOCK_BACKENDS,
    DRIVERS,
    Backend,
    Cluster,
    cluster_named,
)

API = 'cinder-api'
STOCK_API = 'cinder-api-stock'
SCHEDULER = 'cinder-scheduler'
VOLUME_DRIVERS = {
    'eic': 'eic_plugins.volume.nfs.EICNfsDriver',
    'stock': 'cinder.volume.drivers.netapp.common.NetAppDriver',
}
BLOCK_DRIVERS = {
    'eic': 'lab.fabric.EICISCSIDriver',
    'stock': 'lab.fabric.StockISCSIDriver',
}
# Who asks an API without saying the type gets its driver.
_DEFAULT_TYPES = {API: 'eic', STOCK_API: 'stock'}
_WEIGHERS = 'CapacityWeigher,EICImageLocalityWeigher'


def api_of(driver: str) -> str:
    """The cinder-api whose default volumes are this driver's."""
    return next(name for name, kind in _DEFAULT_TYPES.items() if kind == driver)


def volume_service(driver: str) -> str:
    """The name of a cinder-volume process."""
    return f'cinder-volume-{driver}'


def host(driver: str) -> str:
    """The ``host`` of a cinder-volume process."""
    return f'lab-{driver}'


def mount_base(lab: Lab, driver: str) -> Path:
    """Where a cinder-volume has its shares mounted, in the namespace."""
    return lab.paths / f'cinder/mnt-{driver}'


def metrics(lab: Lab) -> Path:
    """Where EIC's backends write their metrics."""
    return lab.paths / 'cinder/metrics'


def prepare(lab: Lab) -> None:
    """Write the configuration and make the tables."""
    write_config(lab)
    lab.once('cinder-db', '1', lambda: _create_tables(lab))


def _create_tables(lab: Lab) -> None:
    mariadb.create_database(lab, 'cinder')
    lab.run(
        'cinder-manage',
        [
            venv_bin('cinder-manage'),
            '--config-file',
            str(_etc(lab) / 'cinder.conf'),
            'db',
            'sync',
        ],
    )


def start_api(lab: Lab, name: str) -> None:
    """Have one cinder-api answering."""
    configs = [_etc(lab) / 'cinder.conf', _etc(lab) / f'{name}.conf']
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            name,
            'cinder.wsgi.api:application',
            arguments=_flags(configs),
            configs=[*configs, _paste(name)],
        ),
    )


def start_scheduler(lab: Lab) -> None:
    """Have the scheduler running."""
    configs = (_etc(lab) / 'cinder.conf',)
    lab.ensure(
        Service(SCHEDULER, (venv_bin(SCHEDULER), *_flags(configs)), configs=configs),
        lambda: True,
    )


def start_volume(lab: Lab, driver: str) -> None:
    """Have one cinder-volume running; cloud.py waits for its backends."""
    configs = (_etc(lab) / 'cinder.conf', _etc(lab) / f'volume-{driver}.conf')
    name = volume_service(driver)
    # lab.fabric is not installed.
    shares = [
        _shares_file(lab, driver, backend)
        for backend in BACKENDS
        if backend.protocol == 'nfs'
    ]
    lab.ensure(
        Service(
            name,
            (venv_bin('cinder-volume'), *_flags(configs)),
            env={'PYTHONPATH': str(REPOSITORY)},
            configs=(*configs, *shares),
            in_namespace=True,
            stop_seconds=20,
        ),
        lambda: True,
    )


def write_config(lab: Lab) -> None:
    """Write every configuration file."""
    etc = _etc(lab)
    qemu_img.install(lab)
    files.write_private(etc / 'cinder.conf', files.ini(_common(lab)))
    files.write_private(etc / 'rootwrap.conf', files.ini(_rootwrap(lab)))
    files.write_private(
        etc / 'rootwrap.d/lab.filters',
        files.ini(
            {
                # The packaged filter wants the configuration files below /etc.
                'Filters': {'privsep': 'CommandFilter, privsep-helper, root'}
            }
        ),
    )
    for name in (API, STOCK_API):
        files.write_private(etc / f'{name}.conf', files.ini(api_sections(name)))
    for driver in DRIVERS:
        files.write_private(
            etc / f'volume-{driver}.conf', files.ini(volume_sections(lab, driver))
        )
        for backend in BACKENDS:
            _write_shares(lab, driver, backend)


def api_sections(name: str) -> files.Sections:
    """What a cinder-api adds to the common configuration."""
    sections: dict[str, dict[str, object]] = {
        'DEFAULT': {
            'api_paste_config': _paste(name),
            'default_volume_type': _DEFAULT_TYPES[name],
        }
    }
    if name == API:
        # On two cores ten volumes at once take longer than the default.
        sections['eic'] = {'hold_budget': 15}
    return sections


def volume_sections(lab: Lab, driver: str) -> files.Sections:
    """What a cinder-volume adds to the common configuration."""
    sections: dict[str, dict[str, object]] = {
        'DEFAULT': {
            'host': host(driver),
            'enabled_backends': ','.join(
                f'{driver}-{b.name}' for b in (*BACKENDS, *BLOCK_BACKENDS)
            ),
            # Of use to the backends with an image-volume cache alone.
            **(identity.internal_tenant(lab) if driver == 'stock' else {}),
        },
        'coordination': {'backend_url': _coordination(lab, driver)},
    }
    if driver == 'eic':
        sections['eic'] = {'metrics_directory': files.private_dir(metrics(lab))}
        # One token, not one a volume.
        sections['glance'] = {'auth_type': 'eic_shared_password'}
        # Into the service's log: a queue that nobody reads would fill.
        sections['oslo_messaging_notifications'] = {'driver': 'log'}
    for backend in BACKENDS:
        sections[f'{driver}-{backend.name}'] = _backend(lab, driver, backend)
    for backend in BLOCK_BACKENDS:
        sections[f'{driver}-{backend.name}'] = _block_backend(lab, driver, backend)
    return sections


def _backend(lab: Lab, driver: str, backend: Backend) -> dict[str, object]:
    cluster = cluster_named(backend.cluster)
    return {
        'volume_backend_name': backend.volume_backend_name(driver),
        'volume_driver': VOLUME_DRIVERS[driver],
        **_ontap(lab, driver, cluster),
        'netapp_storage_protocol': 'nfs',
        'netapp_vserver': backend.svm,
        'nfs_shares_config': _shares_file(lab, driver, backend),
        'nfs_mount_point_base': files.private_dir(mount_base(lab, driver)),
        # The shortest that Cinder allows: who looks at the lab does not wait.
        'netapp_nfs_image_cache_cleanup_interval': 60,
        'nas_secure_file_operations': False,
        'nas_secure_file_permissions': False,
    }


def _block_backend(lab: Lab, driver: str, backend: Backend) -> dict[str, object]:
    return {
        'volume_backend_name': backend.volume_backend_name(driver),
        'volume_driver': BLOCK_DRIVERS[driver],
        **_ontap(lab, driver, cluster_named(backend.cluster)),
        'netapp_storage_protocol': backend.protocol,
        'netapp_vserver': backend.svm,
        'netapp_lun_space_reservation': 'disabled',
        # What an operator of the stock driver turns on where it has no
        # clone_image; EIC's driver has.
        'image_volume_cache_enabled': driver == 'stock',
        'lab_flexvols': simulator.svm_directory(lab, backend),
    }


def _ontap(lab: Lab, driver: str, cluster: Cluster) -> dict[str, object]:
    return {
        'netapp_storage_family': 'ontap_cluster',
        'netapp_use_legacy_client': False,
        'netapp_allow_zapi_fallback': False,
        'netapp_server_hostname': cluster.address,
        'netapp_server_port': lab.ports.cluster(cluster),
        'netapp_transport_type': 'https',
        'netapp_ssl_cert_path': simulator.ca_file(lab),
        'netapp_login': driver,
        'netapp_password': lab.secrets[f'ontap-{driver}'],
    }


def _common(lab: Lab) -> files.Sections:
    state = files.private_dir(lab.paths / 'cinder/state')
    service_user = identity.credentials(lab, 'cinder')
    return {
        'DEFAULT': {
            'use_stderr': True,
            'host': 'lab',
            'state_path': state,
            'image_conversion_dir': files.private_dir(lab.paths / 'cinder/conversion'),
            'transport_url': rabbitmq.url(lab),
            'auth_strategy': 'keystone',
            'rootwrap_config': _etc(lab) / 'rootwrap.conf',
            'resource_query_filters_file': venv_etc('cinder/resource_filters.json'),
            'glance_api_servers': lab.ports.url('glance'),
            'scheduler_default_weighers': _WEIGHERS,
            'osapi_volume_workers': 1,
            # The lab must tell soon that a service is up or down.
            'report_interval': 3,
            'service_down_time': 30,
            'quota_volumes': -1,
            'quota_snapshots': -1,
            'quota_gigabytes': -1,
            'per_volume_size_limit': -1,
        },
        'database': {'connection': mariadb.url(lab, 'cinder')},
        'keystone_authtoken': identity.authtoken(lab, 'cinder'),
        'service_user': {**service_user, 'send_service_user_token': True},
        # Lets Cinder itself read image locations.
        'glance': service_user,
        'eic': {
            **identity.credentials(lab, 'eic'),
            'precache_notifications': True,
            'precache_interval': 30,
        },
        'coordination': {'backend_url': _coordination(lab, 'shared')},
        'oslo_concurrency': {
            'lock_path': files.private_dir(lab.paths / 'cinder/locks')
        },
        'oslo_messaging_notifications': {'driver': 'noop'},
    }


def _rootwrap(lab: Lab) -> files.Sections:
    filters = (
        venv_etc('cinder/rootwrap.d'),
        venv_etc('os-brick/rootwrap.d'),
        _etc(lab) / 'rootwrap.d',
    )
    directories = (
        qemu_img.directory(lab),
        Path(venv_bin('')),
        '/usr/sbin',
        '/usr/bin',
        '/sbin',
        '/bin',
    )
    return {
        'DEFAULT': {
            'filters_path': ','.join(map(str, filters)),
            'exec_dirs': ','.join(map(str, directories)),
            'use_syslog': False,
        }
    }


def _coordination(lab: Lab, name: str) -> str:
    # Apart, so that neither driver waits for the other's locks.
    directory = files.private_dir(lab.paths / f'cinder/coordination/{name}')
    return f'file://{directory}'


def _paste(name: str) -> Path:
    if name == API:
        return REPOSITORY / 'api-paste.ini.sample'
    return venv_etc('cinder/api-paste.ini')


def _etc(lab: Lab) -> Path:
    return lab.paths / 'cinder/etc'


def _shares_file(lab: Lab, driver: str, backend: Backend) -> Path:
    return _etc(lab) / f'shares-{driver}-{backend.name}'


def _write_shares(lab: Lab, driver: str, backend: Backend) -> None:
    shares = ''.join(f'{share}\n' for _, share in backend.shares)
    # Read by a `cat` as root, but never writable to anybody else.
    files.write_private(_shares_file(lab, driver, backend), shares, 0o640)


def _flags(configs: tuple[Path, ...] | list[Path]) -> list[str]:
    return [word for path in configs for word in ('--config-file', str(path))]
