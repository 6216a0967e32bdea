"""A record in a file beside its cached image: how it is named, written and read.

``.eic-<image id>.json``, sealed (:mod:`eic_plugins.storage.seals`). What stands
there is nobody's word but this deployment's, or it is no record.
"""

import json

from eic_plugins.model import StoredObject
from eic_plugins.storage.interface import Record
from eic_plugins.storage.seals import Place, Seals

RECORD_PREFIX = '.eic-'
RECORD_SUFFIX = '.json'
MOST_RECORD_BYTES = 4096
"""What is longer is no record, and is not read."""
_SAME_TIME = 1.0  # seconds; some file systems keep no more of a time


def record_name(image_id: str) -> str:
    """The name of a cached image's record."""
    return f'{RECORD_PREFIX}{image_id}{RECORD_SUFFIX}'


def place_of(file: StoredObject, image_id: str) -> Place:
    """What the record of a cached image's file is bound to."""
    return Place(file.flexvol.uuid, file.path, image_id)


def format_record(
    place: Place, record: Record, seals: Seals, made: float = 0.0
) -> bytes:
    """The content of a record's file, sealed but for ``made``, seconds since
    the epoch.
    """
    return json.dumps(
        {
            'image_id': place.image_id,
            'identity': record.identity,
            'virtual_size': record.virtual_size,
            'signature': record.signature,
            'made': made,
            'seal': seals.make(place, record),
        }
    ).encode()


def parse_record(content: bytes | None, place: Place, seals: Seals) -> Record | None:
    """The record in a file, None unless its seal holds for that place."""
    found = _parse(content)
    identity, size, signature = (
        found.get(key) for key in ('identity', 'virtual_size', 'signature')
    )
    if not (
        isinstance(identity, str) and type(size) is int and isinstance(signature, str)
    ):
        return None
    record = Record(identity, size, signature)
    return record if seals.holds(found.get('seal'), place, record) else None


def is_time_of(content: bytes | None, last_used: float) -> bool:
    """True if a record was not used since it was made."""
    made = _parse(content).get('made')
    return isinstance(made, float) and last_used - made < _SAME_TIME


def _parse(content: bytes | None) -> dict[str, object]:
    try:
        found = json.loads(content or b'{}')
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
