"""Reads ``data.json``, once."""

import functools
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ontap_simulator.reference.beyond import FIELDS
from ontap_simulator.reference.model import Parameters, Property, Resource

_OLDEST = (9, 6)


@functools.cache
def resource_of(template: str) -> Resource | None:
    """The resource of a path; None if the reference has none.

    :param template: ``/storage/luns/{uuid}``, of a collection or of an instance
    """
    path = normal(template)
    for collection in (path, *_shortened(path)):
        found = _data()['resources'].get(collection)
        keys = path.count('{}') - collection.count('{}')
        if found and keys in {0, len(found['keys'])}:
            return _resource(collection, found)
    return None


@functools.cache
def parameters_of(method: str, template: str) -> Parameters | None:
    """The parameters of a call; None if the reference does not list them."""
    path = normal(template)
    for each in (path, f'{path}/{{}}'):
        found = _data()['calls'].get(f'{method} {each}')
        if found:
            return Parameters(frozenset(found['parameters']), found['filters'])
    return None


@functools.cache
def statuses_of(code: str) -> tuple[int, ...]:
    """The HTTP statuses that a general error code goes with."""
    return tuple(_data()['statuses'].get(code, ()))


def normal(template: str) -> str:
    """A path with the names of its variables left out."""
    return re.sub(r'\{[^}]*\}', '{}', template)


@functools.cache
def _data() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath('data.json').read_text()
    found: Mapping[str, Any] = json.loads(text)
    return found


def _shortened(path: str) -> list[str]:
    found = []
    while path.endswith('/{}'):
        path = path.removesuffix('/{}')
        found.append(path)
    return found


def _resource(path: str, data: Mapping[str, Any]) -> Resource:
    return Resource(
        path=path,
        since=_release(data['since']),
        keys=tuple(data['keys']),
        expensive=tuple(data['expensive']),
        arrays=frozenset(data['arrays']),
        properties={**_objects(data), **_beyond(path), **_fields(data)},
    )


def _fields(data: Mapping[str, Any]) -> dict[str, Property]:
    return {name: _property(text) for name, text in data['fields'].items()}


def _beyond(path: str) -> dict[str, Property]:
    found = FIELDS.get(path, {})
    return {name: Property(_OLDEST, kind, 'g') for name, kind in found.items()}


def _objects(data: Mapping[str, Any]) -> dict[str, Property]:
    """What is named as expensive, and of which no field is listed."""
    names = {name.removesuffix('.*') for name in data['expensive']}
    return {
        name: Property(_release(data['since']), 'any', 'g')
        for name in names
        if not any(f'{each}.'.startswith(f'{name}.') for each in data['fields'])
    }


def _property(text: str) -> Property:
    since, kind, access, choices = (*text.split(' '), '', '')[:4]
    return Property(
        _release(since), kind, access, tuple(choices.split('|')) if choices else ()
    )


def _release(text: str) -> tuple[int, int]:
    major, minor = text.split('.')
    return int(major), int(minor)
