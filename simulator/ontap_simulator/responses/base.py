"""What every handler takes and gives."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ontap_simulator.exceptions import (
    BadBodyError,
    InvalidValueError,
    MissingFieldError,
    OntapError,
)
from ontap_simulator.faults import Fault
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.jobs import Job, Work
from ontap_simulator.models.volumes import FlexVol, Svm
from ontap_simulator.query import Query, Record, expand, value

_VANISHING_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``xml``, if any, in place of the JSON of ``body``."""

    body: Record = dataclasses.field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    xml: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Call:
    """One request, with everything that a handler needs to know."""

    cluster: Cluster
    method: str
    path: str
    query: Query
    content: bytes
    svm: Svm | None
    """The SVM that the request is limited to, if it is to one."""
    faults: Sequence[Fault] = ()
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.parameters[name]

    @property
    def body(self) -> Record:
        """The JSON body, its dotted keys expanded."""
        return expand(parse_json(self.content))

    def visible(self, svm: Svm) -> bool:
        """Whether the request may see what belongs to the SVM."""
        return self.svm in {None, svm}

    def volumes(self) -> list[FlexVol]:
        """The FlexVols that the request may see."""
        return [v for v in self.cluster.volumes if self.visible(v.svm)]


Handler = Callable[[Call], Answer]


def parse_json(content: bytes) -> Record:
    """A request's body.

    :raises BadBodyError: it is not a JSON object
    """
    try:
        body = json.loads(content or b'{}')
    except ValueError as err:
        raise BadBodyError(f'Invalid JSON input: {err}.') from err
    if not isinstance(body, dict):
        raise BadBodyError('The JSON input is not an object.')
    return body


def collection(call: Call, records: Iterable[Record], *identity: str) -> Answer:
    """A page of the records that the query selects.

    :param identity: the fields that are always there
    """
    return Answer(call.query.page(records, identity or ('uuid', 'name')))


def instance(call: Call, record: Record, *identity: str) -> Answer:
    """One record."""
    return Answer(call.query.one(record, identity or ('uuid', 'name')))


def created(call: Call, path: str, records: list[Record]) -> Answer:
    """201 with the new resource's address, and itself if that is asked for."""
    body: Record = {'num_records': len(records)}
    if call.query.flag('return_records'):
        body['records'] = records
    return Answer(body, 201, {'Location': f'/api{path}'})


def visible_records(call: Call, records: Iterable[Record]) -> list[Record]:
    """The records whose SVM the request may see."""
    return [
        record
        for record in records
        if call.svm is None or record['svm']['name'] == call.svm.name
    ]


def required(body: Record, name: str, kind: type = str) -> Any:
    """A field that must be in the body.

    :raises OntapError: it is missing, or of another type
    """
    found = value(body, name)
    if found is None:
        raise MissingFieldError(name)
    if not isinstance(found, kind):
        raise InvalidValueError(name, found)
    return found


def optional_flag(body: Record, name: str) -> bool:
    """A boolean of the body, which may be a string; False if missing."""
    found = value(body, name, default=False)
    if str(found).lower() not in {'true', 'false'}:
        raise InvalidValueError(name, found)
    return str(found).lower() == 'true'


def run_job(
    call: Call,
    description: str,
    work: Work,
    *,
    status: int = 200,
    svm: Svm | None = None,
    abandoned: Callable[[], None] = lambda: None,
) -> Answer:
    """Start work, wait for it as long as return_timeout says.

    :param status: the answer's when the work has ended by then
    :param abandoned: called in place of the work if a fault prevents it
    """
    timeout = call.query.return_timeout
    job = call.cluster.jobs.start(
        description,
        with_faults(call.faults, work, abandoned),
        svm.reference() if svm else None,
    )
    if any(fault.kind == 'job_vanishes' for fault in call.faults):
        job.hidden = True
        # Its work is done by the time that the job is not known, unless it is
        # a long copy.
        job.done.wait(_VANISHING_SECONDS)
        return Answer({'job': job.link()}, 202)
    if not timeout or not job.done.wait(timeout):
        return Answer({'job': job.link()}, 202)
    if job.error is not None:
        raise job.error
    return Answer({'job': job.link()}, status)


def with_faults(
    faults: Sequence[Fault], work: Work, abandoned: Callable[[], None]
) -> Work:
    """Work that suffers the faults first, which may be the end of it."""

    def run(job: Job) -> None:
        try:
            for fault in faults:
                _suffer(fault, job)
        except _WorkLostError:
            abandoned()
            return
        except OntapError:
            abandoned()
            raise
        work(job)

    return run


class _WorkLostError(Exception):
    """The job ends without having done its work."""


def _suffer(fault: Fault, job: Job) -> None:
    if fault.kind == 'job_stalls':
        while not fault.deleted.wait(0.05):
            job.check_cancelled()
        # The fault may have been deleted right after that.
        job.check_cancelled()
    elif fault.kind == 'job_fails':
        raise OntapError(fault.parameters['message'], code=fault.parameters['code'])
    elif fault.kind == 'job_vanishes' and fault.parameters['effect'] == 'lost':
        raise _WorkLostError
