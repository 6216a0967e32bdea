"""/storage/namespaces: what namespaces have that LUNs do not have."""

from collections.abc import Mapping
from typing import Any

from ontap_simulator.errors.common import InvalidValueError, UnexpectedArgumentError
from ontap_simulator.models.block import BlockObject, Place
from ontap_simulator.models.block_objects import (
    LUN_BLOCK,
    NAMESPACE_BLOCK,
    BlockObjects,
)
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link, value
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.block_resource import BlockResource


class Namespaces:
    """What is particular to namespaces."""

    other: str = 'lun'
    inherited: tuple[str, ...] = ('block_size',)

    def objects(self, cluster: Cluster) -> BlockObjects:
        return cluster.namespaces

    def others(self, cluster: Cluster) -> BlockObjects:
        return cluster.luns

    def block_size(self, body: Record) -> int:
        return _block_size(body)

    def properties(self, body: Record) -> Mapping[str, Any]:
        return {}

    def copy(self, call: Call, place: Place, svm: Svm) -> Answer:
        """ONTAP copies no namespaces."""
        raise UnexpectedArgumentError('copy')

    def shown(self, call: Call, namespace: BlockObject, record: Record) -> Record:
        record['space']['block_size'] = namespace.block_size
        if call.query.asks_for('subsystem_map'):
            record |= _map(call, namespace)
        return record


RESOURCE = BlockResource(Namespaces())


def _block_size(body: Record) -> int:
    default = LUN_BLOCK if body['os_type'] == 'vmware' else NAMESPACE_BLOCK
    found = value(body, 'space.block_size', default=default)
    if str(found) not in {str(LUN_BLOCK), str(NAMESPACE_BLOCK)}:
        raise InvalidValueError('space.block_size', found)
    return int(found)


def _map(call: Call, found: BlockObject) -> Record:
    for (subsystem, namespace), number in call.cluster.subsystems.maps().items():
        if namespace == found.uuid:
            system = call.cluster.subsystems.get(subsystem)
            return {
                'subsystem_map': {
                    'nsid': f'{number:08x}h',
                    'subsystem': {
                        'uuid': subsystem,
                        'name': system['name'],
                        '_links': system['_links'],
                    },
                    '_links': link(
                        f'/protocols/nvme/subsystem-maps/{subsystem}/{namespace}'
                    ),
                }
            }
    return {}
