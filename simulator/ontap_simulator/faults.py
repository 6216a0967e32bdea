"""Faults on request: what a real system does on a bad day.

======================= =====================================================
Kind                    Effect (and its parameters)
======================= =====================================================
``latency``             the answer takes ``seconds`` longer
``error``               the request is refused: ``status``, ``code``,
                        ``message``, and in how many seconds to
                        try again (``retry_after``)
``drop_connection``     the connection ends without an answer, ``when``:
                        "before" or "after" the request had its effect
``job_vanishes``        the job answers 404; ``effect``: "done" (the work is
                        done all the same) or "lost"
``job_fails``           the job ends as a failure: ``code``, ``message``
``job_stalls``          the job stays running until the fault is deleted
``device_busy``         a clone of a LUN or a namespace is refused for now
``volume_full``         file clones, copies and new directories of ``svm`` /
                        ``volume`` find no space
======================= =====================================================

``match`` selects requests by ``method``, ``path`` (a regular expression that
is searched in the path, which starts with ``/api``) and ``user``; a fault hits from the
``nth`` matching request on, ``count`` times (null: until it is deleted).
"""

import dataclasses
import itertools
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ontap_simulator.exceptions import InvalidValueError, MissingFieldError
from ontap_simulator.query import Record

JOB_KINDS = ('job_vanishes', 'job_fails', 'job_stalls')
OPERATION_KINDS = ('volume_full', 'device_busy')
"""About operations and not requests: ``match`` says nothing of them."""
_COMMON = {'kind', 'match', 'nth', 'count'}
_MATCH = {'method', 'path', 'user'}
_REQUIRED = object()
_LOWEST_ERROR = 400
_HIGHEST_ERROR = 599


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ''


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_seconds_or_none(value: object) -> bool:
    return value is None or _is_seconds(value)


def _is_status(value: object) -> bool:
    return isinstance(value, int) and _LOWEST_ERROR <= value <= _HIGHEST_ERROR


def _is_code(value: object) -> bool:
    return str(value).isdigit()


@dataclasses.dataclass(frozen=True)
class _Parameter:
    check: Callable[[object], bool]
    default: object = _REQUIRED


_PARAMETERS: Mapping[str, Mapping[str, _Parameter]] = {
    'latency': {'seconds': _Parameter(_is_seconds)},
    'error': {
        'status': _Parameter(_is_status, 500),
        'code': _Parameter(_is_code, '1'),
        'message': _Parameter(_is_text, 'Simulated error.'),
        'retry_after': _Parameter(_is_seconds_or_none, None),
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
    'device_busy': {},
    'volume_full': {'svm': _Parameter(_is_text), 'volume': _Parameter(_is_text)},
}
KINDS = tuple(_PARAMETERS)


@dataclasses.dataclass(eq=False)
class Fault:
    """One fault; ``seen`` counts what matched, ``hits`` what was hit."""

    id: str
    kind: str
    match: Mapping[str, str]
    nth: int
    count: int | None
    parameters: Mapping[str, Any]
    seen: int = 0
    hits: int = 0
    deleted: threading.Event = dataclasses.field(default_factory=threading.Event)

    def record(self) -> Record:
        """The fault as the control API shows it."""
        return {
            'id': self.id,
            'kind': self.kind,
            'match': dict(self.match),
            'nth': self.nth,
            'count': self.count,
            **self.parameters,
            'seen': self.seen,
            'hits': self.hits,
        }

    def applies(self, method: str, path: str, user: str) -> bool:
        """Whether a request is one that the fault is about."""
        match = self.match
        return (
            match.get('method', method).upper() == method
            and match.get('user', user) == user
            and re.search(match.get('path', ''), path) is not None
        )

    def take(self) -> bool:
        """Count one matching request; whether the fault hits it."""
        self.seen += 1
        spent = self.count is not None and self.hits >= self.count
        if self.seen < self.nth or spent:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[str, Fault] = {}

    def add(self, body: Mapping[str, Any]) -> Fault:
        """Set a fault.

        :raises OntapError: the body does not describe one
        """
        kind = str(body.get('kind'))
        if kind not in _PARAMETERS:
            raise InvalidValueError('kind', kind)
        fault = Fault(
            str(next(self._ids)),
            kind,
            _match(body),
            _positive(body, 'nth'),
            None if body.get('count', 1) is None else _positive(body, 'count'),
            _parameters(kind, body),
        )
        with self._lock:
            self._faults[fault.id] = fault
        return fault

    def all(self) -> list[Fault]:
        """Every fault, spent ones too."""
        with self._lock:
            return list(self._faults.values())

    def delete(self, fault_id: str) -> bool:
        """Delete a fault; whether there was one."""
        with self._lock:
            fault = self._faults.pop(fault_id, None)
        if fault is not None:
            fault.deleted.set()
        return fault is not None

    def clear(self) -> None:
        """Delete every fault."""
        for fault in self.all():
            self.delete(fault.id)

    def for_request(self, method: str, path: str, user: str) -> list[Fault]:
        """The faults that hit this request, each counted once."""
        with self._lock:
            return [
                fault
                for fault in self._faults.values()
                if fault.kind not in OPERATION_KINDS
                and fault.applies(method, path, user)
                and fault.take()
            ]

    def volume_full(self, svm: str, volume: str) -> bool:
        """Whether an operation on the volume finds it full, counted."""
        with self._lock:
            return any(
                fault.take()
                for fault in self._faults.values()
                if fault.kind == 'volume_full'
                and fault.parameters == {'svm': svm, 'volume': volume}
            )

    def device_busy(self) -> bool:
        """Whether a clone of a LUN or a namespace finds its source busy,
        counted.
        """
        with self._lock:
            return any(
                fault.take()
                for fault in self._faults.values()
                if fault.kind == 'device_busy'
            )


def _match(body: Mapping[str, Any]) -> Mapping[str, str]:
    match = body.get('match') or {}
    if (
        not isinstance(match, dict)
        or set(match) - _MATCH
        or not all(isinstance(value, str) for value in match.values())
    ):
        raise InvalidValueError('match', match)
    try:
        re.compile(match.get('path', ''))
    except re.error as err:
        raise InvalidValueError('match.path', match['path']) from err
    return match


def _positive(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name, 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValueError(name, value)
    return value


def _parameters(kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    known = _PARAMETERS[kind]
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
