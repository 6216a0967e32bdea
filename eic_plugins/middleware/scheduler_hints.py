"""Reads a request to create a volume, and writes the hint ``eic`` into it.

Pure: the document of ``POST /volumes`` in, what is to be sent on out. Cinder takes
scheduler hints from two places, and here both are read as Cinder reads them.
"""

from collections.abc import Mapping
from typing import Any

from microversion_parse import Version
from oslo_utils import uuidutils

from eic_plugins.middleware import body, microversions
from eic_plugins.middleware.copies import Copies
from eic_plugins.scheduler import locality

_HINTS = 'OS-SCH-HNT:scheduler_hints'
_LEGACY_HINTS = 'scheduler_hints'
_STRICT_SCHEMA = Version(3, 53)
"""From this microversion on, ``volume.scheduler_hints`` is refused."""


def volume_in(document: Any) -> dict[str, Any] | None:
    """What stands under ``volume``, None if that is no object."""
    volume = document.get('volume') if isinstance(document, dict) else None
    return volume if isinstance(volume, dict) else None


def image_in(document: Any) -> str | None:
    """The image's UUID, as Cinder finds it; names are left to Cinder."""
    volume = volume_in(document) or {}
    key = 'image_id' if 'image_id' in volume else 'imageRef'
    reference = volume.get(key)
    if not isinstance(reference, str):
        return None
    image_id = reference.rpartition('/')[2]
    return image_id if uuidutils.is_uuid_like(image_id) else None


def drop_forged(document: dict[str, Any], environ: body.Environ) -> bool:
    """Take the user's own hints ``eic`` out of ``document``.

    :returns: whether there was one
    """
    dropped = _drop(document, _HINTS)
    volume = volume_in(document)
    if volume is None or _refuses_legacy_hints(environ):
        return dropped
    return _drop(volume, _LEGACY_HINTS) or dropped


def takes_hint(document: Any) -> bool:
    """True if Cinder would read one more hint, and still all of the user's.

    It takes hints from one of the two places: to write into the one would hide
    the other, which the user filled.
    """
    volume = volume_in(document)
    if volume is None:
        return False
    hints = document.get(_HINTS)
    elsewhere = hints is None and volume.get(_LEGACY_HINTS) is not None
    return not elsewhere and isinstance(hints, dict | None)


def add_hint(document: dict[str, Any], copies: Copies) -> None:
    """Write where an image's copies are into ``document``."""
    hints = document.get(_HINTS) or {}
    document[_HINTS] = {**hints, locality.HINT: locality.write_hint(copies)}


def _drop(holder: dict[str, Any], key: str) -> bool:
    hints: Mapping[str, Any] | Any = holder.get(key)
    if not isinstance(hints, dict) or locality.HINT not in hints:
        return False
    holder[key] = {k: v for k, v in hints.items() if k != locality.HINT}
    return True


def _refuses_legacy_hints(environ: body.Environ) -> bool:
    """True if Cinder answers 400 to ``volume.scheduler_hints``.

    It quotes the volume in that answer, which must not differ.
    """
    version = _version_in(environ.get('HTTP_OPENSTACK_API_VERSION', ''))
    return microversions.is_at_least(version, _STRICT_SCHEMA)


def _version_in(header: str) -> str | None:
    """As Cinder reads it; None for what it answers with an error.

    Not by ``microversion_parse.get_version``, which Nova uses: that takes the last
    part for the service, whose name must be equal. Cinder takes the first one in
    which ``volume`` occurs.
    """
    of_volume = next((part for part in header.split(',') if 'volume' in part), '')
    words = of_volume.split()
    return words[1] if len(words) == 2 else None  # noqa: PLR2004
