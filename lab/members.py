"""The services of the lab, each described once: how it starts, and after what."""

import dataclasses
import enum
import functools
from collections.abc import Callable, Sequence

from lab import (
    cinder,
    cinder_config,
    cinder_ready,
    cinder_services,
    glance,
    guest_hosts,
    guest_machine,
    guest_support,
    guests,
    keystone,
    libvirtd,
    mariadb,
    namespace,
    no_network,
    nova,
    nova_config,
    nova_guests,
    nova_ready,
    nova_services,
    placement,
    preparations,
    rabbitmq,
    simulator,
)
from lab.context import HOLDER, Lab
from lab.topology import CLUSTERS, DRIVERS


class Wave(enum.IntEnum):
    """Who stops with whom: a service stops before those that it uses."""

    USERS = 0
    SHARED = 1
    STORES = 2
    PORT_MAPPER = 3
    NAMESPACE = 4


@dataclasses.dataclass(frozen=True)
class Member:
    """A service of the lab."""

    name: str
    start: Callable[[Lab], None]
    """Has it running and answering."""
    wave: Wave
    needs: tuple[str, ...] = ()
    """Members and preparations that come before it."""
    configure: Callable[[Lab], None] | None = None
    """Writes its configuration, where a preparation does that for several."""
    settle: Callable[[Lab], None] | None = None
    """Waits until others know it, where a preparation does that for several."""
    of_guests: bool = False
    """Left out in a lab without real guests."""

    def start_alone(self, lab: Lab) -> None:
        """Have it running and known, in a lab that is up."""
        if self.configure:
            self.configure(lab)
        self.start(lab)
        if self.settle:
            self.settle(lab)


def _simulators() -> Sequence[Member]:
    # One after the other: the first one makes the CA that they share.
    before = HOLDER
    members = []
    for cluster in CLUSTERS:
        start = functools.partial(simulator.start, cluster=cluster)
        members.append(Member(cluster.service, start, Wave.STORES, (before,)))
        before = cluster.service
    return members


def _infrastructure() -> Sequence[Member]:
    return (
        Member(HOLDER, namespace.start, Wave.NAMESPACE),
        *_simulators(),
        Member(mariadb.NAME, mariadb.start, Wave.STORES),
        Member(rabbitmq.EPMD, rabbitmq.start_port_mapper, Wave.PORT_MAPPER),
        Member(rabbitmq.NAME, rabbitmq.start, Wave.STORES, (rabbitmq.EPMD,)),
        Member(
            keystone.NAME, keystone.start, Wave.SHARED, (preparations.KEYSTONE_TABLES,)
        ),
        Member(
            glance.NAME,
            glance.start,
            Wave.SHARED,
            (preparations.GLANCE_TABLES, *(cluster.service for cluster in CLUSTERS)),
        ),
    )


def _of_cinder() -> Sequence[Member]:
    member = functools.partial(Member, wave=Wave.USERS, configure=cinder_config.write)
    reached = (preparations.CINDER_TABLES, rabbitmq.NAME)
    return (
        member(cinder.SCHEDULER, cinder_services.start_scheduler, needs=reached),
        *(
            member(
                name,
                functools.partial(cinder_services.start_api, name=name),
                needs=reached,
            )
            for name in cinder.DEFAULT_TYPES
        ),
        *(
            member(
                cinder.volume_service(driver),
                functools.partial(cinder_services.start_volume, driver=driver),
                needs=(
                    preparations.INTERNAL_TENANT,
                    rabbitmq.NAME,
                    *(cluster.service for cluster in CLUSTERS),
                ),
                settle=functools.partial(cinder_ready.wait_for_pools, drivers=[driver]),
            )
            for driver in DRIVERS
        ),
    )


def _of_nova() -> Sequence[Member]:
    member = functools.partial(Member, configure=nova_config.write)
    reached = (preparations.NOVA_TABLES, rabbitmq.NAME)
    # Both look Placement up in the catalog once, when they start, and end where
    # Keystone does not know Nova's user yet.
    known = (*reached, placement.NAME, keystone.NAME)
    return (
        Member(
            placement.NAME,
            placement.start,
            Wave.SHARED,
            (preparations.PLACEMENT_TABLES,),
        ),
        Member(no_network.NAME, nova_services.start_network, Wave.SHARED),
        member(nova.CONDUCTOR, nova_services.start_conductor, Wave.SHARED, known),
        member(nova.SCHEDULER, nova_services.start_scheduler, Wave.USERS, known),
        *(
            member(
                name,
                functools.partial(nova_services.start_api, name=name),
                Wave.USERS,
                reached,
            )
            for name in nova.SIDES
        ),
        *(
            member(
                nova.compute_service(driver),
                functools.partial(nova_services.start_compute, driver=driver),
                Wave.USERS,
                (nova.CONDUCTOR,),
                settle=functools.partial(nova_ready.wait_for_hosts, drivers=[driver]),
            )
            for driver in DRIVERS
        ),
    )


def _of_guests() -> Sequence[Member]:
    # One machine after the other: it ends what is left of one that was killed.
    before = HOLDER
    members = []
    for host in guests.HOSTS:
        member = functools.partial(Member, of_guests=True)
        part = functools.partial(functools.partial, host=host)
        members += [
            member(host.machine, part(guest_machine.start), Wave.STORES, (before,)),
            member(host.libvirtd, part(libvirtd.start), Wave.SHARED, (host.machine,)),
            member(
                host.compute,
                part(nova_guests.start),
                Wave.USERS,
                (host.libvirtd, nova.CONDUCTOR),
                settle=functools.partial(guest_hosts.wait_for, hosts=[host]),
            ),
        ]
        before = host.machine
    return members


MEMBERS = {
    member.name: member
    for member in (*_infrastructure(), *_of_cinder(), *_of_nova(), *_of_guests())
}
"""By name, in an order in which they can be started one by one."""


def of(lab: Lab) -> dict[str, Member]:
    """Those of this lab: not every machine can have real guests."""
    has_guests = guest_support.there(lab)
    return {
        name: member
        for name, member in MEMBERS.items()
        if has_guests or not member.of_guests
    }
