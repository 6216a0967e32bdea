"""Finds the volume, server or image that a word means, as the user of the cloud."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from keystoneauth1 import exceptions
from oslo_utils import uuidutils

from eic_plugins.cli.cloud import CloudError

KINDS = ('volume', 'server', 'image')


@dataclasses.dataclass(frozen=True)
class Thing:
    """One of :data:`KINDS`, as its service's API shows it."""

    kind: str
    shown: Mapping[str, Any]


class Api(Protocol):
    """A service's API, as keystoneauth's adapter."""

    def get(self, path: str, params: Mapping[str, str]) -> Any:
        """The answer to one request."""


class Service:
    """Asks one service; an answer is JSON, or there is none.

    :param name: for errors
    """

    def __init__(self, name: str, api: Api) -> None:
        self._name = name
        self._api = api

    def get(self, path: str, **query: str) -> Any:
        """The document, or None if the service knows no such thing.

        :raises CloudError: it does not answer, or says no
        """
        status, document = self.ask(path, **query)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            raise CloudError(f'{self._name} answered {status}.')
        return document

    def ask(self, path: str, **query: str) -> tuple[int, Any]:
        """The status, and the document if it is a success.

        :raises CloudError: the service does not answer
        """
        try:
            answer = self._api.get(path, params=query)
            return answer.status_code, answer.json() if answer.ok else None
        except (exceptions.ClientException, ValueError) as err:
            raise CloudError(
                f'{self._name} could not be asked: {type(err).__name__}'
            ) from err

    def pages(self, path: str, key: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every entry of a list, however many pages it has.

        :raises CloudError: as :meth:`get`
        """
        marker: dict[str, str] = {}
        while True:
            found = (self.get(path, **query, **marker) or {}).get(key, [])
            yield from found
            if not found or marker.get('marker') == found[-1]['id']:
                return
            marker = {'marker': found[-1]['id']}


@dataclasses.dataclass(frozen=True)
class Cloud:
    """The services that are asked."""

    cinder: Service
    nova: Service
    glance: Service

    def find(self, word: str, kinds: Sequence[str] = KINDS) -> Thing:
        """What a name or an id means.

        :param kinds: what it may be
        :raises CloudError: nothing, or several things; or a service says no
        """
        found, errors = self._look(word, kinds)
        if not found and errors:
            raise errors[0]
        if not found:
            what = ' or '.join(kinds)
            raise CloudError(
                f'No {what} has the name or id {word!r} among those that you may see.'
            )
        if len(found) > 1:
            many = '; '.join(f'{each.kind} {each.shown["id"]}' for each in found)
            raise CloudError(
                f'{len(found)} things have the name {word!r}: {many}. Say the id, or '
                '--volume, --server or --image.'
            )
        return found[0]

    def volume(self, volume_id: str) -> Mapping[str, Any] | None:
        """A volume that the user may see."""
        found = self.cinder.get(f'/volumes/{volume_id}')
        return dict(found['volume']) if found else None

    def _look(
        self, word: str, kinds: Sequence[str]
    ) -> tuple[list[Thing], list[CloudError]]:
        """What one service has is told, even if another one does not answer."""
        found: list[Thing] = []
        errors: list[CloudError] = []
        for kind in kinds:
            try:
                found += self._of(kind, word)
            except CloudError as err:
                errors.append(err)
        return found, errors

    def _of(self, kind: str, word: str) -> Iterator[Thing]:
        by_id: Mapping[str, tuple[Service, str]] = {
            'volume': (self.cinder, '/volumes'),
            'server': (self.nova, '/servers'),
            'image': (self.glance, '/images'),
        }
        service, path = by_id[kind]
        found = service.get(f'{path}/{word}') if uuidutils.is_uuid_like(word) else None
        if found:
            yield Thing(kind, found if kind == 'image' else found[kind])
            return
        # Nova takes a name for a regular expression.
        name = re.escape(word) if kind == 'server' else word
        listed = path if kind == 'image' else f'{path}/detail'
        for each in (service.get(listed, name=name) or {}).get(f'{kind}s', []):
            if each.get('name') == word:
                yield Thing(kind, each)
