"""What the lab has in Nova once it runs: mapped hosts, zones, flavors."""

from collections.abc import Mapping, Sequence
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
    wait_for_services(
        lab, {nova.host(driver): nova.compute_service(driver) for driver in drivers}
    )


def wait_for_services(
    lab: Lab, wanted: Mapping[str, str], others: Sequence[str] = ()
) -> None:
    """The same of hosts by name, each with its process.

    :param others: processes without which none of them will be up
    """
    cloud = identity.admin(lab)

    def all_up() -> bool:
        lab.check_alive(
            keystone.NAME,
            rabbitmq.NAME,
            nova.API,
            placement.NAME,
            nova.CONDUCTOR,
            nova.SCHEDULER,
            *others,
            *wanted.values(),
        )
        return wanted.keys() <= _up(lab, cloud, wanted)

    wait_until(
        all_up,
        f'{", ".join(wanted.values())} to be up',
        _HOST_SECONDS,
        cancel=lab.cancel,
        log=lab.paths.log(next(iter(wanted.values()))),
    )


def _up(lab: Lab, cloud: identity.Cloud, wanted: Mapping[str, str]) -> set[str]:
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
    place(lab, {nova.host(each): nova.availability_zone(each) for each in DRIVERS})


def place(lab: Lab, zones: Mapping[str, str]) -> None:
    """Have hosts, which must be known by now, mapped to cell1 and in their zones.

    :param zones: the availability zone by host
    """
    nova_services.discover_hosts(lab)
    cloud = identity.admin(lab)
    for host, zone in zones.items():
        _add_to_zone(cloud, zone, host)


def forget(lab: Lab, host: str) -> None:
    """Have Nova know nothing of a host that has been stopped."""
    cloud = identity.admin(lab)
    for each in cloud.nova('GET', f'/os-services?host={host}')['services']:
        cloud.nova('DELETE', f'/os-services/{each["id"]}')
    # Nova looks for the service of a server by the name of its host. If the name is
    # used again, it finds the deleted one, and takes the host for down (Nova 34).
    nova_services.archive_deleted(lab)


def _add_to_zone(cloud: identity.Cloud, zone: str, host: str) -> None:
    aggregate = (
        _aggregate(cloud, zone)
        or cloud.nova(
            'POST',
            '/os-aggregates',
            {'aggregate': {'name': zone, 'availability_zone': zone}},
        )['aggregate']
    )
    if host not in (aggregate.get('hosts') or ()):
        _change(cloud, aggregate, 'add_host', host)


def remove_from_zone(cloud: identity.Cloud, zone: str, host: str) -> None:
    """Have a host in no availability zone of that name."""
    aggregate = _aggregate(cloud, zone)
    if aggregate and host in aggregate['hosts']:
        _change(cloud, aggregate, 'remove_host', host)


def _aggregate(cloud: identity.Cloud, name: str) -> dict[str, Any] | None:
    listed = cloud.nova('GET', '/os-aggregates')['aggregates']
    return next((each for each in listed if each['name'] == name), None)


def _change(
    cloud: identity.Cloud, aggregate: dict[str, Any], action: str, host: str
) -> None:
    path = f'/os-aggregates/{aggregate["id"]}/action'
    cloud.nova('POST', path, {action: {'host': host}})


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
