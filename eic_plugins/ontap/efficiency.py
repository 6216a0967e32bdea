"""Deduplication of FlexVols: what ONTAP tells of it, turning it on, scanning data.

All fields that are asked for are there since 9.11.1, the oldest ONTAP supported.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from eic_plugins.ontap import jobs
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    JsonObject,
    OntapError,
    OntapForbiddenError,
    OntapSession,
)
from eic_plugins.support.clock import SYSTEM, Clock

_VOLUMES = '/api/storage/volumes'
_FIELDS = (
    'name,svm.name,space.used,'
    'efficiency.state,efficiency.op_state,efficiency.progress,efficiency.policy.name,'
    'efficiency.dedupe,efficiency.last_op_begin,efficiency.last_op_end,'
    'efficiency.last_op_state,efficiency.last_op_err,'
    'efficiency.space_savings.total,efficiency.space_savings.total_percent'
)
_IDLE = frozenset({'', 'idle', 'disabled'})
_AFTERWARDS = frozenset({'background', 'both'})
"""Modes of deduplication that look at what has been written."""
_CHANGE_SECONDS = 60.0
_BEGIN_SECONDS = 10.0
"""After which a scan that is not seen to run has ended, or never began."""
_LOOKS = 5
"""Failed in a row, after which nobody looks any more."""


@dataclasses.dataclass(frozen=True)
class Deduplication:
    """What ``volume efficiency show`` tells of a FlexVol (sizes in bytes).

    ``status`` is what ONTAP does at the moment: ``idle``, ``active``, ``pending``, …;
    ``saved`` is by deduplication, compression and clones of files together, and
    None where ONTAP does not tell.
    """

    uuid: str
    svm: str
    flexvol: str
    state: str = ''
    status: str = ''
    progress: str = ''
    policy: str = ''
    mode: str = ''
    used: int | None = None
    saved: int | None = None
    saved_percent: int | None = None
    last: tuple[str, str] = '', ''
    """When the last scan began and ended, in ONTAP's words."""
    last_state: str = ''
    last_error: str = ''

    @property
    def busy(self) -> bool:
        """True while ONTAP scans, or is about to."""
        return self.status not in _IDLE

    @property
    def enabled(self) -> bool:
        """True if ONTAP deduplicates what has been written."""
        return self.state == 'enabled' and self.mode in _AFTERWARDS

    @property
    def mode_to_set(self) -> str:
        """The mode with which it does, and keeps what it does now."""
        return 'both' if self.mode == 'inline' else 'background'


class Efficiency:
    """Asks one cluster, as the user of a backend.

    Each method raises :class:`OntapError` if ONTAP refuses or does not answer.
    """

    def __init__(self, session: OntapSession, clock: Clock = SYSTEM) -> None:
        self._session = session
        self._clock = clock

    def of_svm(self, svm: str) -> list[Deduplication]:
        """All FlexVols of an SVM, but its root volume, mirrors, and what is offline."""
        query = {
            'svm.name': svm,
            'is_svm_root': 'false',
            'type': 'rw',
            'state': 'online',
            'fields': _FIELDS,
        }
        return [_read(found) for found in self._session.records(_VOLUMES, **query)]

    def of(self, uuid: str) -> Deduplication:
        """One FlexVol."""
        return _read(self._session.get(f'{_VOLUMES}/{uuid}', fields=_FIELDS))

    def turn_on(self, found: Deduplication) -> Deduplication:
        """Have ONTAP deduplicate what is written from now on; how it is then."""
        self._change(found.uuid, {'dedupe': found.mode_to_set})
        return self.of(found.uuid)

    def start(self, uuid: str, old_data: bool) -> None:
        """Begin a scan.

        :param old_data: of all that the FlexVol has, in place of what was written
            since the last scan
        """
        scanner: dict[str, Any] = {'state': 'active'}
        if old_data:
            scanner |= {'scan_old_data': True, 'dedupe': True}
        self._change(uuid, {'scanner': scanner})

    def follow(self, before: Deduplication) -> Iterator[Deduplication]:
        """Look until the scan has ended; the last one is how it ended.

        :param before: as it was before the scan was started
        """
        began = before.busy
        deadline = self._clock.monotonic() + _BEGIN_SECONDS
        for pause in jobs.pauses():
            found = self._look(before.uuid)
            yield found
            began = began or found.busy or found.last != before.last
            late = self._clock.monotonic() >= deadline
            if not found.busy and (began or late):
                return
            self._clock.sleep(pause)

    def _look(self, uuid: str) -> Deduplication:
        """Once more if it fails: the scan goes on without us."""
        for attempt, pause in enumerate(jobs.pauses(), start=1):
            try:
                return self.of(uuid)
            except OntapForbiddenError:
                raise
            except OntapError:
                if attempt == _LOOKS:
                    raise
            self._clock.sleep(pause)
        raise AssertionError('pauses never end')

    def _change(self, uuid: str, changes: JsonObject) -> None:
        answer = self._session.patch(
            f'{_VOLUMES}/{uuid}',
            {'efficiency': changes},
            return_timeout=RETURN_TIMEOUT,
        )
        job = jobs.job_uuid(answer)
        if job:
            # Of a job that is not known any more the result is looked at.
            with contextlib.suppress(jobs.JobUnknownError):
                jobs.wait(self._session, job, _CHANGE_SECONDS, self._clock)


def _read(record: JsonObject) -> Deduplication:
    efficiency = record.get('efficiency', {})
    savings = efficiency.get('space_savings', {})
    return Deduplication(
        record['uuid'],
        record.get('svm', {}).get('name', ''),
        record.get('name', ''),
        efficiency.get('state', ''),
        efficiency.get('op_state', ''),
        efficiency.get('progress', ''),
        efficiency.get('policy', {}).get('name', ''),
        efficiency.get('dedupe', ''),
        record.get('space', {}).get('used'),
        savings.get('total'),
        savings.get('total_percent'),
        (efficiency.get('last_op_begin', ''), efficiency.get('last_op_end', '')),
        efficiency.get('last_op_state', ''),
        efficiency.get('last_op_err', ''),
    )
