"""What stands in Cinder's configuration files."""

from pathlib import Path

from lab import (
    cinder,
    files,
    guests,
    identity,
    mariadb,
    qemu_img,
    rabbitmq,
    simulator,
)
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin, venv_etc
from lab.specs import BackendSpec, ClusterSpec
from lab.topology import BACKENDS, BLOCK_BACKENDS, DRIVERS, cluster_named

_WEIGHERS = 'CapacityWeigher,EICImageLocalityWeigher'


def write(lab: Lab) -> None:
    """Write every configuration file."""
    etc = cinder.etc(lab)
    qemu_img.install(lab)
    files.write_private(cinder.common_config(lab), files.ini(_common(lab)))
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
    for name in cinder.DEFAULT_TYPES:
        files.write_private(etc / f'{name}.conf', files.ini(api_sections(name)))
    for driver in DRIVERS:
        files.write_private(
            etc / f'volume-{driver}.conf', files.ini(volume_sections(lab, driver))
        )
        for backend in BACKENDS:
            _write_shares(lab, driver, backend)


def api_sections(name: str) -> files.Sections:
    """What a cinder-api adds to the common configuration."""
    return {
        'DEFAULT': {
            'api_paste_config': paste(name),
            'default_volume_type': cinder.DEFAULT_TYPES[name],
        }
    }


def volume_sections(lab: Lab, driver: str) -> files.Sections:
    """What a cinder-volume adds to the common configuration."""
    sections: dict[str, dict[str, object]] = {
        'DEFAULT': {
            'host': cinder.host(driver),
            'enabled_backends': ','.join(
                f'{driver}-{b.name}' for b in (*BACKENDS, *BLOCK_BACKENDS)
            ),
            # Only a backend with an image-volume cache uses it.
            **(identity.internal_tenant(lab) if driver == 'stock' else {}),
        },
        'coordination': {'backend_url': _coordination(lab, driver)},
    }
    if driver == 'eic':
        sections['eic'] = {'metrics_directory': files.private_dir(cinder.metrics(lab))}
        # One token for all volumes.
        sections['glance'] = {'auth_type': 'eic_shared_password'}
        # Into the service's log: a queue that nobody reads would fill.
        sections['oslo_messaging_notifications'] = {'driver': 'log'}
    for backend in BACKENDS:
        sections[f'{driver}-{backend.name}'] = _backend(lab, driver, backend)
    for backend in BLOCK_BACKENDS:
        sections[f'{driver}-{backend.name}'] = _block_backend(lab, driver, backend)
    return sections


def _backend(lab: Lab, driver: str, backend: BackendSpec) -> dict[str, object]:
    cluster = cluster_named(backend.cluster)
    return {
        'volume_backend_name': backend.volume_backend_name(driver),
        'volume_driver': cinder.VOLUME_DRIVERS[driver],
        **_ontap(lab, driver, cluster),
        'netapp_storage_protocol': 'nfs',
        'netapp_vserver': backend.svm,
        'nfs_shares_config': cinder.shares_file(lab, driver, backend),
        'nfs_mount_point_base': files.private_dir(cinder.mount_base(lab, driver)),
        # The shortest that Cinder allows: nobody should have to wait for it.
        'netapp_nfs_image_cache_cleanup_interval': 60,
        'nas_secure_file_operations': False,
        'nas_secure_file_permissions': False,
    }


def _block_backend(lab: Lab, driver: str, backend: BackendSpec) -> dict[str, object]:
    return {
        'volume_backend_name': backend.volume_backend_name(driver),
        'volume_driver': cinder.BLOCK_DRIVERS[driver],
        **_ontap(lab, driver, cluster_named(backend.cluster)),
        'netapp_storage_protocol': backend.protocol,
        'netapp_vserver': backend.svm,
        'netapp_lun_space_reservation': 'disabled',
        # Operators turn it on for a stock driver without clone_image. EIC's
        # driver has a clone_image.
        'image_volume_cache_enabled': driver == 'stock',
        'lab_flexvols': simulator.svm_directory(lab, backend),
        'lab_devices': guests.devices(lab),
    }


def _ontap(lab: Lab, driver: str, cluster: ClusterSpec) -> dict[str, object]:
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
            'rootwrap_config': cinder.etc(lab) / 'rootwrap.conf',
            'resource_query_filters_file': venv_etc('cinder/resource_filters.json'),
            'glance_api_servers': lab.ports.url('glance'),
            'scheduler_default_weighers': _WEIGHERS,
            'osapi_volume_workers': 1,
            # The lab must see soon that a service is up or down.
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
        # Nova hears from it that a volume of a server has been extended or rebuilt.
        'nova': service_user,
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
        cinder.etc(lab) / 'rootwrap.d',
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
    # One directory for each driver: neither waits for the other's locks.
    directory = files.private_dir(lab.paths / f'cinder/coordination/{name}')
    return f'file://{directory}'


def paste(name: str) -> Path:
    """The pipeline of a cinder-api."""
    if name == cinder.API:
        return REPOSITORY / 'api-paste.ini.sample'
    return venv_etc('cinder/api-paste.ini')


def _write_shares(lab: Lab, driver: str, backend: BackendSpec) -> None:
    shares = ''.join(f'{share}\n' for _, share in backend.shares)
    # root reads it with `cat`; nobody else may write it.
    files.write_private(cinder.shares_file(lab, driver, backend), shares, 0o640)
