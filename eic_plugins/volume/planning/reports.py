"""The pools of EIC's backends, as they were last reported to the scheduler."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from cinder import context
from cinder.volume import volume_types

from eic_plugins.cinder_cache.volume_type import leads_to
from eic_plugins.model import KnownPool
from eic_plugins.volume.pools.deployment import known_pool
from eic_plugins.volume.pools.names import PoolNames


class UnknownVolumeTypeError(Exception):
    """Cinder has no volume type of that name."""


@dataclasses.dataclass(frozen=True)
class ReportedPool:
    """One pool; ``capabilities`` are all that it reported."""

    known: KnownPool
    capabilities: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the backend calls it: a share, or a FlexVol."""
        return self.known.name.partition('#')[2]

    @property
    def section(self) -> str:
        """The backend's section of cinder.conf."""
        return self.known.name.partition('#')[0].partition('@')[2]

    @property
    def names(self) -> frozenset[str]:
        """Whatever an operator may call it."""
        host = self.known.name.partition('#')[0]
        backend_name = self.capabilities.get('volume_backend_name')
        return PoolNames(host, None, backend_name).all_of(self.name)

    @property
    def is_flexgroup(self) -> bool:
        """True if it is a FlexGroup, by the stock driver's own capability."""
        return str(self.capabilities.get('netapp_is_flexgroup')).lower() == 'true'


@dataclasses.dataclass(frozen=True)
class VolumeType:
    """A volume type, and whether its volumes are encrypted."""

    found: Mapping[str, Any]
    encrypted: bool

    def leads_to(self, pool: ReportedPool) -> bool:
        """True if the scheduler may put its volumes into that pool."""
        return leads_to(self.found, pool.capabilities)


def reported_pools(found: Iterable[Mapping[str, Any]]) -> list[ReportedPool]:
    """The pools that have the capability ``eic``, by name.

    :param found: pools as the scheduler gives them
    """
    pools = []
    for each in sorted(found, key=lambda pool: str(pool.get('name'))):
        capabilities = each.get('capabilities') or {}
        known = known_pool(str(each.get('name')), capabilities.get('eic'))
        if known is not None:
            pools.append(ReportedPool(known, capabilities))
    return pools


def find_volume_type(name_or_id: str) -> VolumeType:
    """The volume type of that name or id.

    :raises UnknownVolumeTypeError: there is none
    """
    admin = context.get_admin_context()
    for each in volume_types.get_all_types(admin).values():
        if name_or_id in {each['name'], each['id']}:
            return VolumeType(each, volume_types.is_encrypted(admin, each['id']))
    raise UnknownVolumeTypeError(f'There is no volume type {name_or_id!r}.')
