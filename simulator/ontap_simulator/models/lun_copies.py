"""LUN copies: a copy goes on after its LUN is made.

NetApp's reference says: both LUNs show a copy's progress, until two minutes after
its end. File copies and LUN copies have one limit. Deleting the destination
cancels a copy.
"""

import dataclasses
import threading

from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.clock import Clock
from ontap_simulator.models.copies import Copies, Pair
from ontap_simulator.models.jobs import Job, Jobs, Work
from ontap_simulator.models.source_watch import FileRef
from ontap_simulator.records import Record, link

SHOWN_SECONDS = 120.0
_CANCEL_SECONDS = 20.0
_PAUSED = '1'


@dataclasses.dataclass(frozen=True)
class LunCopy:
    """One copy, on its way or just ended."""

    source: BlockObject
    destination: str
    """The UUID of the LUN that is being filled."""
    most: int
    job: Job

    def progress(self, now: float) -> Record:
        """``progress`` as the reference has it; ``now`` in seconds."""
        job = self.job
        record: Record = {
            'state': self._state(),
            'volume_snapshot_blocked': False,
            'percent_complete': 100
            if self._is_complete()
            else (job.moved * 100 // job.total if job.total else 0),
            'elapsed': int((job.ended or now) - job.started),
        }
        if self._state() == 'paused_error':
            record['last_failure'] = {'code': _PAUSED, 'message': 'It is paused.'}
        if job.error:
            record['failure'] = {'code': job.error.code, 'message': job.error.message}
        return record

    def _is_complete(self) -> bool:
        return self.job.state == 'success'

    def _state(self) -> str:
        if self.job.done.is_set():
            return 'complete' if self._is_complete() else 'failed'
        if self.job.paused:
            return 'paused_error'
        return 'replicating' if self.job.total else 'preparing'


class LunCopies:
    """The LUN copies of the cluster."""

    def __init__(
        self, store: BlockStore, copies: Copies, jobs: Jobs, clock: Clock
    ) -> None:
        self._store = store
        self._copies = copies
        self._jobs = jobs
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, LunCopy] = {}

    def reserve(self) -> None:
        """Take one of the places that files and LUNs share.

        :raises CopyLimitError: none is free
        """
        self._copies.reserve(1, luns=True)

    def release(self) -> None:
        """Give the place back: the copy will never begin."""
        self._copies.release(1, luns=True)

    def work(self, source: BlockObject, destination: BlockObject, most: int) -> Work:
        """What a copy does. Its place is reserved already.

        :param most: bytes per second that the request allows; 0: any
        """
        pair = Pair(self._file(source), self._file(destination), is_lun=True)
        move = self._copies.work([pair], most)

        def run(job: Job) -> None:
            move(job)
            self._store.update(destination, copying=False)

        return run

    def start(
        self, source: BlockObject, destination: BlockObject, most: int, work: Work
    ) -> None:
        """Let a copy go on by itself."""
        job = self._jobs.start(f'LUN copy to {destination.name}', work)
        with self._lock:
            self._known[destination.uuid] = LunCopy(source, destination.uuid, most, job)

    def cancel(self, destination: str) -> None:
        """End the copy into a LUN, if there is one, and wait for its end."""
        found = self._shown().get(destination)
        if found and not found.job.done.is_set():
            found.job.cancelled.set()
            found.job.done.wait(_CANCEL_SECONDS)

    def record(self, lun: BlockObject) -> Record:
        """``copy`` of a LUN, empty where no copy is about it."""
        shown, now = self._shown(), self._clock.time()
        record: Record = {}
        if lun.uuid in shown:
            copy = shown[lun.uuid]
            record['source'] = {
                **_reference(copy.source),
                'progress': copy.progress(now),
            }
            if copy.most:
                record['source']['max_throughput'] = copy.most
        destinations = [
            {'uuid': copy.destination, 'progress': copy.progress(now)}
            for copy in shown.values()
            if copy.source.uuid == lun.uuid
        ]
        if destinations:
            record['destinations'] = destinations
        return record

    def _file(self, lun: BlockObject) -> FileRef:
        return FileRef(self._store.volume(lun), lun.path)

    def _shown(self) -> dict[str, LunCopy]:
        oldest = self._clock.time() - SHOWN_SECONDS
        with self._lock:
            self._known = {
                key: copy
                for key, copy in self._known.items()
                if copy.job.ended is None or copy.job.ended > oldest
            }
            return dict(self._known)


def _reference(lun: BlockObject) -> Record:
    return {
        'name': lun.name,
        'uuid': lun.uuid,
        '_links': link(f'/storage/luns/{lun.uuid}'),
    }
