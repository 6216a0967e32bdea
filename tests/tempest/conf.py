"""``tempest.conf`` of one side of the lab. It has a password, and is 0600."""

from pathlib import Path

from lab import files, identity
from lab.context import Lab
from lab.topology import REGION
from tests.tempest.cloud import IMAGE_MIB, Prepared, service_types

_SECONDS = 180
"""For a volume or a server to get where it should."""


def write(lab: Lab, side: str, found: Prepared, folder: Path) -> Path:
    """The file; its folder is the run's."""
    path = folder / 'tempest.conf'
    files.write_private(path, files.ini(sections(lab, side, found, folder)))
    return path


def sections(lab: Lab, side: str, found: Prepared, folder: Path) -> files.Sections:
    """What it says: where the cloud is, what it has, and what it cannot."""
    types = service_types(side)
    waits = {'build_timeout': _SECONDS, 'build_interval': 1}
    return {
        'DEFAULT': {'log_file': folder / 'tempest.log', 'debug': False},
        'oslo_concurrency': {'lock_path': files.private_dir(folder / 'locks')},
        'auth': {
            'use_dynamic_credentials': True,
            'create_isolated_networks': False,
            'tempest_roles': 'member',
            'admin_username': identity.ADMIN_USER,
            'admin_project_name': identity.ADMIN_PROJECT,
            'admin_domain_name': 'Default',
            'admin_password': lab.secrets[f'user-{identity.ADMIN_USER}'],
        },
        'identity': {
            'auth_version': 'v3',
            'uri_v3': identity.auth_url(lab),
            'region': REGION,
        },
        'service_available': {
            'cinder': True,
            'glance': True,
            'nova': True,
            'neutron': False,
            'swift': False,
            'horizon': False,
            'barbican': False,
            'eic': side == 'eic',
        },
        'image': {'region': REGION},
        'compute': {
            'catalog_type': types['compute'],
            'region': REGION,
            'image_ref': found.images[0],
            'image_ref_alt': found.images[1],
            'flavor_ref': found.flavors[0],
            'flavor_ref_alt': found.flavors[1],
            'min_microversion': '2.1',
            'max_microversion': 'latest',
            **waits,
        },
        # What the fake virt driver can, and what needs no network.
        'compute-feature-enabled': {
            'resize': False,
            'cold_migration': False,
            'live_migration': False,
            'console_output': True,
            'metadata_service': False,
            'interface_attach': False,
            'config_drive': True,
            'vnc_console': False,
            'attach_encrypted_volume': False,
        },
        'validation': {'run_validation': False},
        'volume': {
            'catalog_type': types['volume'],
            'region': REGION,
            'min_microversion': '3.0',
            'max_microversion': 'latest',
            'storage_protocol': 'nfs',
            'vendor_name': 'NetApp',
            **waits,
        },
        'volume-feature-enabled': {
            'backup': False,
            'snapshot': True,
            'clone': True,
            'volume_revert': True,
            'extend_attached_volume': True,
            'concurrency_tests': True,
        },
        'eic': {
            'volume_type': 'eic-gold' if side == 'eic' else '',
            'image_size': IMAGE_MIB,
        },
    }
