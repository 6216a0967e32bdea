"""ONTAP's query language: which records, which of their fields, which page.

- ``fields=name,svm.name``: these, the identity, and every field that is
  filtered by; ``fields=*`` all but expensive ones, ``**`` all; ``fields=space`` or
  ``space.*`` a subtree, ``space.{size,used}`` two of it, ``space,!space.used`` the
  others.
- ``name=vol*``, ``name=a|b`` or ``a,b``, ``name=!a``, ``size=>10GB``,
  ``size=1..9``, ``name="a|b"`` or ``{a|b}`` (which switch the operators off),
  ``null``; keys are dotted paths, also into lists.
- ``query=a*&query_fields=name,comment``: what has it in one of these.
- ``max_records`` with ``_links.next``, ``offset``, ``order_by=name desc``,
  ``return_records=false``.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.field_names import split_fields
from ontap_simulator.filters import matches_filter, text_of
from ontap_simulator.records import Record, drop, merge, pick, value
from ontap_simulator.search import CrossFieldQuery

MAX_RETURN_TIMEOUT = 120
_DEFAULT_PAGE = 10000
_START = 'start.index'

# Parameters that are no filters.
_CONTROL = frozenset(
    {
        'fields',
        'ignore_unknown_fields',
        'job_results_uuid',
        'max_records',
        'offset',
        'order_by',
        '$orderBy',
        'pretty',
        'query',
        'query_fields',
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


class Query:
    """The parsed query string of one request."""

    def __init__(
        self,
        text: str,
        path: str = '',
        controls: frozenset[str] = frozenset(),
        expensive: Sequence[str] = (),
    ) -> None:
        """
        :param path: the request's path, for the links to further pages
        :param controls: further parameters of the call that are no filters
        :param expensive: fields that are not shown unless they are named
        """
        # Cinder appends "?max_records=" to a path that has a query already.
        self.items = parse_qsl(text.replace('?', '&'), keep_blank_values=True)
        self._path = path
        self._controls = _CONTROL | controls
        self._expensive = [name.removesuffix('.*') for name in expensive]
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

    @functools.cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that are asked for."""
        return tuple(f for f in split_fields(self.get('fields')) if f[0] != '!')

    @functools.cached_property
    def excluded(self) -> tuple[str, ...]:
        """The fields that are not wanted."""
        return tuple(
            f[1:] for f in split_fields(self.get('fields')) if f.startswith('!')
        )

    @functools.cached_property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """Every parameter that selects records by a field."""
        return tuple((k, v) for k, v in self.items if k not in self._controls)

    @property
    def sort_keys(self) -> list[tuple[str, bool]]:
        """Fields, and whether each is in descending order."""
        texts = (self.get('order_by') or self.get('$orderBy')).split(',')
        pairs = [text.strip().partition(' ') for text in texts]
        return [(name, way.strip() == 'desc') for name, _, way in pairs if name]

    @functools.cached_property
    def search(self) -> CrossFieldQuery | None:
        """What ``query=`` looks for."""
        if {'query', 'query_fields'} & self._values.keys():
            return CrossFieldQuery(self.get('query'), self.get('query_fields'))
        return None

    @functools.cached_property
    def _named(self) -> frozenset[str]:
        """Fields that are asked for or filtered by, and sort keys, as they are."""
        return frozenset(
            [
                *(name.removesuffix('.*') for name in self.fields),
                *(k for k, _ in self.filters),
            ]
        )

    @functools.cached_property
    def _unnamed(self) -> tuple[str, ...]:
        """The expensive fields that the query does not name."""
        if '**' in self._named:
            return ()
        return tuple(
            name
            for name in self._expensive
            if not any(_overlap(name, asked) for asked in self._named)
        )

    def wants(self, field: str) -> bool:
        """Whether a field that is costly to fill in has any effect."""
        if self.search:
            return True
        asked = [*self._named, *(name for name, _ in self.sort_keys)]
        return any(name in {'*', '**'} or _overlap(name, field) for name in asked)

    def asks_for(self, field: str) -> bool:
        """Whether a field is named that ``fields=*`` does not show."""
        return any(name == '**' or _overlap(name, field) for name in self._named)

    def matches(self, record: Record) -> bool:
        """Whether a record passes all filters."""
        if self.search and not self.search.matches(record):
            return False
        return all(matches_filter(record, key, text) for key, text in self.filters)

    def select(self, record: Record, identity: Sequence[str]) -> Record:
        """The record with no other fields than those asked for."""
        names = [*identity, '_links', *self.fields, *(key for key, _ in self.filters)]
        if {'*', '**'} & set(names):
            return _without(record, (*self._unnamed, *self.excluded))
        selected: Record = {}
        for name in names:
            merge(selected, pick(record, name.removesuffix('.*').split('.')))
        return _without(selected, self.excluded)

    def one(self, record: Record, identity: Sequence[str]) -> Record:
        """A single instance: whole, unless fields are asked for."""
        if self.fields or self.excluded:
            return self.select(record, identity)
        return _without(record, self._unnamed)

    def page(self, records: Iterable[Record], identity: Sequence[str]) -> Record:
        """The collection's answer: filtered, ordered, cut to a page."""
        found = self._ordered([r for r in records if self.matches(r)])
        if not self.flag('return_records', default=True):
            return {'num_records': len(found)}
        first = self.number('offset', 0, 0, 1 << 60)
        start = self.number(_START, first, 0, 1 << 60)
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
        for name, descending in reversed(self.sort_keys):
            records.sort(key=functools.partial(_sort_key, name), reverse=descending)
        return records


def _without(record: Record, names: Iterable[str]) -> Record:
    for name in names:
        record = drop(record, name.split('.'))
    return record


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f'{other}.') or other.startswith(f'{one}.')


def _sort_key(name: str, record: Record) -> tuple[bool, bool, Any]:
    found = value(record, name)
    number = isinstance(found, int | float)
    return (found is None, not number, found if number else text_of(found))
