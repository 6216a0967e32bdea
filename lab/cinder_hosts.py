"""Two hosts of cinder-volume on EIC's pools, whose locks are in etcd.

``make lab`` starts one host, with locks of files. The tests of several hosts have it
started anew with etcd, and a second one beside it: another ``host``, with a state
directory, mounts and a backend name of its own, on the same FlexVols.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from lab import cinder, cinder_services, etcd, files, identity
from lab.context import Lab
from lab.paths import venv_bin
from lab.signs_of_life import since_start
from lab.specs import PoolSpec
from lab.topology import BACKENDS, BLOCK_BACKENDS, all_pools
from lab.waiting import wait_until

FIRST = cinder.volume_service('eic')
SECOND = f'{FIRST}-2'
SECOND_HOST = f'{cinder.host("eic")}-2'
SECOND_TYPE = 'eic-2'
"""The ``volume_backend_name`` of the second host's backends."""
_SECONDS = 180


def start(lab: Lab) -> None:
    """Have etcd and both hosts started; their drivers take a while longer."""
    etcd.start(lab)
    write(lab)
    for name in (FIRST, SECOND):
        start_host(lab, name)


def start_host(lab: Lab, name: str, env: Mapping[str, str] | None = None) -> None:
    """Have one host started, with what :func:`write` has written.

    :param env: what stands in its environment besides
    """
    service = cinder_services.volume(lab, 'eic', name, configs(lab, name))
    merged = {**service.env, **(env or {})}
    lab.ensure(dataclasses.replace(service, env=merged), lambda: True)


def configs(lab: Lab, name: str) -> list[Path]:
    """The files that a host reads: the later ones count."""
    own = [_path(lab, 'second')] if name == SECOND else []
    return [*cinder.volume_configs(lab, 'eic'), _path(lab, 'locks'), *own]


def write(lab: Lab) -> None:
    """Write what the hosts have beyond the only one of `make lab`."""
    files.write_private(_path(lab, 'locks'), files.ini(shared(lab)))
    files.write_private(_path(lab, 'second'), files.ini(_second(lab)))


def shared(lab: Lab) -> dict[str, dict[str, object]]:
    """What stands in the configuration of each of several hosts."""
    return {
        'coordination': {'backend_url': etcd.url(lab)},
        # Nothing is made but what a test asks for.
        'eic': {
            'precache_interval': 0,
            'precache_notifications': False,
            'spread_volumes': 0,
        },
    }


def directories(own: Path, host: str) -> dict[str, object]:
    """What in [DEFAULT] is different in each host."""
    return {
        'host': host,
        'state_path': files.private_dir(own / 'state'),
        # Cinder empties it when it starts.
        'image_conversion_dir': files.private_dir(own / 'conversion'),
    }


def wait_for_pools(lab: Lab) -> None:
    """Wait until the scheduler knows the pools of both hosts."""
    cloud = identity.admin(lab)
    missing: list[str] = []

    def all_there() -> bool:
        lab.check_alive(etcd.NAME, FIRST, SECOND)
        missing[:] = _missing(lab, cloud)
        return not missing

    wait_until(
        all_there,
        lambda: f'the pools of both hosts; not there: {", ".join(missing)}',
        _SECONDS,
        cancel=lab.cancel,
    )


def second_pool(pool: PoolSpec) -> str:
    """A pool's full name at the second host."""
    return pool.host.replace(cinder.host(pool.driver), SECOND_HOST, 1)


def _missing(lab: Lab, cloud: identity.Cloud) -> list[str]:
    listed = cloud.cinder('GET', '/scheduler-stats/get_pools?detail=true')['pools']
    reported = {pool['name']: pool['capabilities']['timestamp'] for pool in listed}
    wanted = [
        (process, name)
        for pool in all_pools()
        if pool.driver == 'eic'
        for process, name in ((FIRST, pool.host), (SECOND, second_pool(pool)))
    ]
    return [
        name
        for process, name in wanted
        if not since_start(lab, process, reported.get(name))
    ]


def stop(lab: Lab) -> None:
    """Stop both and etcd, and have Cinder forget the second one."""
    for name in (SECOND, FIRST, etcd.NAME):
        lab.processes.stop(name)
    for backend in (*BACKENDS, *BLOCK_BACKENDS):
        forget(lab, f'{SECOND_HOST}@eic-{backend.name}')


def forget(lab: Lab, host: str) -> None:
    """Have Cinder forget a service that is stopped."""
    lab.run(
        'cinder-manage',
        [
            venv_bin('cinder-manage'),
            *files.config_flags([cinder.common_config(lab)]),
            *('service', 'remove', 'cinder-volume', host),
        ],
    )


def mount_base(lab: Lab) -> Path:
    """Where the second host has its shares mounted, in the namespace."""
    return _own(lab) / 'mnt'


def _own(lab: Lab) -> Path:
    return lab.paths / 'cinder/second'


def _second(lab: Lab) -> files.Sections:
    own = _own(lab)
    sections: dict[str, dict[str, object]] = {
        'DEFAULT': directories(own, SECOND_HOST),
        'eic': {'metrics_directory': files.private_dir(own / 'metrics')},
        'oslo_concurrency': {'lock_path': files.private_dir(own / 'locks')},
    }
    for backend in BACKENDS:
        sections[f'eic-{backend.name}'] = {
            'volume_backend_name': SECOND_TYPE,
            'nfs_mount_point_base': files.private_dir(mount_base(lab)),
        }
    for backend in BLOCK_BACKENDS:
        sections[f'eic-{backend.name}'] = {
            'volume_backend_name': f'{SECOND_TYPE}-block'
        }
    return sections


def _path(lab: Lab, name: str) -> Path:
    return cinder.etc(lab) / f'hosts-{name}.conf'
