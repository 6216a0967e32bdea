"""The WSGI application: authenticates, lets faults hit, answers, records.

It needs no server, so a test can call it in its own process::

    webtest.TestApp(Application(Cluster(topology, data_dir)))
"""

import dataclasses
import logging
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import webob
from ontap_simulator import routing, zapi
from ontap_simulator.calls import Calls
from ontap_simulator.control import PREFIX, Control
from ontap_simulator.dispatching import Dispatcher, Request
from ontap_simulator.errors.common import (
    ApiNotFoundError,
    DropConnectionError,
    NotAuthenticatedError,
    NotPermittedError,
    OntapError,
    SvmMismatchError,
    TooManyRequestsError,
    UnavailableError,
)
from ontap_simulator.faults import Fault
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.models.logins import Login
from ontap_simulator.models.svms import Svm
from ontap_simulator.personality import SLOW_SECONDS
from ontap_simulator.records import value
from ontap_simulator.responses.base import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
from ontap_simulator.wire import (
    credentials,
    error_answer,
    raw_path,
    response,
    serialise,
)

LOG = logging.getLogger(__name__)

CONNECTION = 'eic_simulator.connection'
"""The environ key with the number of the TCP connection."""

API = '/api'


@dataclasses.dataclass
class _Exchange:
    """What is known of a request so far, to be recorded at its end."""

    request: webob.Request
    path: str
    template: str = 'unknown'
    user: Login | None = None
    faults: Sequence[Fault] = ()
    content: bytes = b''


class Application:
    """The simulator as a WSGI application."""

    def __init__(self, cluster: Cluster, strict: bool = True) -> None:
        """
        :param strict: refuse what the cluster's release does not have
        """
        self.cluster = cluster
        self.calls = Calls()
        self._dispatcher = Dispatcher(cluster, strict)
        self._control = Control(cluster, self.calls)

    def __call__(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        request = webob.Request(environ)
        exchange = _Exchange(request, raw_path(request))
        answer = (
            self._controlled(exchange)
            if (exchange.path.startswith(PREFIX))
            else self._recorded(exchange)
        )
        content = exchange.content or serialise(answer)
        body: Iterable[bytes] = response(answer, content)(environ, start_response)
        return body

    def _controlled(self, exchange: _Exchange) -> Answer:
        request = exchange.request
        try:
            self._authenticate(exchange)
            return self._control.answer(
                request.method,
                exchange.path[len(PREFIX) :],
                request.query_string,
                request.body,
            )
        except OntapError as err:
            return error_answer(err)

    def _recorded(self, exchange: _Exchange) -> Answer:
        started = time.monotonic()
        answer = None
        try:
            answer = self._answer(exchange)
            return answer
        finally:
            self._record(exchange, answer, time.monotonic() - started)

    def _answer(self, exchange: _Exchange) -> Answer:
        try:
            self._authenticate(exchange)
            self._authorize(exchange)
            for fault in exchange.faults:
                _before(fault)
            if self.cluster.personality.speed == 'slow':
                time.sleep(SLOW_SECONDS)
            answer = self._dispatch(exchange)
        except OntapError as err:
            answer = error_answer(err)
        except DropConnectionError:
            raise
        except Exception:
            LOG.exception('%s %s broke', exchange.request.method, exchange.path)
            answer = error_answer(
                OntapError(
                    'Internal error.', code='5', status=HTTPStatus.INTERNAL_SERVER_ERROR
                )
            )
        for fault in exchange.faults:
            answer = _after(fault, answer)
        return answer

    def _authenticate(self, exchange: _Exchange) -> None:
        name, password = credentials(exchange.request)
        exchange.user = self.cluster.logins.find(name, password)
        if exchange.user is None:
            raise NotAuthenticatedError

    def _authorize(self, exchange: _Exchange) -> None:
        request, user = exchange.request, exchange.user
        if user is None:
            raise NotAuthenticatedError
        exchange.faults = self.cluster.faults.for_request(
            request.method, exchange.path, user.name
        )
        # What ZAPI can do here is reading.
        method = 'GET' if exchange.path == zapi.PATH else request.method
        if not user.allows(method, exchange.path):
            raise NotPermittedError

    def _dispatch(self, exchange: _Exchange) -> Answer:
        request, path = exchange.request, exchange.path
        if path == zapi.PATH and request.method == 'POST':
            exchange.template = path
            return Answer(xml=zapi.answer(request.body, self.cluster.version))
        if path != API and not path.startswith(f'{API}/'):
            raise ApiNotFoundError('API not found')
        below = path[len(API) :]
        template, parameters = routing.resolve(below)
        exchange.template = API + template
        return self._dispatcher.answer(
            Request(
                request.method,
                below,
                request.query_string,
                request.body,
                self._svm(exchange),
                exchange.faults,
            ),
            template,
            parameters,
        )

    def _svm(self, exchange: _Exchange) -> Svm | None:
        """The SVM that the request, or the account, is limited to."""
        headers = exchange.request.headers
        names = [headers.get(f'X-Dot-SVM-{kind}') for kind in ('Name', 'UUID')]
        named = [self.cluster.svm(name) for name in names if name]
        if len({svm.uuid for svm in named}) > 1:
            raise SvmMismatchError
        found = named[0] if named else None
        own = exchange.user.svm if exchange.user else None
        if own is None:
            return found
        if found is not None and found.name != own:
            raise NotPermittedError
        return self.cluster.svm(own)

    def _record(
        self, exchange: _Exchange, answer: Answer | None, seconds: float
    ) -> None:
        request = exchange.request
        if answer:
            pretty = 'pretty=false' not in request.query_string
            exchange.content = serialise(answer, pretty)
        error = value(answer.body, 'error.code') if answer else None
        self.calls.add(
            exchange.template,
            time=time.time(),
            user=exchange.user.name if exchange.user else None,
            client=request.headers.get('X-Dot-Client-App') or request.user_agent or '',
            connection=request.environ.get(CONNECTION, 0),
            method=request.method,
            path=exchange.path,
            query=request.query_string,
            status=answer.status if answer else None,
            seconds=seconds,
            bytes_in=request.content_length or 0,
            bytes_out=len(exchange.content),
            error_code=error,
        )


def _before(fault: Fault) -> None:
    parameters = fault.parameters
    if fault.kind == 'latency':
        time.sleep(parameters['seconds'])
    elif fault.kind == 'error':
        raise OntapError(
            parameters['message'],
            code=parameters['code'],
            status=parameters['status'],
            retry_after=parameters['retry_after'],
        )
    elif fault.kind == 'too_many_requests':
        raise TooManyRequestsError(parameters['retry_after'], parameters['as_date'])
    elif fault.kind == 'unavailable' and parameters['effect'] == 'none':
        raise UnavailableError(parameters['code'], parameters['retry_after'])
    elif fault.kind == 'drop_connection' and parameters['when'] == 'before':
        raise DropConnectionError


def _after(fault: Fault, answer: Answer) -> Answer:
    parameters = fault.parameters
    if fault.kind == 'drop_connection' and parameters['when'] == 'after':
        raise DropConnectionError
    if fault.kind == 'unavailable' and parameters['effect'] == 'done':
        return error_answer(
            UnavailableError(parameters['code'], parameters['retry_after'])
        )
    return answer
