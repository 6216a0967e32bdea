"""A record of the calls and of the TCP connections that they came over."""

import collections
import dataclasses
import threading
from typing import Any

from ontap_simulator.records import Record

KEPT = 20000


@dataclasses.dataclass(frozen=True)
class RecordedCall:
    """One request as ``GET /simulator/v1/calls`` shows it."""

    seq: int
    time: float
    user: str | None
    client: str
    connection: int
    method: str
    path: str
    query: str
    status: int | None
    """None where the connection was dropped."""
    seconds: float
    bytes_in: int
    bytes_out: int
    error_code: str | None


class Calls:
    """The last calls, and totals of all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def add(self, template: str, **fields: Any) -> None:
        """Record a call.

        :param template: the path as in ``urls.ROUTES``: ``/cluster/jobs/{uuid}``
        """
        with self._lock:
            self._last += 1
            call = RecordedCall(seq=self._last, **fields)
            self._calls.append(call)
            user = call.user or ''
            self._connections[user].add(call.connection)
            self._by_user[user] += 1
            self._by_route[f'{call.method} {template}'] += 1

    def since(self, seq: int, user: str | None = None) -> Record:
        """The calls after one, and how many connections each user has had."""
        with self._lock:
            shown = [
                dataclasses.asdict(call)
                for call in self._calls
                if call.seq > seq and user in {None, call.user}
            ]
            return {
                'last': self._last,
                'calls': shown,
                'connections': {
                    name: len(found)
                    for name, found in self._connections.items()
                    if name
                },
            }

    def totals(self) -> Record:
        """Every call since the start or the last reset."""
        with self._lock:
            return {
                'calls': sum(self._by_user.values()),
                'by_user': dict(self._by_user),
                'by_route': dict(self._by_route),
            }

    def clear(self) -> None:
        """Forget everything; the numbers go on from where they are."""
        with self._lock:
            self._last: int = getattr(self, '_last', 0)
            self._calls: collections.deque[RecordedCall] = collections.deque(
                maxlen=KEPT
            )
            self._connections: collections.defaultdict[str, set[int]] = (
                collections.defaultdict(set)
            )
            self._by_user: collections.Counter[str] = collections.Counter()
            self._by_route: collections.Counter[str] = collections.Counter()
