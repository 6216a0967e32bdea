"""SVMs and their LIFs."""

import dataclasses
from collections.abc import Iterable

from ontap_simulator.models.nodes import Aggregate, Node
from ontap_simulator.records import Record, link, merge
from ontap_simulator.topology.model import DEFAULT_IPSPACE, PROTOCOLS

# What the protocols are called as services of a LIF.
_SERVICES = {'nfs': 'data_nfs', 'iscsi': 'data_iscsi', 'nvme': 'data_nvme_tcp'}
HOME_PORT = 'e0c'
_BROADCAST_DOMAIN = 'Default'


@dataclasses.dataclass(frozen=True)
class Svm:
    """A storage virtual machine."""

    name: str
    uuid: str
    protocols: tuple[str, ...] = ('nfs',)
    ipspace: str = 'Default'
    properties: Record = dataclasses.field(default_factory=dict, compare=False)
    """What a request has set that has no effect here; it is shown again."""

    def reference(self) -> Record:
        """How other records refer to it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            '_links': link(f'/svm/svms/{self.uuid}'),
        }

    def record(self, aggregates: Iterable[Aggregate]) -> Record:
        """The SVM as ``/svm/svms`` shows it.

        :param aggregates: those that it may use
        """
        record: Record = {
            **self.reference(),
            'state': 'running',
            'subtype': 'default',
            'language': 'c.utf_8',
            'comment': '',
            'ipspace': {'name': self.ipspace},
            'aggregates': [{'name': a.name, 'uuid': a.uuid} for a in aggregates],
            'snapshot_policy': {'name': 'default'},
            'max_volumes': 'unlimited',
            **{
                protocol: {
                    'allowed': protocol in self.protocols,
                    'enabled': protocol in self.protocols,
                }
                for protocol in (*PROTOCOLS, 'cifs')
            },
        }
        merge(record, self.properties)
        return record


@dataclasses.dataclass(frozen=True)
class Lif:
    """A logical interface."""

    name: str
    uuid: str
    address: str
    svm: Svm
    node: Node
    properties: Record = dataclasses.field(default_factory=dict, compare=False)
    """What a request has set that has no effect here; it is shown again."""

    def record(self) -> Record:
        """The LIF as ``/network/ip/interfaces`` shows it."""
        record: Record = {
            'name': self.name,
            'uuid': self.uuid,
            'enabled': True,
            'state': 'up',
            'ip': {
                'address': self.address,
                'netmask': '8',
                'family': 'ipv6' if ':' in self.address else 'ipv4',
            },
            'scope': 'svm',
            'svm': self.svm.reference(),
            'ipspace': {'name': self.svm.ipspace},
            'location': _location(self.node),
            'service_policy': {'name': 'default-data-files'},
            'services': [
                'data_core',
                *(
                    _SERVICES[protocol]
                    for protocol in self.svm.protocols
                    if protocol in _SERVICES
                ),
            ],
            'vip': False,
            '_links': link(f'/network/ip/interfaces/{self.uuid}'),
        }
        merge(record, self.properties)
        return record


def _location(node: Node) -> Record:
    port = {'name': HOME_PORT, 'node': {'name': node.name}}
    return {
        'home_node': node.reference(),
        'home_port': port,
        'node': node.reference(),
        'port': port,
        'is_home': True,
        'auto_revert': True,
        'failover': 'home_port_only',
        'broadcast_domain': {
            'name': _BROADCAST_DOMAIN,
            'ipspace': {'name': DEFAULT_IPSPACE},
        },
    }
