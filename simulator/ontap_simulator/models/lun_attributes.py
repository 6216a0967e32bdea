"""The attributes of a LUN, as a request gives them."""

from ontap_simulator.errors.block import (
    ATTRIBUTE_DUPLICATED,
    ATTRIBUTE_INCOMPLETE,
    ATTRIBUTE_TOO_LARGE,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.records import Record

_LONGEST_ATTRIBUTE_PART = 4091
_LARGEST_ATTRIBUTE = 4092


def attributes(body: Record) -> dict[str, str]:
    """``attributes`` of a new LUN.

    :raises BlockError: one is incomplete, too large or there twice
    """
    entries = body.get('attributes') or []
    if not isinstance(entries, list):
        raise InvalidValueError('attributes', entries)
    found: dict[str, str] = {}
    for entry in entries:
        name, text = attribute(entry)
        if name in found:
            raise BlockError(
                ATTRIBUTE_DUPLICATED,
                f'The attribute "{name}" is there twice.',
                'attributes.name',
            )
        found[name] = text
    return found


def attribute(entry: object) -> tuple[str, str]:
    """One attribute's name and value."""
    parts = [
        entry.get(key) if isinstance(entry, dict) else None for key in ('name', 'value')
    ]
    if not all(isinstance(part, str) and part for part in parts):
        raise BlockError(
            ATTRIBUTE_INCOMPLETE, 'An attribute has a name and a value.', 'attributes'
        )
    name, text = (str(part) for part in parts)
    sizes = [len(part.encode()) for part in (name, text)]
    if max(sizes) > _LONGEST_ATTRIBUTE_PART or sum(sizes) > _LARGEST_ATTRIBUTE:
        raise BlockError(
            ATTRIBUTE_TOO_LARGE,
            f'The attribute "{name[:40]}" is too large.',
            'attributes',
        )
    return name, text
