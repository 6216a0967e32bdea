"""ONTAP's query language: which records, which of their fields, which page.

- ``fields=name,svm.name``: these, the identity, and every field that is
  filtered by; ``fields=*`` all; ``fields=space`` or ``space.*`` a subtree.
- ``name=vol*``, ``name=a|b`` or ``a,b``, ``name=!a``, ``size=>10GB``,
  ``size=1..9``, ``name="a|b"`` (quotes switch the operators off),
  ``null``; keys are dotted paths, also into lists.
- ``max_records`` with ``_links.next``, ``order_by=name desc``,
  ``return_records=false``.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ontap_simulator.exceptions import InvalidValueError

Record = dict[str, Any]

MAX_RETURN_TIMEOUT = 120
_DEFAULT_PAGE = 10000
_START = 'start.index'
# Parameters that are no filters.
_CONTROL = frozenset(
    {
        'fields',
        'max_records',
        'order_by',
        'return_records',
        'return_timeout',
        'return_metadata',
        'byte_offset',
        'length',
        'recurse',
        'ignore_unknown',
        'allow_delete_while_mapped',
        'allow_delete_with_hosts',
        'continue_on_failure',
        'serial_records',
        'privilege_level',
        'return_unmatched_nested_array_objects',
        _START,
        'action',
    }
)
_UNITS = {
    '': 1,
    'B': 1,
    **{
        f'{unit}{suffix}': 1024**power
        for power, unit in enumerate('KMGTP', start=1)
        for suffix in ('', 'B', 'iB')
    },
}
_NUMBER = re.compile(r'(-?\d+(?:\.\d+)?)\s*([KMGTP]?(?:iB|B)?)')


class Query:
    """The parsed query string of one request."""

    def __init__(self, text: str, path: str = '') -> None:
        """
        :param path: the request's path, for the links to further pages
        """
        # Cinder appends "?max_records=" to a path that has a query already.
        self.items = parse_qsl(text.replace('?', '&'), keep_blank_values=True)
        self._path = path
        self._values = dict(self.items)

    def get(self, name: str, default: str = '') -> str:
        """A parameter's value."""
        return self._values.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter's value."""
        text = self.get(name, str(default)).lower()
        if text not in {'true', 'false'}:
            raise InvalidValueError(name, text)
        return text == 'true'

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A number parameter's value."""
        text = self.get(name, str(default))
        if not text.isdigit() or not lowest <= int(text) <= highest:
            raise InvalidValueError(name, text)
        return int(text)

    def renamed(self, old: str, new: str) -> 'Query':
        """The same query with other characters in the names of fields."""
        return Query(
            urlencode(
                [
                    (
                        key.replace(old, new),
                        text.replace(old, new) if key == 'fields' else text,
                    )
                    for key, text in self.items
                ]
            ),
            self._path,
        )

    @property
    def return_timeout(self) -> int:
        """Seconds that the answer may be held for a job to finish."""
        return self.number('return_timeout', 0, 0, MAX_RETURN_TIMEOUT)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are asked for."""
        return tuple(f for f in self.get('fields').split(',') if f)

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """Every parameter that selects records by a field."""
        return tuple((k, v) for k, v in self.items if k not in _CONTROL)

    def wants(self, field: str) -> bool:
        """Whether a field that is costly to fill in has any effect."""
        asked = [
            *self.fields,
            *(k for k, _ in self.filters),
            self.get('order_by').split(' ')[0],
        ]
        return any(
            name in {'*', '**'} or _overlap(name.removesuffix('.*'), field)
            for name in asked
        )

    def asks_for(self, field: str) -> bool:
        """Whether a field is named that ``fields=*`` does not show."""
        asked = [*self.fields, *(k for k, _ in self.filters)]
        return any(
            name == '**' or _overlap(name.removesuffix('.*'), field) for name in asked
        )

    def matches(self, record: Record) -> bool:
        """Whether a record passes all filters."""
        return all(_matches(record, key, text) for key, text in self.filters)

    def select(self, record: Record, identity: Sequence[str]) -> Record:
        """The record with no other fields than those asked for."""
        names = [*identity, '_links', *self.fields, *(key for key, _ in self.filters)]
        if {'*', '**'} & set(names):
            return record
        selected: Record = {}
        for name in names:
            _merge(selected, _pick(record, name.removesuffix('.*').split('.')))
        return selected

    def one(self, record: Record, identity: Sequence[str]) -> Record:
        """A single instance: whole, unless fields are asked for."""
        return self.select(record, identity) if self.fields else record

    def page(self, records: Iterable[Record], identity: Sequence[str]) -> Record:
        """The collection's answer: filtered, ordered, cut to a page."""
        found = self._ordered([r for r in records if self.matches(r)])
        if not self.flag('return_records', default=True):
            return {'num_records': len(found)}
        start = self.number(_START, 0, 0, 1 << 60)
        size = self.number('max_records', _DEFAULT_PAGE, 0, 1 << 60)
        end = start + (size or _DEFAULT_PAGE)
        links = {'self': {'href': self._href(self.items)}}
        if end < len(found):
            items = [(k, v) for k, v in self.items if k != _START]
            links['next'] = {'href': self._href([*items, (_START, str(end))])}
        shown = [self.select(record, identity) for record in found[start:end]]
        return {'records': shown, 'num_records': len(shown), '_links': links}

    def _href(self, items: Sequence[tuple[str, str]]) -> str:
        query = urlencode(items, quote_via=quote, safe=',*.!|')
        return f'/api{self._path}?{query}' if query else f'/api{self._path}'

    def _ordered(self, records: list[Record]) -> list[Record]:
        for item in reversed(self.get('order_by').split(',')):
            name, _, direction = item.strip().partition(' ')
            if name:
                records.sort(
                    key=functools.partial(_sort_key, name),
                    reverse=direction.strip() == 'desc',
                )
        return records


