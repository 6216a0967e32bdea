"""``query=`` and ``query_fields=``: one pattern that is looked for in many fields."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ontap_simulator.errors.common import OntapError
from ontap_simulator.field_names import split_fields
from ontap_simulator.filters import matches_values
from ontap_simulator.records import Record, drop, pick

_WORDS = re.compile(r'(?:"[^"]*"|\S)+')


class SearchError(OntapError):
    """``query=`` and ``query_fields=`` are not a search together."""

    def __init__(self, code: str, message: str, target: str) -> None:
        super().__init__(message, code=code, target=target)


class CrossFieldQuery:
    """Words that are all in a record, each in any of the fields.

    :param query: words, separated by spaces; each may have ``*`` and ``|``
    :param fields: their names; ``*`` for all, ``!name`` for not that
    :raises SearchError: they are no search
    """

    def __init__(self, query: str, fields: str) -> None:
        _check(query, fields)
        names = split_fields(fields)
        _check_names(names)
        self.names = [n for n in names if not n.startswith('!')]
        self.excluded = [n[1:] for n in names if n.startswith('!')]
        self._words = _WORDS.findall(query)

    def matches(self, record: Record) -> bool:
        """Whether the record has every word."""
        for name in self.excluded:
            record = drop(record, name.split('.'))
        values = list(self._values(record))
        return all(matches_values(values, word) for word in self._words)

    def _values(self, record: Record) -> Iterator[Any]:
        for name in self.names:
            found = record if name == '*' else pick(record, name.split('.'))
            yield from _leaves(found)


def _leaves(found: Any) -> Iterator[Any]:
    """Every value, and the words of each text."""
    inner = found.values() if isinstance(found, dict) else found
    if isinstance(found, dict | list):
        for each in inner:
            yield from _leaves(each)
    elif found is not None:
        yield found
        if isinstance(found, str) and ' ' in found:
            yield from found.split()


def _check(query: str, fields: str) -> None:
    if not query or not fields:
        raise SearchError(
            '262273', 'Both "query" and "query_fields" must be given.', 'query'
        )
    if query.count('"') % 2:
        raise SearchError('262272', 'The query has an unmatched quote.', 'query')
    if not query.strip(' |"'):
        raise SearchError('262274', 'The query is empty.', 'query')


def _check_names(names: Iterable[str]) -> None:
    names = list(names)
    if all(name.startswith('!') for name in names):
        raise SearchError('262275', 'There is no field to search.', 'query_fields')
    if len(names) != len(set(names)):
        raise SearchError('262276', 'A field was named twice.', 'query_fields')
