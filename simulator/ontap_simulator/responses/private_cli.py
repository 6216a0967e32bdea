"""/private/cli: commands that drivers call to look things up."""

import collections
import dataclasses
from http import HTTPStatus

from ontap_simulator.errors.common import OntapError
from ontap_simulator.errors.files import FileError
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call, collection

_NO_SUCH_FILE = '917806'
_KIB = 1024
# ONTAP's limit of deduplicated data in a FlexVol.
_LOGICAL_LIMIT = 640 << 40
_PARTS = 4
_LIFS_OF_A_NODE = 512


def volume_efficiency(call: Call) -> Answer:
    # The CLI's options have hyphens where records have underscores.
    call = dataclasses.replace(call, query=call.query.renamed('-', '_'))
    return collection(
        call, [_efficiency(call, v) for v in call.volumes()], 'vserver', 'volume'
    )


def show_disk_usage(call: Call) -> Answer:
    svm = call.cluster.svm(call.query.get('vserver'))
    path = call.query.get('path')
    parts = path.split('/', _PARTS - 1)
    if len(parts) != _PARTS or parts[:2] != ['', 'vol']:
        raise _no_such_file(path)
    volume = call.cluster.find_volume({'name': parts[2]}, svm)
    try:
        unique = call.cluster.files.unique_bytes(volume, parts[3])
    except FileError as err:
        raise _no_such_file(path) from err
    return Answer(
        {'vserver': svm.name, 'path': path, 'unique_bytes': f'{unique // _KIB}KB'}
    )


def list_aggregates(call: Call) -> Answer:
    found = [
        {'aggregate': aggregate.name, 'node': aggregate.node.name, 'root': False}
        for aggregate in call.cluster.aggregates
    ]
    return collection(call, found, 'aggregate')


def lif_capacity(call: Call) -> Answer:
    call = dataclasses.replace(call, query=call.query.renamed('-', '_'))
    counts = collections.Counter(lif.node.name for lif in call.cluster.lifs)
    found = [
        {
            'node': node.name,
            'limit_for_node': _LIFS_OF_A_NODE,
            'count_for_node': counts[node.name],
        }
        for node in call.cluster.nodes
    ]
    return collection(call, found, 'node')


def _efficiency(call: Call, volume: FlexVol) -> Record:
    settings = call.cluster.efficiency.get(volume.uuid)
    return {
        'vserver': volume.svm.name,
        'volume': volume.name,
        'path': f'/vol/{volume.name}',
        'state': settings['state'],
        'logical_data_size': str(call.cluster.shared_data.logical_data_size(volume))
        if call.query.wants('logical_data_size')
        else '0',
        'logical_data_limit': str(_LOGICAL_LIMIT),
    }


def _no_such_file(path: str) -> OntapError:
    return OntapError(
        f'No such file or directory: {path}.',
        code=_NO_SUCH_FILE,
        status=HTTPStatus.NOT_FOUND,
    )
