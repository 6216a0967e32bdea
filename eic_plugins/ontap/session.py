"""One kept-alive REST session to an ONTAP cluster.

netapp-ontap's resource classes cost 17 to 86 ms of Python a call, so the hot
calls go through the ``requests`` session of its ``HostConnection``.
"""

import dataclasses
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import netapp_ontap
import requests
from netapp_ontap import HostConnection
from netapp_ontap.host_connection import LoggingAdapter
from urllib3.util.retry import Retry

from eic_plugins.ontap.throttling import (
    BUSY,
    PATIENCE,
    Reply,
    Throttle,
    Watch,
    unwatched,
)
from eic_plugins.support import request_id, spans
from eic_plugins.support.clock import SYSTEM, Clock

JsonObject = Mapping[str, Any]

RETURN_TIMEOUT = 15
"""Seconds that ONTAP may hold an answer for a job to finish (0 to 120)."""
_CONNECT_TIMEOUT = 6
_READ_TIMEOUT = 10
"""Seconds without a byte of answer, beyond what ONTAP may hold it."""
_POOL_SIZE = 16
_CLIENT = 'X-Dot-Client-App'
"""ONTAP's audit log has it beside the request: docs/facts.md."""
_LEVELS = {'GET': 'readonly', 'POST': 'read_create', 'PATCH': 'all', 'DELETE': 'all'}
"""Access levels of roles that allow a method."""

# The library would repeat a read five times, each to its full timeout. One
# repeat is what a kept-alive connection that the cluster closed needs. Work
# (POST) is not repeated here: whoever asked for it looks at its destination
# first, and may then send it again. What is answered is no matter of the transport,
# whatever Retry-After the answer has: see throttling.
_RETRIES = Retry(
    total=3,
    connect=2,
    read=1,
    status=0,
    redirect=0,
    backoff_factor=0.2,
    respect_retry_after_header=False,
)


class OntapError(Exception):
    """Anything that kept ONTAP from doing what was asked."""


class OntapUnreachableError(OntapError):
    """No answer: whether the request had an effect is not known."""


class OntapTimeoutError(OntapError):
    """Work went on longer than it may; it may still be going on."""


class OntapRejectedError(OntapError):
    """ONTAP's own error, with its ``code`` as ONTAP writes it (a string).

    ``unsure`` if the same request was sent before, and the answer does not tell
    whether it was done then: this error may be about what it has done itself.
    """

    def __init__(
        self, status: int, code: str, message: str, unsure: bool = False
    ) -> None:
        super().__init__(f'ONTAP error {code} (HTTP {status}): {message}')
        self.status = status
        self.code = code
        self.message = message
        self.unsure = unsure


class OntapBusyError(OntapRejectedError):
    """Too much is asked of ONTAP, and there is no time to wait as it says."""


