"""Jobs: work that goes on after the answer.

A job is there until 300 s after its end.
"""

import dataclasses
import datetime
import logging
import threading
import uuid
from collections.abc import Callable

from ontap_simulator.errors.common import NoSuchEntryError, OntapError
from ontap_simulator.models.clock import Clock
from ontap_simulator.records import Record

LOG = logging.getLogger(__name__)

KEPT_SECONDS = 300.0
_CANCELLED = '131157'  # 131072 + ECANCELED


class JobEndedError(OntapError):
    """What has ended cannot be cancelled."""

    code = '458762'

    def __init__(self) -> None:
        super().__init__('Job is already in a terminal state.')


class JobCancelledError(OntapError):
    """The job was asked to end."""

    code = _CANCELLED

    def __init__(self) -> None:
        super().__init__('The job was cancelled.')


@dataclasses.dataclass(eq=False)
class Job:
    """One piece of work. ``done`` and ``cancelled`` are waited for."""

    description: str
    svm: Record | None
    node: str
    started: float
    uuid: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    state: str = 'queued'
    message: str = ''
    moved: int = 0
    """Bytes of a copy that have arrived, of ``total``."""
    total: int = 0
    ended: float | None = None
    error: OntapError | None = None
    hidden: bool = False
    paused: bool = False
    """By an error: it goes on when somebody has removed its cause."""
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    cancelled: threading.Event = dataclasses.field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the work to end.

        :raises JobEndedError: it has
        """
        if self.done.is_set():
            raise JobEndedError
        self.cancelled.set()

    def check_cancelled(self) -> None:
        """Called by work that takes long.

        :raises JobCancelledError: it should end now
        """
        if self.cancelled.is_set():
            raise JobCancelledError

    def link(self) -> Record:
        """How an answer refers to the job."""
        return {
            'uuid': self.uuid,
            '_links': {'self': {'href': f'/api/cluster/jobs/{self.uuid}'}},
        }

    def record(self) -> Record:
        """The job as ``/cluster/jobs`` shows it."""
        record = {
            **self.link(),
            'description': self.description,
            'state': 'paused' if self.paused and self.ended is None else self.state,
            'message': self.message,
            'node': {'name': self.node},
            'code': int(self.error.code) if self.error else 0,
            'start_time': _iso(self.started),
        }
        if self.svm:
            record['svm'] = self.svm
        if self.ended is not None:
            record['end_time'] = _iso(self.ended)
        if self.error:
            record['error'] = self.error.body()
        return record


Work = Callable[[Job], None]


class Jobs:
    """The jobs of the cluster."""

    def __init__(self, clock: Clock, node: str) -> None:
        self._clock = clock
        self._node = node
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, description: str, work: Work, svm: Record | None = None) -> Job:
        """Run the work in a thread of its own."""
        job = Job(description, svm, self._node, self._clock.time())
        with self._lock:
            self._forget_old()
            self._jobs[job.uuid] = job
        threading.Thread(
            target=self._run, args=(job, work), daemon=True, name=f'job-{job.uuid[:8]}'
        ).start()
        return job

    def all(self) -> list[Job]:
        """Every job that is still known."""
        with self._lock:
            self._forget_old()
            return [job for job in self._jobs.values() if not job.hidden]

    def get(self, uuid: str) -> Job:
        """A job.

        :raises NoSuchEntryError: it is not known, or not any more
        """
        for job in self.all():
            if job.uuid == uuid:
                return job
        raise NoSuchEntryError('uuid')

    def clear(self) -> None:
        """Cancel and forget every job."""
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.cancelled.set()

    def _forget_old(self) -> None:
        oldest = self._clock.time() - KEPT_SECONDS
        self._jobs = {
            uuid: job
            for uuid, job in self._jobs.items()
            if job.ended is None or job.ended > oldest
        }

    def _run(self, job: Job, work: Work) -> None:
        job.state = 'running'
        try:
            work(job)
        except OntapError as err:
            self._end(job, err)
        except Exception as err:
            LOG.exception('Job %s (%s) broke', job.uuid, job.description)
            self._end(job, OntapError(f'Internal error: {err}.', code='5'))
        else:
            self._end(job, None)

    def _end(self, job: Job, error: OntapError | None) -> None:
        job.error = error
        job.message = error.message if error else 'success'
        job.ended = self._clock.time()
        job.state = 'failure' if error else 'success'
        job.done.set()


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
