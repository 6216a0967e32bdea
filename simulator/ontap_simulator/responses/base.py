"""What every handler takes and gives."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

from ontap_simulator.faults import Fault
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.query import Query
from ontap_simulator.records import Record, expand
from ontap_simulator.responses.bodies import parse_json


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``xml``, if any, in place of the JSON of ``body``."""

    body: Record = dataclasses.field(default_factory=dict)
    status: int = HTTPStatus.OK
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
    return Answer(body, HTTPStatus.CREATED, {'Location': f'/api{path}'})


def visible_records(call: Call, records: Iterable[Record]) -> list[Record]:
    """The records whose SVM the request may see."""
    return [
        record
        for record in records
        if call.svm is None or record['svm']['name'] == call.svm.name
    ]
