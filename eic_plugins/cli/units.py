"""Bytes, shares and moments: for people in words, for programs as they are."""

import datetime
from typing import Any

from cliff.columns import FormattableColumn
from oslo_utils import units

_UNITS = ((units.Ti, 'TiB'), (units.Gi, 'GiB'), (units.Mi, 'MiB'), (units.Ki, 'KiB'))


class Bytes(FormattableColumn[Any]):
    """A number of bytes, None if it is not known."""

    def human_readable(self) -> str:
        """In the largest unit of which there is one at least."""
        return '' if self._value is None else in_words(self._value)


class Percent(FormattableColumn[Any]):
    """A share, None if it is not known."""

    def human_readable(self) -> str:
        """With its sign."""
        return '' if self._value is None else f'{self._value} %'


class Known(FormattableColumn[Any]):
    """Whatever it is, None if it is not known."""

    def human_readable(self) -> str:
        """Empty rather than a word."""
        return '' if self._value is None else str(self._value)


def in_words(number: int) -> str:
    """A number of bytes, for people."""
    for size, name in _UNITS:
        if number >= size:
            return f'{number / size:.1f} {name}'
    return f'{number} B'


def moment(seconds: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601, in UTC."""
    if seconds is None:
        return None
    found = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return found.isoformat(timespec='seconds')
