"""Why a record is believed: its seal, which only this deployment can make.

A record lies beside the bytes, where others may write as well. Its seal is an
HMAC, with a secret of the deployment, over everything that the record says and
over where it is said: FlexVol, file or device, image. So a record that somebody
else wrote does not count, and neither does a true one that was copied to another
place. Without a valid seal it is no record.

The secret is ``[eic] record_secret``, the same on all hosts that run
cinder-volume; see :mod:`eic_plugins.volume.record_secret`.
"""

import base64
import dataclasses
import functools
import hashlib
import hmac
import json
from collections.abc import Sequence

from eic_plugins.storage.interface import Record

_PURPOSE = b'eic_plugins: seal of a record, 1'
_BYTES = 24
_ROUNDS = 200_000


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the bytes are that a record is about.

    ``name`` is a file's path in the FlexVol, or a device's uuid.
    """

    flexvol: str
    name: str
    image_id: str


class Seals:
    """Makes and checks seals.

    :param secrets: the first one seals, all of them verify
    :raises ValueError: there is none, or an empty one
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError('a record is sealed with a secret')
        self._keys = tuple(_key(secret) for secret in secrets)

    def make(self, place: Place, record: Record) -> str:
        """The seal of what the record says of this place."""
        return _seal(self._keys[0], place, record)

    def holds(self, seal: object, place: Place, record: Record) -> bool:
        """True if this deployment has said that of this place."""
        return isinstance(seal, str) and any(
            hmac.compare_digest(
                _seal(key, place, record).encode(), seal.encode(errors='replace')
            )
            for key in self._keys
        )


@functools.cache
def _key(secret: str) -> bytes:
    """Slow on purpose, once: whoever can read records can try passwords."""
    return hashlib.pbkdf2_hmac('sha256', secret.encode(), _PURPOSE, _ROUNDS)


def _seal(key: bytes, place: Place, record: Record) -> str:
    # A JSON list is one text for one list of values, and no other one.
    said = json.dumps(
        [
            *dataclasses.astuple(place),
            record.identity,
            record.virtual_size,
            record.signature,
        ]
    )
    digest = hmac.digest(key, said.encode(), 'sha256')
    return base64.urlsafe_b64encode(digest[:_BYTES]).decode()
