"""POST /storage/luns with ``copy``: a LUN whose data comes later."""

import dataclasses
from collections.abc import Callable

from ontap_simulator.errors.block import BlockError
from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.models.block import BlockObject, Place, new_serial_number
from ontap_simulator.models.peers import LUN_COPY
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, value
from ontap_simulator.responses import block_answers, block_sources
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.jobs import with_faults

_COPY_FAULTS = ('job_fails', 'job_pauses', 'job_stalls')
_MEGABYTE = 1 << 20


def copy(
    call: Call, place: Place, svm: Svm, records: Callable[[BlockObject], Record]
) -> Answer:
    """Make the LUN at once, and let the copy go on by itself.

    :param records: what the answer shows of the new LUN
    """
    luns = call.cluster.luns
    source = block_sources.source(
        call,
        luns,
        value(call.body, 'copy.source'),
        _source_svm(call, svm),
        'copy.source',
        lambda text: BlockError(luns.codes.clone_missing, text, 'copy.source'),
    )
    most = _throughput(call.body)
    # These faults hit the copy, not the job that begins it.
    faults = [fault for fault in call.faults if fault.kind not in _COPY_FAULTS]
    return block_answers.made(
        dataclasses.replace(call, faults=faults),
        luns,
        lambda uuid: _begin(
            call, source, _destination(call, source, place, uuid), place, most
        ),
        records,
    )


def _destination(
    call: Call, source: BlockObject, place: Place, uuid: str
) -> BlockObject:
    return dataclasses.replace(
        source,
        uuid=uuid,
        svm=place.volume.svm.name,
        volume=place.volume.name,
        path=place.path,
        copying=True,
        from_file='',
        created=call.cluster.clock.time(),
        thin_provisioning=False,
        serial_number=new_serial_number(uuid),
    )


def _begin(
    call: Call, source: BlockObject, new: BlockObject, place: Place, most: int
) -> BlockObject:
    copies = call.cluster.lun_copies
    copies.reserve()
    try:
        lun = call.cluster.luns.create(place, new)
    except BaseException:
        copies.release()
        raise
    faults = [fault for fault in call.faults if fault.kind in _COPY_FAULTS]
    work = copies.work(source, lun, most)
    copies.start(source, lun, most, with_faults(faults, work, copies.release))
    return lun


def _source_svm(call: Call, svm: Svm) -> Svm:
    """The SVM that a copy reads from: the peer, if one is named."""
    peer = value(call.body, 'copy.source.peer', default={})
    name = peer.get('name') or peer.get('uuid')
    if not name:
        return svm
    return call.cluster.peers.peer_for(svm, str(name), LUN_COPY, call.cluster.svms)


def _throughput(body: Record) -> int:
    most = value(body, 'copy.source.max_throughput', default=0)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise InvalidValueError('copy.source.max_throughput', most)
    return -(-most // _MEGABYTE) * _MEGABYTE
