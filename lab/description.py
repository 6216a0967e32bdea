"""Describes the running lab to programs (lab.json) and people (openrc).

All of these files hold or lead to passwords and are 0600.
"""

import sys
from typing import Any

from lab import cinder, files, guest_support, guests, identity, nova, simulator
from lab.context import Lab, log_paths
from lab.processes import enter
from lab.specs import ClusterSpec, PoolSpec
from lab.topology import (
    CLUSTERS,
    COMPUTE_MICROVERSION,
    DEMO_PROJECT,
    DEMO_USER,
    IMAGE_SHARE,
    ONTAP_USERS,
    REGION,
    block_pools,
    flexvol_of,
    pools,
)

_VOLUME_MICROVERSION = '3.71'
_PROJECTS = {identity.ADMIN_USER: identity.ADMIN_PROJECT, DEMO_USER: DEMO_PROJECT}


def write(lab: Lab) -> None:
    """Write lab.json, clouds.yaml and an openrc for each person."""
    for user in _PROJECTS:
        files.write_private(lab.paths / f'openrc-{user}', openrc(lab, user))
    # JSON is YAML.
    files.write_json(
        lab.paths / 'clouds.yaml',
        {
            'clouds': {
                **{f'lab-{user}': _cloud(lab, user) for user in _PROJECTS},
                **{
                    f'lab-{user}-stock': {**_cloud(lab, user), **stock_overrides(lab)}
                    for user in _PROJECTS
                },
            }
        },
    )
    files.write_json(lab.paths.lab_json, describe(lab))


def openrc(lab: Lab, user: str) -> str:
    """Shell lines that let `openstack` act as this user."""
    variables = {f'OS_{key.upper()}': value for key, value in _auth(lab, user).items()}
    variables |= {
        'OS_REGION_NAME': REGION,
        'OS_IDENTITY_API_VERSION': '3',
        'OS_VOLUME_API_VERSION': _VOLUME_MICROVERSION,
        'OS_COMPUTE_API_VERSION': COMPUTE_MICROVERSION,
    }
    return ''.join(f"export {name}='{value}'\n" for name, value in variables.items())


def describe(lab: Lab) -> dict[str, Any]:
    """What lab.json holds."""
    return {
        'version': 1,
        'state_dir': str(lab.paths.state),
        'venv': sys.prefix,
        'urls': {
            'keystone': identity.auth_url(lab),
            'glance': lab.ports.url('glance'),
            'cinder': f'{lab.ports.url(cinder.API)}/v3',
            'cinder_stock': f'{lab.ports.url(cinder.STOCK_API)}/v3',
            'nova': _nova_url(lab, nova.API),
            'nova_stock': _nova_url(lab, nova.STOCK_API),
            'placement': lab.ports.url('placement'),
        },
        'region': REGION,
        'openrc': {u: str(lab.paths / f'openrc-{u}') for u in _PROJECTS},
        'clouds_yaml': str(lab.paths / 'clouds.yaml'),
        'users': {u: _auth_reference(lab, u) for u in _PROJECTS},
        'clusters': {c.name: _cluster(lab, c) for c in CLUSTERS},
        'pools': {p.volume_type: _pool(lab, p) for p in pools()},
        'block_pools': {p.volume_type: _block_pool(lab, p) for p in block_pools()},
        'image_store': {
            **_location(lab, IMAGE_SHARE),
            'mount': str(lab.paths.image_store),
        },
        'guests': guests_by_side() if guest_support.there(lab) else {},
        'guests_left_out': guest_support.left_out(lab),
        'services': _services(lab),
        'namespace': {
            'pid': lab.holder(),
            'enter': enter(lab.holder()),
            'root': f'/proc/{lab.holder()}/root',
        },
    }


def _auth(lab: Lab, user: str) -> dict[str, str]:
    return {
        'auth_url': identity.auth_url(lab),
        'username': user,
        'password': lab.secrets[f'user-{user}'],
        'project_name': _PROJECTS[user],
        'user_domain_name': 'Default',
        'project_domain_name': 'Default',
    }


def _auth_reference(lab: Lab, user: str) -> dict[str, str]:
    auth = _auth(lab, user)
    del auth['password']
    return {**auth, 'password_file': str(lab.secrets.file(f'user-{user}'))}


def _cloud(lab: Lab, user: str) -> dict[str, Any]:
    return {
        'auth': _auth(lab, user),
        'region_name': REGION,
        'identity_api_version': 3,
        'volume_api_version': _VOLUME_MICROVERSION,
        'compute_api_version': COMPUTE_MICROVERSION,
    }


def stock_overrides(lab: Lab) -> dict[str, str]:
    """What leads a client past the catalog, to the stock pipelines."""
    return {
        'compute_endpoint_override': _nova_url(lab, nova.STOCK_API),
        'block_storage_endpoint_override': f'{lab.ports.url(cinder.STOCK_API)}/v3',
    }


def _nova_url(lab: Lab, name: str) -> str:
    return f'{lab.ports.url(name)}/v2.1'


def _cluster(lab: Lab, cluster: ClusterSpec) -> dict[str, Any]:
    return {
        'url': lab.ports.cluster_url(cluster),
        'ca': str(simulator.ca_file(lab)),
        'data_dir': str(lab.paths.data_dir(cluster.name)),
        'topology': str(simulator.config_file(lab, cluster)),
        'users': {
            user: {'password_file': str(lab.secrets.file(f'ontap-{user}'))}
            for user in ONTAP_USERS
        },
    }


def _pool(lab: Lab, pool: PoolSpec) -> dict[str, Any]:
    return {
        **_location(lab, pool.share),
        'driver': pool.driver,
        'volume_type': pool.volume_type,
        'backend': pool.backend_section,
        'host': pool.host,
    }


def _block_pool(lab: Lab, pool: PoolSpec) -> dict[str, Any]:
    directory = simulator.svm_directory(lab, pool.backend) / pool.share
    return {
        'cluster': pool.backend.cluster,
        'svm': pool.backend.svm,
        'flexvol': pool.share,
        'directory': str(directory),
        'directory_from_host': f'/proc/{lab.holder()}/root{directory}',
        'driver': pool.driver,
        'volume_type': pool.volume_type,
        'backend': pool.backend_section,
        'host': pool.host,
    }


def guests_by_side() -> dict[str, Any]:
    """By side, the zone that its real guests run in, and its hosts."""
    return {
        host.driver: {'zone': host.zone, 'hosts': [host.name]} for host in guests.HOSTS
    }


def _location(lab: Lab, share: str) -> dict[str, Any]:
    cluster, svm, volume = flexvol_of(share)
    return {
        'share': share,
        'cluster': cluster.name,
        'svm': svm.name,
        'flexvol': volume.name,
        'junction_path': volume.junction_path,
        'directory': str(simulator.flexvol_directory(lab, share)),
        'directory_from_host': str(simulator.flexvol_directory_from_host(lab, share)),
    }


def _services(lab: Lab) -> dict[str, Any]:
    return {
        name: {
            'pid': record.pid,
            'in_namespace': record.in_namespace,
            **{k: str(v) for k, v in log_paths(lab, name).items()},
        }
        for name, record in lab.processes.records().items()
        if record.alive()
    }
