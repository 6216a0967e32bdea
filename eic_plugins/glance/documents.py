"""Reads what Glance, or Cinder for it, says of an image.

A field of a wrong type counts as missing: some fields are written by the image's owner.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from oslo_utils import timeutils

from eic_plugins.model import Image

_CORE_FIELDS = frozenset(
    {
        'id',
        'status',
        'disk_format',
        'container_format',
        'size',
        'virtual_size',
        'min_disk',
        'os_hash_algo',
        'os_hash_value',
        'owner',
        'updated_at',
    }
)


@dataclasses.dataclass(frozen=True)
class ListedImage:
    """An image as Glance lists it, with whose it is and who sees it."""

    image: Image
    name: str = ''
    owner: str = ''
    visibility: str = ''
    hidden: bool = False
    created_at: str = ''
    """When Glance was first told of it (ISO 8601, UTC); nobody can set it."""


def image_from_meta(meta: Mapping[str, Any]) -> Image:
    """An :class:`Image` from the ``image_meta`` that Cinder hands a driver."""
    return _image(meta, mapping(meta.get('properties')))


def image_from_api(raw: Mapping[str, Any]) -> Image:
    """An :class:`Image` from Glance's own ``GET /v2/images/{id}``.

    Custom properties stand beside the others there, whatever they are called:
    one of the name ``properties`` is one of them.
    """
    meta = {key: value for key, value in raw.items() if key != 'properties'}
    meta['updated_at'] = _time(meta.get('updated_at'))
    return _image(meta, {})


def listed_image(raw: Mapping[str, Any]) -> ListedImage:
    """A :class:`ListedImage` from an entry of ``GET /v2/images``."""
    return ListedImage(
        image_from_api(raw),
        _text(raw.get('name')) or '',
        _text(raw.get('owner')) or '',
        _text(raw.get('visibility')) or '',
        bool(raw.get('os_hidden')),
        _text(raw.get('created_at')) or '',
    )


def _image(meta: Mapping[str, Any], nested: Mapping[str, Any]) -> Image:
    flat = {
        k: v for k, v in meta.items() if k not in _CORE_FIELDS and k != 'properties'
    }
    return Image(
        id=meta['id'],
        status=_text(meta.get('status')) or '',
        disk_format=_text(meta.get('disk_format')),
        container_format=_text(meta.get('container_format')),
        size=_number(meta.get('size')) or 0,
        virtual_size=_number(meta.get('virtual_size')),
        min_disk=_number(meta.get('min_disk')) or 0,
        os_hash_value=_text(meta.get('os_hash_value') or nested.get('os_hash_value')),
        os_hash_algo=_text(meta.get('os_hash_algo') or nested.get('os_hash_algo')),
        owner=_text(meta.get('owner')),
        updated_at=str(meta.get('updated_at') or ''),
        properties={**flat, **nested},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    """A number of bytes or GiB; Cinder takes one that is written as text."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def _time(value: Any) -> Any:
    """As Cinder hands it to a driver: it may be a part of the identity."""
    try:
        return timeutils.parse_isotime(value)
    except ValueError:
        return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, if it is a mapping; an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}
