"""Hosts with real guests: what `up` has of them in Nova, and one more for tests."""

import shutil
from collections.abc import Sequence

from lab import (
    guest_machine,
    guest_support,
    guests,
    identity,
    libvirtd,
    nova_guests,
    nova_ready,
)
from lab.context import Lab
from lab.errors import LabError
from lab.guests import GuestHost


def ensure_known(lab: Lab) -> None:
    """Have the hosts of `make lab` up, and in their zones."""
    wait_for(lab)
    lab.once('guest-hosts', repr(guests.HOSTS), lambda: _place(lab, guests.HOSTS))


def wait_for(lab: Lab, hosts: Sequence[GuestHost] = guests.HOSTS) -> None:
    """Wait until their nova-computes have been heard of since they were started."""
    nova_ready.wait_for_services(
        lab,
        {host.name: host.compute for host in hosts},
        [host.libvirtd for host in hosts],
    )


def start(lab: Lab, host: GuestHost = guests.SECOND) -> None:
    """Have one more host, known to Nova and in the zone of its side."""
    if not guest_support.there(lab):
        raise LabError(f'The lab has no guests: {guest_support.left_out(lab)}')
    boot(lab, host)
    wait_for(lab, [host])
    _place(lab, [host])


def boot(lab: Lab, host: GuestHost) -> None:
    """Have the machine running, with its services; do not wait for Nova."""
    guest_machine.start(lab, host)
    libvirtd.start(lab, host)
    nova_guests.start(lab, host)


def stop(lab: Lab, host: GuestHost = guests.SECOND) -> None:
    """Stop it, and have Nova forget it. No server is on it any more."""
    nova_ready.remove_from_zone(identity.admin(lab), host.zone, host.name)
    guest_machine.stop(lab, host)
    nova_ready.forget(lab, host.name)
    # Its identity is there, which Nova has forgotten.
    shutil.rmtree(guests.directory_of(lab, host))


def leave_out(lab: Lab) -> None:
    """End what may run of them, in a lab that has them no more."""
    for host in guests.ALL:
        if any(map(lab.processes.record, host.services)):
            with lab.console.step(f'stop {host.name}'):
                guest_machine.stop(lab, host)


def _place(lab: Lab, hosts: Sequence[GuestHost]) -> None:
    nova_ready.place(lab, {host.name: host.zone for host in hosts})
