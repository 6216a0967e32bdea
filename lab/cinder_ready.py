"""What the lab has in Cinder once the services run: volume types, pools."""

from collections.abc import Sequence
from typing import Any

from keystoneauth1 import exceptions

from lab import cinder, identity, keystone, rabbitmq
from lab.context import Lab
from lab.signs_of_life import since_start
from lab.specs import PoolSpec
from lab.topology import DRIVERS, all_pools, volume_types
from lab.waiting import wait_until

_BACKEND_SECONDS = 120


def ensure_volume_types(lab: Lab) -> None:
    """Have the volume types: one for each driver, one for each pool."""
    lab.once('volume-types', repr(volume_types()), lambda: _create_types(lab))


def _create_types(lab: Lab) -> None:
    cloud = identity.admin(lab)
    listed = cloud.cinder('GET', '/types?is_public=None')['volume_types']
    existing = {entry['name'] for entry in listed}
    for name, specs in volume_types().items():
        if name not in existing:
            cloud.cinder(
                'POST', '/types', {'volume_type': {'name': name, 'extra_specs': specs}}
            )


def wait_for_pools(lab: Lab, drivers: Sequence[str] = DRIVERS) -> None:
    """Wait until the backends are up and the scheduler knows their pools."""
    cloud = identity.admin(lab)
    missing: list[str] = []

    def all_up() -> bool:
        lab.check_alive(
            keystone.NAME,
            rabbitmq.NAME,
            cinder.API,
            cinder.SCHEDULER,
            *map(cinder.volume_service, drivers),
        )
        missing[:] = _missing(lab, cloud, drivers)
        return not missing

    wait_until(
        all_up,
        lambda: (
            'the pools of all backends; not up: '
            f'{", ".join(missing)}; see {lab.paths.logs}/cinder-*.log'
        ),
        _BACKEND_SECONDS,
        cancel=lab.cancel,
    )


def _missing(
    lab: Lab,
    cloud: identity.Cloud,
    drivers: Sequence[str],
) -> list[str]:
    try:
        services = cloud.cinder('GET', '/os-services')['services']
        listed = cloud.cinder('GET', '/scheduler-stats/get_pools?detail=true')['pools']
    except (exceptions.HttpError, exceptions.ConnectFailure):
        return ['cinder-api']
    # A backend whose driver failed to start is "up" for a while, but does not
    # report any pool.
    reported = {pool['name']: pool['capabilities']['timestamp'] for pool in listed}
    wanted = [pool for pool in all_pools() if pool.driver in drivers]
    return [
        *_down(lab, services, wanted),
        *(
            pool.host
            for pool in wanted
            if not since_start(
                lab, cinder.volume_service(pool.driver), reported.get(pool.host)
            )
        ),
    ]


def _down(
    lab: Lab,
    services: list[dict[str, Any]],
    needed: list[PoolSpec],
) -> list[str]:
    wanted = {('cinder-scheduler', 'lab'): cinder.SCHEDULER}
    for pool in needed:
        backend_host = f'{cinder.host(pool.driver)}@{pool.backend_section}'
        wanted['cinder-volume', backend_host] = cinder.volume_service(pool.driver)
    for entry in services:
        process = wanted.get((entry['binary'], entry['host']))
        if (
            process
            and entry['state'] == 'up'
            and since_start(lab, process, entry['updated_at'])
        ):
            del wanted[entry['binary'], entry['host']]
    return [f'{binary} {host}' for binary, host in wanted]
