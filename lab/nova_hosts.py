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
    nova_ready.place(lab, {HOST: nova.availability_zone('eic')})


def stop(lab: Lab) -> None:
    """Stop it, and have Nova forget it. No server is on it any more."""
    nova_ready.remove_from_zone(
        identity.admin(lab), nova.availability_zone('eic'), HOST
    )
    lab.processes.stop(NAME)
    nova_ready.forget(lab, HOST)
