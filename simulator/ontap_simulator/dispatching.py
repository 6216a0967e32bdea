"""From a request to the handler that answers it, and what all handlers share."""

import dataclasses
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from ontap_simulator import bulk, routing
from ontap_simulator.faults import Fault
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.svms import Svm
from ontap_simulator.query import Query
from ontap_simulator.reference import loading
from ontap_simulator.reference.model import Resource
from ontap_simulator.responses.base import Answer, Call
from ontap_simulator.strict.rules import Rules


@dataclasses.dataclass(frozen=True)
class Request:
    """A request below ``/api``.

    :param path: still encoded, without ``/api``
    """

    method: str
    path: str
    query: str
    content: bytes
    svm: Svm | None = None
    faults: Sequence[Fault] = ()


class Dispatcher:
    """Checks requests against the rules, and calls their handlers.

    :param strict: refuse what the cluster's release does not have
    """

    def __init__(self, cluster: Cluster, strict: bool = True) -> None:
        self._cluster = cluster
        self._rules = Rules(cluster.version) if strict else None

    def answer(
        self, request: Request, template: str, parameters: Mapping[str, str]
    ) -> Answer:
        """The handler's answer.

        :param template: the request's path in the table of routes
        :raises OntapError: the request is refused
        """
        if request.method == 'OPTIONS':
            return _options(template)
        method = 'GET' if request.method == 'HEAD' else request.method
        handler = routing.handler(template, method)
        call = self._call(request, template, parameters)
        if self._rules:
            self._rules.check(request.method, template, call.query, request.content)
        resource = loading.resource_of(template)
        if bulk.is_bulk(call, template):
            answer = bulk.answer(call, handler, resource)
        else:
            answer = handler(call)
        return _with_link(self._shown(template, answer))

    def _call(
        self, request: Request, template: str, parameters: Mapping[str, str]
    ) -> Call:
        return Call(
            self._cluster,
            request.method,
            request.path,
            _query(request, template, loading.resource_of(template)),
            request.content,
            request.svm,
            request.faults,
            parameters,
        )

    def _shown(self, template: str, answer: Answer) -> Answer:
        if not self._rules or not answer.body:
            return answer
        body = self._rules.shown(template, answer.body)
        return dataclasses.replace(answer, body=body)


def _query(request: Request, template: str, resource: Resource | None) -> Query:
    known = loading.parameters_of(request.method, template)
    return Query(
        request.query,
        request.path,
        known.names if known else frozenset(),
        resource.expensive if resource else (),
    )


def _options(template: str) -> Answer:
    methods = sorted({*routing.methods(template), 'OPTIONS'})
    return Answer({}, HTTPStatus.OK, {'Allow': ', '.join(methods)})


def _with_link(answer: Answer) -> Answer:
    """The address of a further page is in a header, too."""
    following = answer.body.get('_links', {}).get('next')
    if not following:
        return answer
    link = f'<{following["href"]}>; rel="next"'
    return dataclasses.replace(answer, headers={**answer.headers, 'Link': link})
