"""An active-active cluster: two hosts of cinder-volume that take turns at one queue.

As an operator sets it up: ``cluster`` in both hosts' cinder.conf, the same backends,
``[coordination] backend_url`` for both. Each has a ``host``, a state directory and
mounts of its own. ``make lab`` has no cluster; its test starts one, instead of the
only host of EIC's pools.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import cinder, cinder_hosts, cinder_services, etcd, files, identity
from lab.context import Lab
from lab.signs_of_life import since_start
from lab.waiting import wait_until

NAME = 'lab-eic-cluster'
HOSTS = ('lab-eic-a', 'lab-eic-b')
BACKEND_NAMES = ('gold', 'block')
"""One of files, one of LUNs."""
_SECONDS = 180
_WITH_CLUSTERS = 'volume 3.7'
_SECTIONS = tuple(f'eic-{name}' for name in BACKEND_NAMES)


def service(host: str) -> str:
    """The name of a host's process."""
    return f'cinder-volume-{host}'


def backend_name(section: str) -> str:
    """The ``volume_backend_name`` of the cluster's backend, which has no other."""
    return f'{NAME}-{section}'


def start(lab: Lab) -> None:
    """Have etcd and both hosts started, and no other host on EIC's pools."""
    etcd.start(lab)
    lab.processes.stop(cinder_hosts.FIRST)
    for host in HOSTS:
        files.write_private(_config(lab, host), files.ini(_sections(lab, host)))
        start_host(lab, host)


def start_host(lab: Lab, host: str) -> None:
    """Have one host started, as :func:`start` has written it."""
    configs = [*cinder.volume_configs(lab, 'eic'), _config(lab, host)]
    lab.ensure(cinder_services.volume(lab, 'eic', service(host), configs), lambda: True)


def wait_for_services(lab: Lab, hosts: Sequence[str] = HOSTS) -> None:
    """Wait until Cinder knows these hosts' backends as members of the cluster."""
    cloud = identity.admin(lab)
    missing: list[str] = []

    def all_there() -> bool:
        lab.check_alive(etcd.NAME, *map(service, hosts))
        up = {
            each['host']: each['updated_at']
            for each in _services(cloud)
            if each['cluster'] and each['state'] == 'up'
        }
        missing[:] = [
            f'{host}@{section}'
            for host in hosts
            for section in _SECTIONS
            if not since_start(lab, service(host), up.get(f'{host}@{section}'))
        ]
        return not missing and not _unreported(cloud)

    wait_until(
        all_there,
        lambda: f'the backends of the cluster; not up: {", ".join(missing) or "pools"}',
        _SECONDS,
        cancel=lab.cancel,
    )


def _services(cloud: identity.Cloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.request(
        'GET',
        'cinder-api',
        f'/v3/{cloud.project_id}/os-services?binary=cinder-volume',
        headers={'OpenStack-API-Version': _WITH_CLUSTERS},
    )['services']
    return found


def _unreported(cloud: identity.Cloud) -> list[str]:
    listed = cloud.cinder('GET', '/scheduler-stats/get_pools')['pools']
    known = {pool['name'].partition('#')[0] for pool in listed}
    return [each for each in _SECTIONS if f'{NAME}@{each}' not in known]


def stop(lab: Lab) -> None:
    """Stop both and etcd, and have Cinder forget the hosts.

    The cluster stays without one: `cinder-manage cluster remove` of Cinder 29 ends in a
    traceback (its object does not expect that nothing was changed).
    """
    for name in (*map(service, HOSTS), etcd.NAME):
        lab.processes.stop(name)
    for host in HOSTS:
        for section in _SECTIONS:
            cinder_hosts.forget(lab, f'{host}@{section}')


def _sections(lab: Lab, host: str) -> files.Sections:
    own = lab.paths / f'cinder/{host}'
    sections: dict[str, dict[str, object]] = {
        'DEFAULT': {
            'cluster': NAME,
            'enabled_backends': ','.join(_SECTIONS),
            **cinder_hosts.directories(own, host),
        },
        **cinder_hosts.shared(lab),
        'oslo_concurrency': {'lock_path': files.private_dir(own / 'locks')},
    }
    sections['eic']['metrics_directory'] = files.private_dir(own / 'metrics')
    for section in _SECTIONS:
        sections[section] = {
            'volume_backend_name': backend_name(section),
            'nfs_mount_point_base': files.private_dir(own / 'mnt'),
        }
    return sections


def _config(lab: Lab, host: str) -> Path:
    return cinder.etc(lab) / f'{host}.conf'
