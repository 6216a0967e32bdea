"""The iSCSI, FC and NVMe services of SVMs, and their FC interfaces."""

from ontap_simulator.errors.block import (
    FCP_SERVICE_MISSING,
    ISCSI_SERVICE_MISSING,
    NVME_SERVICE_MISSING,
    BlockError,
)
from ontap_simulator.models.services import SanService
from ontap_simulator.models.svms import Svm
from ontap_simulator.responses.base import (
    Answer,
    Call,
    collection,
    instance,
)

_SHOWN = {'nvme': 'NVMe'}


def list_iscsi_services(call: Call) -> Answer:
    return _services(call, 'iscsi')


def get_iscsi_service(call: Call) -> Answer:
    return _service(call, 'iscsi', ISCSI_SERVICE_MISSING)


def list_fcp_services(call: Call) -> Answer:
    return _services(call, 'fcp')


def get_fcp_service(call: Call) -> Answer:
    return _service(call, 'fcp', FCP_SERVICE_MISSING)


def list_nvme_services(call: Call) -> Answer:
    return _services(call, 'nvme')


def get_nvme_service(call: Call) -> Answer:
    return _service(call, 'nvme', NVME_SERVICE_MISSING)


def list_fc_interfaces(call: Call) -> Answer:
    return collection(
        call,
        [
            record
            for svm in _with_protocol(call, 'fcp')
            for record in SanService(svm).fc_interfaces(call.cluster.nodes)
        ],
    )


def _services(call: Call, protocol: str) -> Answer:
    return collection(
        call,
        [SanService(svm).record(protocol) for svm in _with_protocol(call, protocol)],
        'svm',
    )


def _service(call: Call, protocol: str, missing: str) -> Answer:
    for svm in _with_protocol(call, protocol):
        if svm.uuid == call['uuid']:
            return instance(call, SanService(svm).record(protocol), 'svm')
    raise BlockError(
        missing, f'The SVM has no {_SHOWN.get(protocol, protocol)} service.', 'svm.uuid'
    )


def _with_protocol(call: Call, protocol: str) -> list[Svm]:
    return [
        svm
        for svm in call.cluster.svms
        if call.visible(svm) and protocol in svm.protocols
    ]
