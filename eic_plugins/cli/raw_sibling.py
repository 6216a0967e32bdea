"""What the raw sibling of an image is to be called, to have, and to leave out: pure."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from eic_plugins.cli.untrusted_disk import DRIVERS

CONVERTED_FROM = 'eic_converted_from'
HASH_OF_SOURCE = 'eic_converted_from_hash'
_GLANCES = frozenset(
    {
        'id',
        'status',
        'size',
        'virtual_size',
        'checksum',
        'os_hash_algo',
        'os_hash_value',
        'created_at',
        'updated_at',
        'deleted_at',
        'deleted',
        'schema',
        'self',
        'file',
        'stores',
        'locations',
        'direct_url',
        'name',
        'visibility',
        'disk_format',
        'container_format',
    }
)
"""What Glance writes itself, and what is decided here."""
_OF_THE_BYTES = (
    'img_signature',
    'owner_specified.openstack.',
    'os_glance_',
    CONVERTED_FROM,
)
"""Prefixes of what says something of the source's bytes, or is Glance's own."""
_ENCRYPTED = ('cinder_encryption_key', 'os_encrypt_')


class NoSiblingError(Exception):
    """The image is not converted, and why: a sentence for the operator."""


@dataclasses.dataclass(frozen=True)
class Sibling:
    """What is made.

    ``fields`` are of the new image, which is private until it is whole, and may be
    deleted; ``afterwards`` are what it gets then; ``left_out`` are the names of the
    source's properties that do not hold for other bytes.
    """

    fields: Mapping[str, Any]
    afterwards: Mapping[str, Any]
    left_out: tuple[str, ...]


def sibling_of(
    source: Mapping[str, Any], name: str | None = None, mine: bool = False
) -> Sibling:
    """The raw sibling of an image as Glance's API shows it.

    :param name: of the sibling; None for the source's with `` (raw)``
    :param mine: belongs to who makes it, and is private
    :raises NoSiblingError: there is nothing to convert, or it may not be
    """
    _refuse(source)
    own = {key: value for key, value in source.items() if key not in _GLANCES}
    kept = {
        key: value
        for key, value in own.items()
        if not key.startswith(_OF_THE_BYTES) and value is not None
    }
    fields = {
        **kept,
        'name': name or f'{source.get("name") or source["id"]} (raw)',
        'visibility': 'private',
        'protected': False,
        CONVERTED_FROM: source['id'],
        HASH_OF_SOURCE: _hash_of(source),
    }
    wished = {key: source.get(key) for key in ('visibility', 'protected')}
    if mine:
        fields.pop('owner', None)
        wished.pop('visibility')
    afterwards = {key: value for key, value in wished.items() if value != fields[key]}
    left_out = sorted(key for key in own if key.startswith(_OF_THE_BYTES))
    return Sibling(fields, afterwards, tuple(left_out))


def is_of(found: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether an image is a whole sibling of the source's bytes, and of its owner."""
    return (
        found.get(CONVERTED_FROM) == source['id']
        and found.get(HASH_OF_SOURCE) == _hash_of(source)
        and found.get('owner') == source.get('owner')
        and found.get('status') == 'active'
    )


def _hash_of(source: Mapping[str, Any]) -> str:
    return f'{source.get("os_hash_algo")}:{source.get("os_hash_value")}'


def _refuse(source: Mapping[str, Any]) -> None:
    disk_format, container = source.get('disk_format'), source.get('container_format')
    if source.get('status') != 'active':
        raise NoSiblingError(f'It is {source.get("status")}, and not active.')
    if any(key.startswith(_ENCRYPTED) for key in source):
        raise NoSiblingError('It is encrypted: Cinder alone can read it.')
    if container != 'bare':
        raise NoSiblingError(f'Its container format is {container}, and not bare.')
    if disk_format == 'raw':
        raise NoSiblingError('It is raw already.')
    if disk_format not in DRIVERS:
        raise NoSiblingError(
            f'Its disk format {disk_format} is not converted, but: '
            f'{", ".join(sorted(DRIVERS))}.'
        )
    if not source.get('size'):
        raise NoSiblingError('It has no bytes: it is a snapshot of a volume.')
