"""SVMs and their LIFs."""

import dataclasses

from ontap_simulator.records import Record, link
from ontap_simulator.topology.model import PROTOCOLS

# What the protocols are called as services of a LIF.
_SERVICES = {'nfs': 'data_nfs', 'iscsi': 'data_iscsi', 'nvme': 'data_nvme_tcp'}


@dataclasses.dataclass(frozen=True)
class Svm:
    """A storage virtual machine."""

    name: str
    uuid: str
    protocols: tuple[str, ...] = ('nfs',)
    ipspace: str = 'Default'

    def reference(self) -> Record:
        """How other records refer to it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            '_links': link(f'/svm/svms/{self.uuid}'),
        }

    def record(self) -> Record:
        """The SVM as ``/svm/svms`` shows it."""
        return {
            **self.reference(),
            'state': 'running',
            'subtype': 'default',
            'language': 'c.utf_8',
            'ipspace': {'name': self.ipspace},
            **{
                protocol: {
                    'allowed': protocol in self.protocols,
                    'enabled': protocol in self.protocols,
                }
                for protocol in PROTOCOLS
            },
        }


@dataclasses.dataclass(frozen=True)
class Lif:
    """A logical interface."""

    name: str
    uuid: str
    address: str
    svm: Svm

    def record(self) -> Record:
        """The LIF as ``/network/ip/interfaces`` shows it."""
        return {
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
            'services': [
                'data_core',
                *(
                    _SERVICES[protocol]
                    for protocol in self.svm.protocols
                    if protocol in _SERVICES
                ),
            ],
            '_links': link(f'/network/ip/interfaces/{self.uuid}'),
        }
