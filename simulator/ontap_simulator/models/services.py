"""The targets of an SVM: what hosts connect to. Nothing listens there."""

import dataclasses
import uuid

from ontap_simulator.models.nodes import Node
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link

_PATHS = {
    'iscsi': '/protocols/san/iscsi/services',
    'fcp': '/protocols/san/fcp/services',
    'nvme': '/protocols/nvme/services',
}
_INTERFACES_A_NODE = 2


@dataclasses.dataclass(frozen=True)
class SanService:
    """The iSCSI, FC or NVMe service of an SVM, derived from its UUID."""

    svm: Svm

    def record(self, protocol: str) -> Record:
        """The service as the API shows it."""
        shown = {
            'enabled': True,
            'svm': self.svm.reference(),
            '_links': link(f'{_PATHS[protocol]}/{self.svm.uuid}'),
        }
        if protocol == 'iscsi':
            shown['target'] = {'name': self._iqn(), 'alias': self.svm.name}
        elif protocol == 'fcp':
            shown['target'] = {'name': self._wwn(0)}
        return shown

    def fc_interfaces(self, nodes: list[Node]) -> list[Record]:
        """FC interfaces, as many on each node."""
        return [
            self._interface(node, number * _INTERFACES_A_NODE + port)
            for number, node in enumerate(nodes)
            for port in range(1, _INTERFACES_A_NODE + 1)
        ]

    def _interface(self, node: Node, number: int) -> Record:
        identifier = str(uuid.uuid5(uuid.UUID(self.svm.uuid), f'fc{number}'))
        return {
            'name': f'fc{number}',
            'uuid': identifier,
            'enabled': True,
            'state': 'up',
            'data_protocol': 'fcp',
            'svm': self.svm.reference(),
            'wwnn': self._wwn(0),
            'wwpn': self._wwn(number),
            'location': {'home_node': node.reference(), 'node': node.reference()},
            '_links': link(f'/network/fc/interfaces/{identifier}'),
        }

    def _iqn(self) -> str:
        serial = self.svm.uuid.replace('-', '')
        return f'iqn.1992-08.com.netapp:sn.{serial}:vs.{int(serial[:4], 16)}'

    def _wwn(self, number: int) -> str:
        digits = f'20{number:02x}00a098{self.svm.uuid.replace("-", "")[:6]}'
        return ':'.join(digits[at : at + 2] for at in range(0, len(digits), 2))
