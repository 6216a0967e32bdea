"""Glance, with its file store on a FlexVol that it has mounted over NFS.

A second store, ``local``, is a directory of the host: an image that is uploaded
there (``X-Image-Meta-Store: local``) is on no storage system.

The fields that show image locations to users are off (OSSN-0065); services
read locations through the Locations API, which asks for the role ``service``.
"""

from importlib.metadata import version
from pathlib import Path

from lab import files, identity, mariadb, namespace, rabbitmq, wsgi
from lab.context import Lab
from lab.paths import venv_bin, venv_etc
from lab.topology import IMAGE_SHARE

NAME = 'glance'
_STORE = 'images'
LOCAL_STORE = 'local'
_IMPORT_METHODS = '[glance-direct,web-download,copy-image,glance-download]'


def prepare(lab: Lab) -> None:
    """Write the configuration and make the tables."""
    _write_config(lab)
    mariadb.keep_tables(lab, 'glance', version('glance'), _create_tables, _sync)


def start(lab: Lab) -> None:
    """Have the image store mounted and Glance answering."""
    namespace.mount_share(lab, IMAGE_SHARE, lab.paths.image_store)
    _write_config(lab)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            NAME,
            'glance.wsgi.api:application',
            env={'OS_GLANCE_CONFIG_DIR': str(_conf(lab).parent)},
            configs=[_conf(lab), _metadata_file(lab)],
            in_namespace=True,
        ),
    )


def _create_tables(lab: Lab) -> None:
    mariadb.create_database(lab, NAME)
    _sync(lab)


def _sync(lab: Lab) -> None:
    lab.run(
        NAME,
        [venv_bin('glance-manage'), '--config-file', str(_conf(lab)), 'db', 'sync'],
    )


def location_metadata(lab: Lab) -> dict[str, str]:
    """What Glance says about the place of an image's file."""
    return {
        'id': 'images',
        'type': 'nfs',
        'share_location': f'nfs://{IMAGE_SHARE.replace(":", "", 1)}',
        'mountpoint': str(lab.paths.image_store),
    }


def _conf(lab: Lab) -> Path:
    return lab.paths / 'glance/etc/glance-api.conf'


def _metadata_file(lab: Lab) -> Path:
    return lab.paths / 'glance/etc/store-metadata.json'


def _write_config(lab: Lab) -> None:
    files.write_json(_metadata_file(lab), location_metadata(lab))
    files.write_private(_conf(lab), files.ini(_sections(lab)))


def _sections(lab: Lab) -> files.Sections:
    directory = lab.paths / 'glance'
    return {
        'DEFAULT': {
            'use_stderr': True,
            'enabled_backends': f'{_STORE}:file, {LOCAL_STORE}:file',
            'show_image_direct_url': False,
            'show_multiple_locations': False,
            'worker_self_reference_url': lab.ports.url(NAME),
            'node_staging_uri': f'file://{directory}/staging',
            'image_cache_dir': directory / 'cache',
            'enabled_import_methods': _IMPORT_METHODS,
        },
        # `eic images convert --import` has Glance convert; uploads stay as they are.
        'image_import_opts': {'image_import_plugins': "['image_conversion']"},
        'image_conversion': {'output_format': 'raw'},
        # From itself, and from nowhere else.
        'import_filtering_opts': {
            'allowed_hosts': '[127.0.0.1]',
            'allowed_ports': f'[{lab.ports[NAME]}]',
        },
        'glance_store': {'default_backend': _STORE},
        _STORE: {
            'filesystem_store_datadir': lab.paths.image_store,
            'filesystem_store_metadata_file': _metadata_file(lab),
        },
        LOCAL_STORE: {
            'filesystem_store_datadir': files.private_dir(directory / 'local'),
        },
        'os_glance_staging_store': {
            'filesystem_store_datadir': files.private_dir(directory / 'staging')
        },
        'os_glance_tasks_store': {
            'filesystem_store_datadir': files.private_dir(directory / 'tasks')
        },
        'database': {'connection': mariadb.url(lab, NAME)},
        'keystone_authtoken': identity.authtoken(lab, NAME),
        'paste_deploy': {
            'flavor': 'keystone',
            'config_file': venv_etc('glance/glance-api-paste.ini'),
        },
        'oslo_concurrency': {'lock_path': files.private_dir(directory / 'locks')},
        'oslo_messaging_notifications': {
            'driver': 'messagingv2',
            'transport_url': rabbitmq.url(lab),
            'retry': 3,
        },
    }
