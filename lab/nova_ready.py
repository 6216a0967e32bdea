"""What the lab has in Nova once it runs: mapped hosts, zones, flavors."""

from collections.abc import Sequence
from typing import Any

from keystoneauth1 import exceptions

from lab import identity, keystone, nova, nova_services, placement, rabbitmq
from lab.context import Lab
from lab.signs_of_life import since_start
from lab.specs import FlavorSpec
from lab.topology import DRIVERS, FLAVORS
from lab.waiting import wait_until

_HOST_SECONDS = 120


def ensure(lab: Lab) -> None:
    """Have both hosts up and in their zones, and the flavors."""
    wait_for_hosts(lab)
    lab.once('nova-hosts', repr(DRIVERS), lambda: _place_hosts(lab))
    lab.once('flavors', repr(FLAVORS), lambda: _create_flavors(lab))


def wait_for_hosts(lab: Lab, drivers: Sequence[str] = DRIVERS) -> None:
    """Wait until nova-compute has been heard of since it was started."""
    cloud = identity.admin(lab)
    wanted = {nova.host(driver): nova.compute_service(driver) for driver in drivers}

    def all_up() -> bool:
        lab.check_alive(
            keystone.NAME,
            rabbitmq.NAME,
            nova.API,
            placement.NAME,
            nova.CONDUCTOR,
            nova.SCHEDULER,
            *wanted.values(),
        )
        return wanted.keys() <= _up(lab, cloud, wanted)

    wait_until(
        all_up,
        f'{", ".join(wanted.values())} to be up',
        _HOST_SECONDS,
        cancel=lab.cancel,
        log=lab.paths.log(nova.compute_service(drivers[0])),
    )


def _up(lab: Lab, cloud: identity.Cloud, wanted: dict[str, str]) -> set[str]:
    try:
        listed = cloud.nova('GET', '/os-services?binary=nova-compute')
    except (exceptions.HttpError, exceptions.ConnectFailure):
        return set()
    return {
        entry['host']
        for entry in listed['services']
        if entry['state'] == 'up'
        and entry['host'] in wanted
        and since_start(lab, wanted[entry['host']], entry['updated_at'])
    }


def _place_hosts(lab: Lab) -> None:
    nova_services.discover_hosts(lab)
    cloud = identity.admin(lab)
    have = {
        entry['name']: entry
        for entry in cloud.nova('GET', '/os-aggregates')['aggregates']
    }
    for driver in DRIVERS:
        zone = nova.availability_zone(driver)
        aggregate = (
            have.get(zone)
            or cloud.nova(
                'POST',
                '/os-aggregates',
                {
                    'aggregate': {'name': zone, 'availability_zone': zone},
                },
            )['aggregate']
        )
        if nova.host(driver) not in (aggregate.get('hosts') or ()):
            cloud.nova(
                'POST',
                f'/os-aggregates/{aggregate["id"]}/action',
                {'add_host': {'host': nova.host(driver)}},
            )


def _create_flavors(lab: Lab) -> None:
    cloud = identity.admin(lab)
    have = {entry['name'] for entry in cloud.nova('GET', '/flavors')['flavors']}
    for flavor in FLAVORS:
        if flavor.name not in have:
            _create_flavor(cloud, flavor)


def _create_flavor(cloud: identity.Cloud, flavor: FlavorSpec) -> None:
    made: dict[str, Any] = cloud.nova(
        'POST',
        '/flavors',
        {
            'flavor': {
                'name': flavor.name,
                'id': flavor.name,
                'ram': flavor.ram_mib,
                'vcpus': flavor.vcpus,
                'disk': flavor.root_gib,
            }
        },
    )['flavor']
    if flavor.extra_specs:
        cloud.nova(
            'POST',
            f'/flavors/{made["id"]}/os-extra_specs',
            {'extra_specs': dict(flavor.extra_specs)},
        )
