"""Remembers which images' bytes were refused, so that nobody fetches them again.

If an image's bytes cannot become a cached image, its volumes are left to
Cinder's download, with the reason that was found. Whoever waited for somebody
else's attempt does not begin another one. That holds for ten minutes, for
exactly these bytes (:attr:`~eic_plugins.model.Image.identity`) and this
signature. It holds in all cinder-volume processes of a host: each refusal is
also a small file below Cinder's ``state_path``. A wrong refusal can do no more
than have Cinder download an image.
"""

import contextlib
import dataclasses
import json
import os
import secrets
from pathlib import Path

from eic_plugins.model import Image, Reason, Refusal
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory

SECONDS = 600.0
MOST = 1000
_LIMIT = 4096
_SUFFIX = '.json'


@dataclasses.dataclass(frozen=True)
class _Note:
    """What was found of an image's bytes.

    ``too_large_for`` is the size of the disk in bytes, if only volumes that are
    smaller are refused; 0 for all.
    """

    identity: str
    reason: Reason
    detail: str
    until: float
    too_large_for: int = 0

    def holds(self, image: Image, size: int | None, now: float) -> bool:
        """Whether it is about a volume of ``size`` bytes of this image."""
        return (
            self.identity == _identity(image)
            and now < self.until <= now + SECONDS
            and (
                not self.too_large_for
                or (size is not None and size < self.too_large_for)
            )
        )


class Refusals:
    """The images that were refused lately.

    :param directory: shared by the processes of a host; None for this one alone
    :param most: images that are remembered, by one process or in files
    """

    def __init__(
        self, directory: Path | None = None, clock: Clock = SYSTEM, most: int = MOST
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._notes: Memory[str, _Note] = Memory(SECONDS, most, clock)
        self._most = most

    def find(self, image: Image, size: int | None = None) -> Refusal | None:
        """Why a volume of ``size`` bytes cannot be had, None if nothing is known."""
        now = self._clock.time()
        for note in (self._notes.get(image.id), self._read(image.id)):
            if note is not None and note.holds(image, size, now):
                return Refusal.of_everything(note.reason, note.detail)
        return None

    def add(
        self, image: Image, reason: Reason, detail: str, too_large_for: int = 0
    ) -> None:
        """Remember a refusal of an image's bytes.

        :param too_large_for: bytes of the disk, if larger volumes may have it
        """
        note = _Note(
            _identity(image),
            reason,
            detail[: _LIMIT // 4],
            self._clock.time() + SECONDS,
            too_large_for,
        )
        self._notes.put(image.id, note)
        self._write(image.id, note)

    def _path(self, image_id: str) -> Path | None:
        # Ids of Glance are UUIDs, but nothing else is to become a path.
        if self._directory is None or not image_id.replace('-', '').isalnum():
            return None
        return self._directory / f'{image_id}{_SUFFIX}'

    def _read(self, image_id: str) -> _Note | None:
        path = self._path(image_id)
        if path is None:
            return None
        try:
            with path.open('rb') as stream:
                fields = json.loads(stream.read(_LIMIT))
            return _Note(
                str(fields['identity']),
                Reason(fields['reason']),
                str(fields['detail']),
                float(fields['until']),
                int(fields['too_large_for']),
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _write(self, image_id: str, note: _Note) -> None:
        """Other processes have to do without it where that fails."""
        path = self._path(image_id)
        if path is None:
            return
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(path.parent)
            made = path.with_name(f'{path.name}.{secrets.token_hex(4)}')
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, 'w') as stream:
                json.dump(dataclasses.asdict(note), stream)
            made.replace(path)

    def _make_room(self, directory: Path) -> None:
        """Remove what does not hold any more, and keep the number in bounds."""
        oldest = self._clock.time() - SECONDS
        kept = 0
        for path in directory.iterdir():
            if path.lstat().st_mtime < oldest or kept >= self._most:
                path.unlink(missing_ok=True)
            else:
                kept += 1


def _identity(image: Image) -> str:
    return f'{image.identity} {image.signature}'
