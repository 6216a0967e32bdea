"""What LUNs and namespaces both show."""

import datetime

from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, link
from ontap_simulator.responses.base import Call
from ontap_simulator.responses.block import BASE_NAMES, PATHS


def record(call: Call, found: BlockObject) -> Record:
    """What LUNs and namespaces both show."""
    cluster = call.cluster
    volume = cluster.block.volume(found)
    shown: Record = {
        'uuid': found.uuid,
        'name': found.name,
        'os_type': found.os_type,
        'svm': volume.svm.reference(),
        'enabled': found.enabled,
        'create_time': _iso(found.created),
        'location': {
            BASE_NAMES[found.kind]: found.path.rpartition('/')[2],
            'volume': volume.reference(),
        },
        'space': {
            'size': found.size,
            'used': _used(volume, found),
            'guarantee': {
                'requested': found.space_reserved,
                'reserved': found.space_reserved,
            },
        },
        'status': {
            'state': 'online' if found.enabled else 'offline',
            'container_state': 'online',
            'read_only': False,
        },
        '_links': link(f'{PATHS[found.kind]}/{found.uuid}'),
    }
    qtree = found.path.rpartition('/')[0]
    if qtree:
        shown['location']['qtree'] = {'name': qtree}
    if found.comment:
        shown['comment'] = found.comment
    if found.qos_policy:
        shown['qos_policy'] = {'name': found.qos_policy}
    if call.query.asks_for('auto_delete'):
        shown['auto_delete'] = found.auto_delete
    return shown


def _used(volume: FlexVol, found: BlockObject) -> int:
    try:
        return volume.directory.stat(found.path).st_blocks * 512
    except OSError:
        return 0


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec='seconds')
