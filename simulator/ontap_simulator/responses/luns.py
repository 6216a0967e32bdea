"""/storage/luns: what LUNs have that namespaces do not have."""

from collections.abc import Mapping
from typing import Any

from ontap_simulator.models import lun_attributes
from ontap_simulator.models.block import BlockObject, Place
from ontap_simulator.models.block_objects import LUN_BLOCK, BlockObjects
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link
from ontap_simulator.responses import lun_copies
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.block_resource import BlockResource


class Luns:
    """What is particular to LUNs."""

    other: str = 'namespace'
    inherited: tuple[str, ...] = ('attributes',)

    def objects(self, cluster: Cluster) -> BlockObjects:
        return cluster.luns

    def others(self, cluster: Cluster) -> BlockObjects:
        return cluster.namespaces

    def block_size(self, body: Record) -> int:
        return LUN_BLOCK

    def properties(self, body: Record) -> Mapping[str, Any]:
        return {'attributes': lun_attributes.attributes(body)}

    def copy(self, call: Call, place: Place, svm: Svm) -> Answer:
        return lun_copies.copy(call, place, svm, lambda lun: RESOURCE.record(call, lun))

    def shown(self, call: Call, lun: BlockObject, record: Record) -> Record:
        record['class'] = 'regular'
        record['serial_number'] = lun.serial_number
        record['serial_number_hex'] = lun.serial_number.encode().hex()
        thin = lun.thin_provisioning
        record['space']['scsi_thin_provisioning_support_enabled'] = thin
        return record | _costly(call, lun)


RESOURCE = BlockResource(Luns())


def _costly(call: Call, lun: BlockObject) -> Record:
    """What is not shown unless it is asked for by name."""
    shown: Record = {}
    if call.query.asks_for('lun_maps'):
        shown['lun_maps'] = _maps(call, lun)
    if call.query.asks_for('copy'):
        shown['copy'] = call.cluster.lun_copies.record(lun)
    if call.query.asks_for('movement'):
        shown['movement'] = call.cluster.luns.moves.record(lun)
    if call.query.asks_for('attributes'):
        shown['attributes'] = [
            {'name': name, 'value': text} for name, text in lun.attributes.items()
        ]
    return {name: content for name, content in shown.items() if content}


def _maps(call: Call, lun: BlockObject) -> list[Record]:
    shown = []
    for (uuid, igroup), number in call.cluster.lun_maps.all().items():
        if uuid == lun.uuid:
            group = call.cluster.igroups.get(igroup)
            shown.append(
                {
                    'logical_unit_number': number,
                    'igroup': {
                        'uuid': igroup,
                        'name': group['name'],
                        '_links': group['_links'],
                    },
                    '_links': link(f'/protocols/san/lun-maps/{lun.uuid}/{igroup}'),
                }
            )
    return shown
