"""What a request asks of a LUN or a namespace, before anything is done."""

import re
from typing import Any

from ontap_simulator.errors.block import (
    COPY_WITH,
    BlockError,
)
from ontap_simulator.errors.block_codes import LUN, BlockCodes
from ontap_simulator.errors.common import InvalidValueError, UnexpectedArgumentError
from ontap_simulator.records import Record, value

SMALLEST = 4096
LARGEST = 128 << 40
_LONGEST_COMMENT = 254
_SIZE = re.compile(r'(\d+)\s*(?:([KMGTP])(?:i?B)?|B)?', re.IGNORECASE)

_UNITS = {unit: 1024**power for power, unit in enumerate('KMGTP', start=1)}

FLAGS = {
    'enabled': 'enabled',
    'auto_delete': 'auto_delete',
    'space.guarantee.requested': 'space_reserved',
    'space.scsi_thin_provisioning_support_enabled': 'thin_provisioning',
}
"""Booleans of a body, and what they are called here."""

_WAYS = ('clone', 'copy', 'convert')

_NOT_FOR_CLONES = ('os_type', 'space.size', 'space.block_size', 'attributes')

_FOR_COPIES = {'svm', 'name', 'location', 'copy'}


def way_of(body: Record, codes: BlockCodes) -> str:
    """How a body wants the new object made: create, clone, copy or convert.

    :raises OntapError: it asks for things that exclude each other
    """
    ways = [way for way in _WAYS if way in body]
    if not ways:
        _check_required(body, codes)
        return 'create'
    checks = {'clone': _check_clone, 'copy': _check_copy, 'convert': _check_convert}
    checks[ways[0]](body, codes)
    return ways[0]


def _check_required(body: Record, codes: BlockCodes) -> None:
    for name in ('os_type', 'space.size'):
        if value(body, name) is None:
            raise BlockError(codes.required, f'"{name}" is required.', name)
    if body['os_type'] not in codes.os_types:
        raise InvalidValueError('os_type', body['os_type'])


def _check_clone(body: Record, codes: BlockCodes) -> None:
    for name in ('copy', 'convert'):
        if name in body:
            raise BlockError(
                codes.clone_with, f'"{name}" cannot be given with "clone".', name
            )
    for name in _NOT_FOR_CLONES:
        if value(body, name) is not None:
            raise BlockError(
                codes.clone_property,
                f'"{name}" of a clone is that of its source.',
                name,
            )


def _check_copy(body: Record, codes: BlockCodes) -> None:
    if codes is not LUN:
        raise UnexpectedArgumentError('copy')
    for name in sorted(set(body) - _FOR_COPIES):
        raise BlockError(COPY_WITH, f'"{name}" cannot be given with "copy".', name)


def _check_convert(body: Record, codes: BlockCodes) -> None:
    for name in sorted(set(body) - {'svm', 'convert'}):
        raise BlockError(
            codes.convert_property, f'"{name}" cannot be given with "convert".', name
        )


def size_of(body: Record, codes: BlockCodes, block_size: int) -> int | None:
    """``space.size`` in bytes, rounded up to whole blocks; None if missing.

    :raises BlockError: it is no size, too small or too large
    """
    found = value(body, 'space.size')
    if found is None:
        return None
    match = _SIZE.fullmatch(str(found).strip())
    if isinstance(found, bool) or not match:
        raise BlockError(
            codes.bad_size, f'The size "{found}" is invalid.', 'space.size'
        )
    size = int(match[1]) * _UNITS.get((match[2] or '').upper(), 1)
    if size < SMALLEST:
        raise BlockError(
            codes.too_small, f'The size {size} is too small.', 'space.size'
        )
    if size > LARGEST:
        raise BlockError(
            codes.too_large, f'The size {size} is too large.', 'space.size'
        )
    return -(-size // block_size) * block_size


def properties(body: Record) -> dict[str, Any]:
    """The plain properties in a body, by the names that BlockObject has.

    :raises OntapError: one has a value that cannot be
    """
    found: dict[str, Any] = {}
    for name, field in FLAGS.items():
        if value(body, name) is not None:
            found[field] = flag(body, name)
    if 'comment' in body:
        found['comment'] = _comment(body['comment'])
    return found


def flag(body: Record, name: str) -> bool:
    """A boolean, which may be a string."""
    text = str(value(body, name)).lower()
    if text not in {'true', 'false'}:
        raise InvalidValueError(name, value(body, name))
    return text == 'true'


def _comment(found: object) -> str:
    if not isinstance(found, str) or len(found) > _LONGEST_COMMENT:
        raise InvalidValueError('comment', found)
    return found
