"""The kinds of faults, and the parameters that each has.

======================= =====================================================
Kind                    Effect (and its parameters)
======================= =====================================================
``latency``             the answer takes ``seconds`` longer
``error``               the request is refused: ``status``, ``code``,
                        ``message``, and in how many seconds to
                        try again (``retry_after``)
``too_many_requests``   the request is refused with 429 and ``Retry-After``: in
                        how many seconds to try again (``retry_after``), said as
                        a date with ``as_date``; with ``beyond``, only requests
                        beyond so many a second, as a cluster at its limit does
``unavailable``         the answer is 503 with ``code`` 7 or 8, and
                        ``retry_after``, if any; ``effect``: "none" or "done",
                        which is what a gateway before ONTAP may make of it
``drop_connection``     the connection ends without an answer, ``when``:
                        "before" or "after" the request had its effect
``job_vanishes``        the job answers 404; ``effect``: "done" (the work is
                        done all the same) or "lost"
``job_fails``           the job ends as a failure: ``code``, ``message``
``job_stalls``          the job stays running until the fault is deleted
``job_pauses``          the job is paused by an error until then; a LUN copy says
                        ``paused_error``
``device_busy``         a clone of a LUN or a namespace is refused for now
``volume_full``         file clones, copies and new directories of ``svm`` /
                        ``volume`` find no space
======================= =====================================================
"""

import dataclasses
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ontap_simulator.errors.common import InvalidValueError, MissingFieldError

JOB_KINDS = ('job_vanishes', 'job_fails', 'job_stalls', 'job_pauses')

OPERATION_KINDS = ('volume_full', 'device_busy')
"""About operations and not requests: ``match`` says nothing of them."""

_COMMON = {'kind', 'match', 'nth', 'count'}

_REQUIRED = object()

_LOWEST_ERROR = HTTPStatus.BAD_REQUEST
_HIGHEST_ERROR = 599


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ''


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_number_or_none(value: object) -> bool:
    return value is None or _is_number(value)


def _is_status(value: object) -> bool:
    return isinstance(value, int) and _LOWEST_ERROR <= value <= _HIGHEST_ERROR


def _is_code(value: object) -> bool:
    return str(value).isdigit()


@dataclasses.dataclass(frozen=True)
class _Parameter:
    check: Callable[[object], bool]
    default: object = _REQUIRED


PARAMETERS: Mapping[str, Mapping[str, _Parameter]] = {
    'latency': {'seconds': _Parameter(_is_number)},
    'error': {
        'status': _Parameter(_is_status, HTTPStatus.INTERNAL_SERVER_ERROR),
        'code': _Parameter(_is_code, '1'),
        'message': _Parameter(_is_text, 'Simulated error.'),
        'retry_after': _Parameter(_is_number_or_none, None),
    },
    'too_many_requests': {
        'retry_after': _Parameter(_is_number, 1),
        'as_date': _Parameter(lambda v: isinstance(v, bool), False),
        'beyond': _Parameter(_is_number, 0),
    },
    'unavailable': {
        'code': _Parameter(lambda v: str(v) in {'7', '8'}, '7'),
        'retry_after': _Parameter(_is_number_or_none, None),
        'effect': _Parameter(lambda v: v in ('none', 'done'), 'none'),
    },
    'drop_connection': {
        'when': _Parameter(lambda v: v in ('before', 'after'), 'before')
    },
    'job_vanishes': {'effect': _Parameter(lambda v: v in ('done', 'lost'), 'done')},
    'job_fails': {
        'code': _Parameter(_is_code, '1'),
        'message': _Parameter(_is_text, 'Simulated failure.'),
    },
    'job_stalls': {},
    'job_pauses': {},
    'device_busy': {},
    'volume_full': {'svm': _Parameter(_is_text), 'volume': _Parameter(_is_text)},
}

KINDS = tuple(PARAMETERS)


def parameters_of(kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    known = PARAMETERS[kind]
    for name in set(body) - _COMMON - set(known):
        raise InvalidValueError(name, body[name])
    found = {}
    for name, parameter in known.items():
        value = body.get(name, parameter.default)
        if value is _REQUIRED:
            raise MissingFieldError(name)
        if not parameter.check(value):
            raise InvalidValueError(name, value)
        found[name] = str(value) if name == 'code' else value
    return found