class OntapForbiddenError(OntapRejectedError):
    """The user's role does not allow the call; the text names what it lacks."""


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where a cluster is and how to authenticate.

    ``verify`` is what ``requests`` takes: True, False or the path of a CA file.
    """

    host: str
    port: int = 443
    scheme: str = 'https'
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    cert: str | None = None
    key: str | None = dataclasses.field(default=None, repr=False)
    verify: bool | str = True


class OntapSession:
    """Sends requests and turns every failure into an :class:`OntapError`.

    While ONTAP says that it is too busy, a request waits, for ``patience`` seconds in
    all.

    :param watch: surrounds each such wait
    """

    def __init__(
        self,
        endpoint: Endpoint,
        watch: Watch = unwatched,
        clock: Clock = SYSTEM,
    ) -> None:
        self.host = endpoint.host
        self._throttle = Throttle(watch, clock)
        self._verify = endpoint.verify
        self._connection = HostConnection(
            endpoint.host,
            port=endpoint.port,
            scheme=endpoint.scheme,
            username=endpoint.username,
            password=endpoint.password,
            cert=endpoint.cert,
            key=endpoint.key,
            verify=endpoint.verify,
            protocol_timeouts=(_CONNECT_TIMEOUT, _READ_TIMEOUT),
            headers={'User-Agent': f'eic-plugins ({_library()})'},
        )
        # HostConnection keeps an adapter that is mounted for its origin.
        self._connection.session.mount(
            self._connection.origin,
            LoggingAdapter(
                self._connection, max_retries=_RETRIES, pool_maxsize=_POOL_SIZE
            ),
        )

    def get(self, path: str, patience: float = PATIENCE, **params: Any) -> JsonObject:
        """GET a record or a collection; ``params`` are ONTAP's query."""
        return self._send('GET', path, patience, params=params)

    def records(self, path: str, **params: Any) -> list[JsonObject]:
        """All records of a collection, over as many pages as it has."""
        answer = self.get(path, **params)
        records = list(answer.get('records', ()))
        while next_page := _next_page(answer):
            answer = self._send('GET', next_page)
            records += answer.get('records', ())
        return records

    def post(
        self,
        path: str,
        body: JsonObject,
        patience: float = PATIENCE,
        **params: Any,
    ) -> JsonObject:
        """POST; the answer holds ``job`` where the work goes on."""
        return self._send('POST', path, patience, json=body, params=params)

    def patch(self, path: str, body: JsonObject, **params: Any) -> JsonObject:
        """PATCH; the answer holds ``job`` where the work goes on."""
        return self._send('PATCH', path, json=body, params=params)

    def delete(self, path: str, **params: Any) -> JsonObject:
        """DELETE; the answer holds ``job`` where the work goes on."""
        return self._send('DELETE', path, params=params)

    def _send(
        self, method: str, path: str, patience: float = PATIENCE, **kwargs: Any
    ) -> JsonObject:
        with spans.span(
            'eic-ontap', method=method, path=_without_query(path), host=self.host
        ) as end:
            reply = self._throttle.reply(
                lambda: self._response(method, path, **kwargs), patience
            )
            end['status'] = reply.response.status_code
        if reply.response.status_code == HTTPStatus.FORBIDDEN:
            raise _forbidden(method, path, reply)
        return _parse(reply)

    def _response(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f'{self._connection.origin}{path}'
        headers = {_CLIENT: _client()}
        held = kwargs.get('params', {}).get('return_timeout', 0)
        timeout = (_CONNECT_TIMEOUT, _READ_TIMEOUT + held)
        try:
            # ``verify`` is said for each request. REQUESTS_CA_BUNDLE in the
            # environment replaces that of a session, but not this one.
            return self._connection.session.request(
                method,
                url,
                timeout=timeout,
                verify=self._verify,
                headers=headers,
                **kwargs,
            )
        except (ValueError, requests.exceptions.InvalidJSONError) as err:
            # It was never sent: that says nothing of the cluster.
            raise OntapError(
                f'{method} {_without_query(path)} cannot be '
                f'written: {type(err).__name__}'
            ) from err
        except requests.RequestException as err:
            raise OntapUnreachableError(
                f'{method} {_without_query(path)} on ONTAP at {self.host}: '
                f'{_explain(err)}'
            ) from err


def _forbidden(method: str, path: str, reply: Reply) -> OntapForbiddenError:
    try:
        _parse(reply)
    except OntapRejectedError as err:
        code, why = err.code, err.message
    return OntapForbiddenError(
        reply.response.status_code,
        code,
        f'{why}: {method} {role_path(path)} takes the access level '
        f'{_LEVELS[method]} on that path in the role of the user',
    )


def _without_query(path: str) -> str:
    return path.partition('?')[0]


def role_path(path: str) -> str:
    """The path of a request, as ``security login rest-role`` writes it."""
    general = re.sub(r'/[0-9a-f]{8}-[0-9a-f-]{27}', '/*', _without_query(path))
    head, files, _ = general.partition('/*/files')
    return head + files if files else general.partition('/*')[0]


def _explain(err: requests.RequestException) -> str:
    """What happened, without the URL and whatever else is in its text."""
    if isinstance(err, requests.exceptions.SSLError):
        return (
            'its certificate is not trusted; set netapp_ssl_cert_path to '
            "its CA's certificate"
        )
    if isinstance(err, requests.Timeout):
        return 'no answer in time'
    if isinstance(err, requests.ConnectionError):
        return 'it cannot be reached, or the connection was lost'
    return type(err).__name__


def _parse(reply: Reply) -> JsonObject:
    response = reply.response
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        error = {'message': 'the answer is not a JSON object'}
        raise rejected(response.status_code, error, reply.unsure)
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise rejected(response.status_code, body.get('error'), reply.unsure)
    if response.status_code != HTTPStatus.ACCEPTED:
        # Within return_timeout the work ended; its job is history.
        body.pop('job', None)
    return body


def rejected(status: int, error: Any, unsure: bool = False) -> OntapRejectedError:
    """The error that an answer or a job tells of; any part of it may be missing."""
    fields = error if isinstance(error, Mapping) else {}
    kind = OntapBusyError if status in BUSY else OntapRejectedError
    return kind(
        status,
        str(fields.get('code', 'none')),
        str(fields.get('message', 'no message')),
        unsure,
    )


def _next_page(answer: JsonObject) -> str | None:
    href = answer.get('_links', {}).get('next', {}).get('href')
    return str(href) if href else None


def _client() -> str:
    """As NetApp's library says it, and for which request of OpenStack.

    With no characters but those that NetApp's own clients have in it.
    """
    asked_by = request_id.current()
    whole = f'netapp-ontap-python-{netapp_ontap.__version__}/eic-plugins'
    return f'{whole}/{asked_by}' if asked_by else whole


def _library() -> str:
    return f'netapp-ontap {netapp_ontap.__version__}'
