"""Filters of a query: ``vol*``, ``a|b``, ``!a``, ``>10GB``, ``1..9``, ``null``."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ontap_simulator.records import Record

_UNITS = {
    '': 1,
    'B': 1,
    **{
        f'{unit}{suffix}': 1024**power
        for power, unit in enumerate('KMGTP', start=1)
        for suffix in ('', 'B', 'iB')
    },
}

_PARTS = re.compile(r'\{\{[^}]*\}\}|\{[^}]*\}|"[^"]*"|[^|,]+')
"""``{{x}}`` is the text ``{x}``, as ``{"x"}`` is ``"x"``."""

_NUMBER = re.compile(r'(-?\d+(?:\.\d+)?)\s*([KMGTP]?(?:iB|B)?)')


@dataclasses.dataclass(frozen=True)
class _Alternative:
    text: str
    quoted: bool


def matches_filter(record: Record, key: str, text: str) -> bool:
    return matches_values(list(_values(record, key.split('.'))), text)


def matches_values(values: list[Any], text: str) -> bool:
    if text.startswith('!') and not text.startswith('!='):
        return not _any_matches(values, text[1:])
    return _any_matches(values, text)


def _any_matches(values: list[Any], text: str) -> bool:
    return any(_passes(values, alternative) for alternative in _split(text))


def _split(text: str) -> Iterator[_Alternative]:
    """Alternatives are separated by | or a comma, outside of quotes."""
    for part in _PARTS.findall(text) or ['']:
        if len(part) > 1 and part[0] + part[-1] in {'""', '{}'}:
            yield _Alternative(part[1:-1], quoted=True)
        else:
            yield _Alternative(part, quoted=False)


def _passes(values: list[Any], wanted: _Alternative) -> bool:
    if wanted.quoted:
        return any(text_of(found) == wanted.text for found in values)
    if wanted.text == 'null':
        return not values
    return any(_equals(found, wanted.text) for found in values)


def _equals(found: Any, text: str) -> bool:
    if isinstance(found, bool):
        return text_of(found) == text.lower() or text == '*'
    if '..' in text:
        low, _, high = text.partition('..')
        return _compare(found, '>=', low) and _compare(found, '<=', high)
    for operator in ('>=', '<=', '>', '<'):
        if text.startswith(operator):
            return _compare(found, operator, text[len(operator) :])
    if isinstance(found, int | float) and _number(text) is not None:
        return found == _number(text)
    pattern = '.*'.join(re.escape(part) for part in text.split('*'))
    return re.fullmatch(pattern, text_of(found), re.DOTALL) is not None


def _compare(found: Any, operator: str, text: str) -> bool:
    number = _number(text)
    left: Any = found
    right: Any = number
    if number is None or not isinstance(found, int | float):
        left, right = text_of(found), text
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


def text_of(found: Any) -> str:
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
