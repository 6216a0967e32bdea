"""The ports of the lab, all of them on loopback addresses.

``EIC_LAB_PORT_BASE`` (default 18000) moves all ports at once, for a machine on
which some of them are taken. The addresses are all in 127.0.0.0/8.
"""

import dataclasses
import os

from lab.errors import LabError
from lab.specs import ClusterSpec
from lab.topology import CLUSTERS

DEFAULT_PORT_BASE = 18000
_LOWEST_PORT_BASE = 1024
LOOPBACK = '127.0.0.1'

# Offsets from the port base, chosen to look like the services' usual ports.
PORT_OFFSETS = {
    'glance': 292,
    'mariadb': 306,
    'epmd': 369,
    'etcd': 379,
    'etcd-peers': 380,
    'keystone': 500,
    'rabbitmq': 672,
    'rabbitmq-dist': 673,
    'no-network': 696,
    'nova-api': 774,
    'nova-api-stock': 775,
    'cinder-api': 776,
    'cinder-api-stock': 777,
    'placement': 778,
    'cinder-api-2': 779,
}


@dataclasses.dataclass(frozen=True)
class Ports:
    """Turns names into addresses."""

    base: int = DEFAULT_PORT_BASE

    def __getitem__(self, name: str) -> int:
        return self.base + PORT_OFFSETS[name]

    def url(self, name: str) -> str:
        """The base URL of an OpenStack API."""
        return f'http://{LOOPBACK}:{self[name]}'

    def cluster(self, cluster: ClusterSpec) -> int:
        """The port of a cluster's management LIF."""
        return self.base + cluster.port_offset

    def cluster_url(self, cluster: ClusterSpec) -> str:
        """The URL of a cluster's REST API."""
        return f'https://{cluster.address}:{self.cluster(cluster)}'

    def all(self) -> dict[tuple[str, int], str]:
        """Every (address, port) of the lab, and which service has it."""
        taken = {(LOOPBACK, self[name]): name for name in PORT_OFFSETS}
        for cluster in CLUSTERS:
            taken[cluster.address, self.cluster(cluster)] = cluster.service
        return taken


def ports_from_environment(stored: int | None = None) -> Ports:
    """The ports, moved by ``EIC_LAB_PORT_BASE`` if it is set.

    A lab that exists has its ports in its catalog: those are ``stored``.
    """
    asked = os.environ.get('EIC_LAB_PORT_BASE')
    ports = (
        Ports(stored or DEFAULT_PORT_BASE) if asked is None else (_parse_base(asked))
    )
    if stored not in (None, ports.base):
        raise LabError(
            f'EIC_LAB_PORT_BASE is {asked}, but this lab was made with '
            f'{stored}: unset it. To move the lab, `make lab-purge` first, '
            'then set it.'
        )
    return ports


def _parse_base(text: str) -> Ports:
    highest = 65535 - max(PORT_OFFSETS.values())
    if not text.isdigit() or not (_LOWEST_PORT_BASE <= int(text) <= highest):
        raise LabError(
            f'EIC_LAB_PORT_BASE is {text!r}: set it to a number from '
            f'{_LOWEST_PORT_BASE} to {highest}, or unset it.'
        )
    return Ports(int(text))
