"""What a volume shows of its outcome, read as docs/operations.md describes it: pure."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from eic_plugins.model import (
    CINDER_DOWNLOAD,
    METADATA_VALUE_LIMIT,
    NOTE_KEY,
    Reason,
    read_note,
)

PREFIX = 'eic_'
_GIB = 1 << 30
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Shown:
    """The outcome of a volume, in the words that its metadata has."""

    route: str
    seconds: float
    bytes_kept_off_host: int
    refused: Mapping[str, str]
    """Of each faster route, why it was not taken."""

    @property
    def by_eic(self) -> bool:
        """Whether EIC made the volume, and did not leave it to Cinder."""
        return self.route not in {'', CINDER_DOWNLOAD}

    @property
    def unknown_reasons(self) -> list[str]:
        """Words that no manual explains."""
        known = {str(reason.value) for reason in Reason}
        return sorted(set(self.refused.values()) - known)


def in_metadata(volume: Mapping[str, Any]) -> Shown:
    """What the volume's own metadata says.

    :raises ValueError: something of it is not there, or is no number
    """
    return _read(volume['metadata'])


def in_image_metadata(volume: Mapping[str, Any]) -> Shown:
    """What is noted beside the image's properties: of a volume with own metadata.

    :raises ValueError: nothing is, or the note is another volume's
    """
    note = volume.get('volume_image_metadata', {}).get(NOTE_KEY)
    return _read(read_note(note, volume['id']))


def of_eic(metadata: Mapping[str, str]) -> list[str]:
    """The keys of ours that a volume's metadata has."""
    return sorted(key for key in metadata if key.startswith(PREFIX))


def _read(fields: Mapping[str, Any]) -> Shown:
    try:
        return Shown(
            str(fields['eic_route']),
            float(fields['eic_seconds']),
            int(fields['eic_bytes_kept_off_host']),
            dict(_pairs(str(fields.get('eic_refused', '')))),
        )
    except KeyError as err:
        raise ValueError(f'the volume shows no {err}') from None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    words = list(filter(None, text.split(',')))
    if len(text) >= METADATA_VALUE_LIMIT:
        # The last one was cut.
        words.pop()
    for word in words:
        route, equals, reason = word.partition('=')
        if not equals:
            raise ValueError(f'eic_refused has {word!r}')
        yield route, reason


def digest_of_volume(image: bytes, gib: int, algorithm: str) -> str:
    """The hash of a volume that begins with an image and has zeros behind it."""
    digest = hashlib.new(algorithm, image)
    zeros = gib * _GIB - len(image)
    for start in range(0, zeros, _CHUNK):
        digest.update(bytes(min(_CHUNK, zeros - start)))
    return digest.hexdigest()
