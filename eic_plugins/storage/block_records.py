"""A record in the comment of its LUN or namespace: how it is written and read.

Sealed, as JSON; the last use stands there, too, which is not.
"""

import dataclasses
import datetime
import json

from eic_plugins.model import CACHED_IMAGE_PREFIX
from eic_plugins.ontap.block import BlockDevice
from eic_plugins.storage.interface import Record
from eic_plugins.storage.seals import Place, Seals
from eic_plugins.support.clock import SYSTEM


def image_id_of(device: BlockDevice) -> str:
    """The image whose cached image has that name."""
    return device.name.removeprefix(CACHED_IMAGE_PREFIX)


def record_of(device: BlockDevice, place: Place, seals: Seals) -> Record | None:
    """The record, if it is sealed for this device, which is large enough."""
    record = parse_comment(device.comment, place, seals)
    if record is None or device.size < record.virtual_size:
        return None
    return dataclasses.replace(record, uuid=device.uuid)


def format_comment(
    place: Place, record: Record, seals: Seals, used: float, again: bool = False
) -> str:
    """The record, sealed, and the time of the last use, as a comment.

    :param again: True if that is not its making
    """
    return json.dumps(
        {
            'eic': record.identity,
            'size': record.virtual_size,
            'sig': record.signature,
            'used': int(used),
            **({'n': 2} if again else {}),
            'seal': seals.make(place, record),
        },
        separators=(',', ':'),
    )


def parse_comment(comment: str, place: Place, seals: Seals) -> Record | None:
    """The record in a comment, None unless its seal holds for that place."""
    found = _parse(comment)
    identity, size, signature = (found.get(key) for key in ('eic', 'size', 'sig'))
    if not (
        isinstance(identity, str) and type(size) is int and isinstance(signature, str)
    ):
        return None
    record = Record(identity, size, signature)
    return record if seals.holds(found.get('seal'), place, record) else None


def last_use(device: BlockDevice) -> float:
    """Seconds since the epoch; that of its making, without a record."""
    used = _parse(device.comment).get('used')
    return float(used) if isinstance(used, int) else time_of(device.created)


def used_again(device: BlockDevice) -> bool:
    """True if it is known to have served more than one volume."""
    return 'n' in _parse(device.comment)


def _parse(comment: str) -> dict[str, object]:
    try:
        found = json.loads(comment or '{}')
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def time_of(created: str) -> float:
    """ONTAP's time (ISO 8601); now, if it says none: nothing is swept then."""
    try:
        return datetime.datetime.fromisoformat(created).timestamp()
    except ValueError:
        return SYSTEM.time()
