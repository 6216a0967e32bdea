"""A second nova-compute on EIC's side, as a host of its own in the same zone.

``make lab`` starts one for each side; the tests of many servers start this one.
"""

from lab import files, identity, nova, nova_config, nova_ready, nova_services
from lab.context import Lab

HOST = f'{nova.host("eic")}-2'
NAME = f'{nova.compute_service("eic")}-2'


def start(lab: Lab) -> None:
    """Have it running, known to Nova, and in the zone."""
    files.write_private(
        nova.etc(lab) / f'{NAME}.conf',
        files.ini(nova_config.compute_sections(lab, 'eic', HOST)),
    )
    nova_services.start_compute(lab, 'eic', NAME)
    nova_ready.wait_for_services(lab, {HOST: NAME})
    nova_services.discover_hosts(lab)
    nova_ready.add_to_zone(identity.admin(lab), nova.availability_zone('eic'), HOST)


def stop(lab: Lab) -> None:
    """Stop it, and have Nova forget it. No server is on it any more."""
    cloud = identity.admin(lab)
    nova_ready.remove_from_zone(cloud, nova.availability_zone('eic'), HOST)
    lab.processes.stop(NAME)
    for each in cloud.nova('GET', f'/os-services?host={HOST}')['services']:
        cloud.nova('DELETE', f'/os-services/{each["id"]}')
