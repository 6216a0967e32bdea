"""Makes ``ontap_simulator/reference/data.json`` out of what others have published.

Two sources, neither of them ours:

- NetApp's Python library, one unpacked package for each release, says which field a
  resource has, its type and values, and whether GET, POST and PATCH know it;
- a folder of facts (``fields.json``, ``endpoints.json``, ``common.json``), collected
  from ONTAP's API description: since when a field exists, which are expensive, which
  parameters a call has, and which HTTP status goes with a code.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.libraries import Library, Property, Resource, normal

OLDEST = '9.6'
# No library of 9.11 was published. What is whole and new in the next one may be of
# 9.11, and so it is.
_GAP = {'9.12': '9.11'}
_ROOMS = re.compile(
    '/(cluster|name-services|network|snapmirror|storage|svm'
    '|application/consistency-groups|protocols/(cifs|fpolicy|nfs|nvme|san)'
    '|security/(accounts|certificates|key-managers|key-stores|login|roles)'
    '|support/ems)(/|$)'
)
_NOT = re.compile('/(metrics|top-metrics)(/|$)|^/cluster/(mediator|metro)')


def build(libraries: Path, facts: Path) -> str:
    """The text of the data file.

    :param libraries: has a folder for each release: ``9.19.1.0/netapp_ontap``
    :param facts: the folder with the facts
    """
    data = {
        'sources': _sources(libraries, facts),
        'statuses': _json(facts, 'common')['http_of_code'],
        'calls': _calls(_json(facts, 'endpoints')['endpoints']),
        'resources': _resources(libraries, _json(facts, 'fields')['collections']),
    }
    return _lines(data)


def _json(facts: Path, name: str) -> Any:
    return json.loads((facts / f'{name}.json').read_text())


def _sources(libraries: Path, facts: Path) -> list[str]:
    releases = ', '.join(release for release, _ in _releases(libraries))
    collected = _json(facts, 'fields')['_source'].values()
    return [f'netapp_ontap of the releases {releases}', *collected]


def _releases(libraries: Path) -> list[tuple[str, Library]]:
    found = [
        (tuple(int(part) for part in folder.name.split('.')[:2]), folder)
        for folder in libraries.iterdir()
    ]
    return [
        ('.'.join(map(str, release)), Library(folder / 'netapp_ontap'))
        for release, folder in sorted(found)
    ]


def _calls(endpoints: Mapping[str, Any]) -> dict[str, Any]:
    return {
        normal(call): {
            'parameters': sorted({*facts['control_parameters'], *_defaults(facts)}),
            'filters': bool(facts['filters']),
        }
        for call, facts in endpoints.items()
    }


def _defaults(facts: Mapping[str, Any]) -> Iterable[str]:
    """Parameters with a default value; the source has their names in camel case."""
    for name in facts['defaults']:
        yield re.sub('([A-Z])', lambda match: f'_{match[1].lower()}', name)


def _resources(libraries: Path, collections: Mapping[str, Any]) -> dict[str, Any]:
    known = {normal(path): facts for path, facts in collections.items()}
    first: dict[str, str] = {}
    newest: dict[str, tuple[Resource, dict[str, Property]]] = {}
    for release, library in _releases(libraries):
        since = release if first else OLDEST
        for resource in library.resources(_is_wanted):
            path = normal(resource.path)
            first.setdefault(path, _GAP.get(since, since))
            properties = newest[path][1] if path in newest else {}
            newest[path] = (resource, {**properties, **resource.properties})
            for name in resource.properties:
                whole = first[path] == _GAP.get(since)
                known_since = first[path] if whole else since
                first.setdefault(f'{path} {_plain(name)}', known_since)
    return {
        path: _resource(path, resource, properties, first, known.get(path, {}))
        for path, (resource, properties) in sorted(newest.items())
    }


def _is_wanted(path: str) -> bool:
    return _ROOMS.match(path) is not None and _NOT.search(path) is None


def _resource(
    path: str,
    resource: Resource,
    properties: Mapping[str, Property],
    first: Mapping[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    since = facts.get('since', {})
    more = {
        name: Property('any', (), frozenset('g'))
        for name in facts.get('fields', ())
        if name not in map(_plain, properties)
    }
    return {
        'since': facts.get('introduced') or first[path],
        'keys': list(resource.keys)[path.count('{}') :],
        'expensive': sorted(
            name
            for name in facts.get('expensive', resource.expensive)
            if ' ' not in name
        ),
        'arrays': sorted({each for name in properties for each in _arrays(name)}),
        'fields': {
            _plain(name): _field(
                _since(_plain(name), since, first.get(f'{path} {_plain(name)}')), field
            )
            for name, field in sorted({**properties, **more}.items())
        },
    }


def _since(name: str, since: Mapping[str, str], library: str | None) -> str:
    """The facts know it of a field, or of the object that it is in."""
    if name in since:
        return since[name]
    parts = name.split('.')
    parents = ['.'.join(parts[:count]) for count in range(1, len(parts))]
    found = [since[parent] for parent in parents if parent in since]
    if found and _GAP.get(library or '') == found[-1]:
        return found[-1]
    return max([*found, library or OLDEST], key=_numbers)


def _plain(name: str) -> str:
    return name.replace('[]', '')


def _arrays(name: str) -> Iterable[str]:
    for match in re.finditer(r'\[\]', name):
        yield _plain(name[: match.start()])


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split('.'))


def _field(since: str, field: Property) -> str:
    access = ''.join(sorted(field.access))
    return ' '.join([since, field.kind, access, '|'.join(field.choices)]).strip()


def _lines(data: Mapping[str, Any]) -> str:
    """JSON with one line for each entry of the second level."""
    rooms = []
    for name, content in data.items():
        if isinstance(content, dict):
            lines = [f'{json.dumps(k)}: {json.dumps(v)}' for k, v in content.items()]
            text = '{\n' + ',\n'.join(lines) + '\n}'
        else:
            text = json.dumps(content, indent=0)
        rooms.append(f'{json.dumps(name)}: {text}')
    return '{\n' + ',\n'.join(rooms) + '\n}\n'
