"""POST /private/cli/lun: a LUN out of a file that is there already.

Nothing of this was seen on a real system, so it is a module of its own. NetApp
documents the command ``lun create``, and that a file which became a LUN cannot be
deleted before the LUN. The rest is inferred: that REST reaches the command, the
names of its parameters, and its errors.
"""

import uuid
from http import HTTPStatus

from ontap_simulator.errors.common import InvalidValueError, NotPermittedError
from ontap_simulator.models.block_names import place_of
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.responses.bodies import required

_RESERVED = {'enabled': True, 'true': True, 'disabled': False, 'false': False}


def create_lun_from_file(call: Call) -> Answer:
    """Body: vserver, path, file-path, ostype and, if wanted, space-reserve."""
    if call.cluster.personality.private_cli_lun == 'refused':
        raise NotPermittedError
    body = {name.replace('_', '-'): text for name, text in call.body.items()}
    svm, luns = call.cluster.svm(required(body, 'vserver')), call.cluster.luns
    place, file = (
        place_of(required(body, name), svm, call.cluster.volumes, luns.codes)
        for name in ('path', 'file-path')
    )
    if required(body, 'ostype') not in luns.codes.os_types:
        raise InvalidValueError('ostype', body['ostype'])
    luns.create_from_file(
        place,
        file,
        luns.new(
            str(uuid.uuid4()),
            place,
            size=0,
            os_type=body['ostype'],
            from_file=file.path,
            space_reserved=_reserved(body),
        ),
    )
    return Answer({'vserver': svm.name, 'path': place.name}, HTTPStatus.CREATED)


def _reserved(body: Record) -> bool:
    found = str(body.get('space-reserve', 'enabled')).lower()
    if found not in _RESERVED:
        raise InvalidValueError('space-reserve', found)
    return _RESERVED[found]
