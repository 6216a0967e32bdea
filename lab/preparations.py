"""What `up` does besides starting services: tables, volume types, hosts."""

import dataclasses
from collections.abc import Callable

from lab import (
    cinder,
    cinder_config,
    cinder_ready,
    cinder_services,
    glance,
    guest_hosts,
    guest_support,
    guests,
    keystone,
    mariadb,
    no_network,
    nova,
    nova_ready,
    nova_services,
    placement,
)
from lab.context import Lab
from lab.topology import DRIVERS

KEYSTONE_TABLES = 'Keystone tables'
GLANCE_TABLES = 'Glance tables'
CINDER_TABLES = 'Cinder tables'
PLACEMENT_TABLES = 'Placement tables'
NOVA_TABLES = 'Nova tables and cells'
INTERNAL_TENANT = "Cinder's internal tenant"
VOLUME_TYPES = 'volume types'
NOVA_HOSTS = 'compute hosts and flavors'


@dataclasses.dataclass(frozen=True)
class Preparation:
    """Something to do once, or at each `up`."""

    name: str
    action: Callable[[Lab], None]
    needs: tuple[str, ...]
    """Members and preparations that come before it."""
    of_guests: bool = False
    """Left out in a lab without real guests."""


def of(lab: Lab) -> list['Preparation']:
    """Those of this lab."""
    has_guests = guest_support.there(lab)
    return [each for each in PREPARATIONS if has_guests or not each.of_guests]


PREPARATIONS = (
    Preparation(KEYSTONE_TABLES, keystone.prepare, (mariadb.NAME,)),
    Preparation(GLANCE_TABLES, glance.prepare, (mariadb.NAME,)),
    Preparation(CINDER_TABLES, cinder_services.prepare, (mariadb.NAME,)),
    Preparation(PLACEMENT_TABLES, placement.prepare, (mariadb.NAME,)),
    Preparation(NOVA_TABLES, nova_services.prepare, (mariadb.NAME,)),
    Preparation(INTERNAL_TENANT, cinder_config.write, (CINDER_TABLES, keystone.NAME)),
    Preparation(
        VOLUME_TYPES, cinder_ready.ensure_volume_types, (cinder.API, keystone.NAME)
    ),
    Preparation(
        'pools of all backends',
        cinder_ready.wait_for_pools,
        (
            VOLUME_TYPES,
            cinder.SCHEDULER,
            glance.NAME,
            cinder.STOCK_API,
            *map(cinder.volume_service, DRIVERS),
        ),
    ),
    Preparation(
        NOVA_HOSTS,
        nova_ready.ensure,
        (
            *nova.SIDES,
            nova.SCHEDULER,
            no_network.NAME,
            *map(nova.compute_service, DRIVERS),
        ),
    ),
    Preparation(
        'hosts with guests',
        guest_hosts.ensure_known,
        (NOVA_HOSTS, *(host.compute for host in guests.HOSTS)),
        of_guests=True,
    ),
)
