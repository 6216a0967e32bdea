"""Faults on request: what a real system does on a bad day.

``match`` selects requests by ``method``, ``path`` and ``user``. The path is a
regular expression that is searched for in the request's path, which starts with
``/api``. The ``nth`` request that matches is the first that is hit; ``count``
requests are hit (null: all until the fault is deleted).
"""

import dataclasses
import itertools
import re
import threading
from collections.abc import Mapping
from typing import Any

from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.fault_kinds import OPERATION_KINDS, PARAMETERS, parameters_of
from ontap_simulator.rate import Rate
from ontap_simulator.records import Record

_MATCH = {'method', 'path', 'user'}


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
    served: Rate | None = None

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
        if self.served is not None and self.served.allows():
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
        if kind not in PARAMETERS:
            raise InvalidValueError('kind', kind)
        parameters = parameters_of(kind, body)
        beyond = parameters.get('beyond')
        fault = Fault(
            str(next(self._ids)),
            kind,
            _match(body),
            _positive(body, 'nth'),
            None if body.get('count', 1) is None else _positive(body, 'count'),
            parameters,
            served=Rate(beyond) if beyond else None,
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
        """Whether an operation finds the volume full; it counts."""
        with self._lock:
            return any(
                fault.take()
                for fault in self._faults.values()
                if fault.kind == 'volume_full'
                and fault.parameters == {'svm': svm, 'volume': volume}
            )

    def device_busy(self) -> bool:
        """Whether a clone of a LUN or namespace is refused as busy; it counts."""
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