def expand(body: Mapping[str, Any]) -> Record:
    """A body whose keys may be dotted ("svm.name") as nested objects."""
    expanded: Record = {}
    for key, value in body.items():
        inner = expand(value) if isinstance(value, dict) else value
        if isinstance(value, list):
            inner = [expand(v) if isinstance(v, dict) else v for v in value]
        for part in reversed(key.split('.')):
            inner = {part: inner}
        _merge(expanded, inner)
    return expanded


def value(record: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """What is at a dotted path of objects."""
    found: Any = record
    for part in name.split('.'):
        if not isinstance(found, dict) or found.get(part) is None:
            return default
        found = found[part]
    return found


@dataclasses.dataclass(frozen=True)
class _Alternative:
    text: str
    quoted: bool


def _matches(record: Record, key: str, text: str) -> bool:
    values = list(_values(record, key.split('.')))
    if text.startswith('!') and not text.startswith('!='):
        return not _any_matches(values, text[1:])
    return _any_matches(values, text)


def _any_matches(values: list[Any], text: str) -> bool:
    return any(_passes(values, alternative) for alternative in _split(text))


def _split(text: str) -> Iterator[_Alternative]:
    """Alternatives are separated by | or a comma, outside of quotes."""
    for part in re.findall(r'"[^"]*"|[^|,]+', text) or ['']:
        if part.startswith('"') and part.endswith('"') and len(part) > 1:
            yield _Alternative(part[1:-1], quoted=True)
        else:
            yield _Alternative(part, quoted=False)


def _passes(values: list[Any], wanted: _Alternative) -> bool:
    if wanted.quoted:
        return any(_text(found) == wanted.text for found in values)
    if wanted.text == 'null':
        return not values
    return any(_equals(found, wanted.text) for found in values)


def _equals(found: Any, text: str) -> bool:
    if isinstance(found, bool):
        return _text(found) == text.lower() or text == '*'
    if '..' in text:
        low, _, high = text.partition('..')
        return _compare(found, '>=', low) and _compare(found, '<=', high)
    for operator in ('>=', '<=', '>', '<'):
        if text.startswith(operator):
            return _compare(found, operator, text[len(operator) :])
    if isinstance(found, int | float) and _number(text) is not None:
        return found == _number(text)
    pattern = '.*'.join(re.escape(part) for part in text.split('*'))
    return re.fullmatch(pattern, _text(found), re.DOTALL) is not None


def _compare(found: Any, operator: str, text: str) -> bool:
    number = _number(text)
    left: Any = found
    right: Any = number
    if number is None or not isinstance(found, int | float):
        left, right = _text(found), text
    return bool(
        {
            '>=': left >= right,
            '<=': left <= right,
            '>': left > right,
            '<': left < right,
        }[operator]
    )


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2]] if match else None


def _text(found: Any) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def _values(record: Any, parts: Sequence[str]) -> Iterator[Any]:
    if isinstance(record, list):
        for element in record:
            yield from _values(element, parts)
    elif not parts:
        if isinstance(record, dict):
            # Cinder filters by "svm" where it means "svm.name".
            record = record.get('name')
        if record is not None:
            yield record
    elif isinstance(record, dict) and parts[0] in record:
        yield from _values(record[parts[0]], parts[1:])


def _pick(record: Any, parts: Sequence[str]) -> Any:
    """A copy that has the one dotted path alone."""
    if isinstance(record, list):
        return [_pick(element, parts) for element in record]
    if not parts:
        return record
    if not isinstance(record, dict) or parts[0] not in record:
        return {}
    return {parts[0]: _pick(record[parts[0]], parts[1:])}


def _merge(into: Record, other: Any) -> None:
    for key, new in (other or {}).items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            into[key] = dict(old)
            _merge(into[key], new)
        elif (
            isinstance(old, list)
            and isinstance(new, list)
            and (
                len(old) == len(new) and all(isinstance(v, dict) for v in [*old, *new])
            )
        ):
            into[key] = [dict(element) for element in old]
            for element, addition in zip(into[key], new, strict=True):
                _merge(element, addition)
        else:
            into[key] = new


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f'{other}.') or other.startswith(f'{one}.')


def _sort_key(name: str, record: Record) -> tuple[bool, bool, Any]:
    found = value(record, name)
    number = isinstance(found, int | float)
    return (found is None, not number, found if number else _text(found))
