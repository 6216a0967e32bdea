"""The rules of one release: what a request may say, and an answer shows."""

import functools
from typing import Any

from ontap_simulator.errors.common import ApiNotFoundError, InvalidValueError
from ontap_simulator.query import Query
from ontap_simulator.records import Record, expand
from ontap_simulator.reference import loading
from ontap_simulator.reference.beyond import PROPERTIES
from ontap_simulator.reference.model import Release, Surface
from ontap_simulator.responses.bodies import parse_json
from ontap_simulator.strict import answers, names
from ontap_simulator.strict.bodies import BodyCheck
from ontap_simulator.strict.errors import (
    BodyNotAllowedError,
    CliWildcardError,
    NothingToChangeError,
)

_CLI = '/private/cli/'
_MULTIPART = b'--'
_WITHOUT_BODY = ('GET', 'HEAD', 'DELETE', 'OPTIONS')


class Rules:
    """What one release has.

    :param version: as ``9.15.1``
    """

    def __init__(self, version: str) -> None:
        major, minor = version.split('.')[:2]
        self._release: Release = int(major), int(minor)

    def check(self, method: str, template: str, query: Query, content: bytes) -> None:
        """Whether the release has the call, and all that the request names.

        :param content: the request's body
        :raises OntapError: it has not
        """
        if template.startswith(_CLI):
            _check_cli(query)
            return
        surface = self.surface(template)
        if surface is None:
            return
        if surface.resource.since > self._release:
            raise ApiNotFoundError('API not found')
        known = loading.parameters_of('GET' if method == 'HEAD' else method, template)
        names.check_parameters(method, query, surface, known)
        names.check_fields(query, surface)
        names.check_search(method, query, surface)
        names.check_order((name for name, _ in query.sort_keys), surface)
        _check_body(method, surface, query, content)

    def shown(self, template: str, body: Record) -> Record:
        """A body of an answer, without what the release does not have."""
        surface = self.surface(template)
        return body if surface is None else answers.shown(body, surface)

    def surface(self, template: str) -> Surface | None:
        """What this release has of the resource of a path."""
        return _surface(template, self._release)


def _check_body(method: str, surface: Surface, query: Query, content: bytes) -> None:
    if content.startswith(_MULTIPART):
        return
    body = parse_json(content)
    if method in _WITHOUT_BODY:
        # NetApp's library sends an empty object.
        if body and not (method == 'DELETE' and 'records' in body):
            raise BodyNotAllowedError(f'{method} does not have a body.')
        return
    ignored = PROPERTIES.get(f'{method} {surface.resource.path}', frozenset())
    check = BodyCheck(method, surface, ignored)
    records = body.get('records')
    if method == 'PATCH' and not body and _only_global(query):
        raise NothingToChangeError('There is nothing to change.')
    if not isinstance(records, list):
        _check_record(method, body, check)
        return
    for record in records:
        _check_record(method, record, check, surface.resource.keys)


def _only_global(query: Query) -> bool:
    """Whether nothing in the query could be what is to be done."""
    return all(name in names.GLOBAL for name, _ in query.items)


def _check_record(
    method: str, record: Any, check: BodyCheck, keys: tuple[str, ...] = ()
) -> None:
    if not isinstance(record, dict):
        raise InvalidValueError('records', record)
    keys = keys if method == 'PATCH' else ()
    content = {name: found for name, found in record.items() if name not in keys}
    check.check(expand(content))


def _check_cli(query: Query) -> None:
    if {'*', '**'} & set(query.fields):
        raise CliWildcardError(
            'fields=* is not allowed for CLI-based REST APIs.', target='fields'
        )


@functools.lru_cache(maxsize=1024)
def _surface(template: str, release: Release) -> Surface | None:
    resource = loading.resource_of(template)
    return Surface(resource, release) if resource else None
