"""Clones that NFS shows some time after ONTAP has answered (``clone_visible``).

The REST API shows them at once. What a request does with one of them makes it
visible first.
"""

import contextlib
import os
import threading

from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.personality import LATE_SECONDS

_Key = tuple[str, str]


class LateClones:
    """Files that are kept out of sight of NFS for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hidden: dict[_Key, tuple[FlexVol, str]] = {}

    def hide(self, volume: FlexVol, path: str) -> None:
        """Keep a file away for a moment."""
        with self._lock:
            self._hidden[_key(volume, path)] = (volume, volume.directory.hide(path))
        timer = threading.Timer(LATE_SECONDS, self.publish, (volume, path))
        timer.daemon = True
        timer.start()

    def stat(self, volume: FlexVol, path: str) -> os.stat_result | None:
        """What a hidden file is, None if none is hidden there."""
        with self._lock:
            found = self._hidden.get(_key(volume, path))
            return volume.directory.stat_hidden(found[1]) if found else None

    def publish(self, volume: FlexVol, *paths: str) -> None:
        """Have them visible now."""
        for path in paths:
            with self._lock:
                found = self._hidden.pop(_key(volume, path), None)
                if found:
                    # Somebody may have emptied the FlexVol.
                    with contextlib.suppress(OSError):
                        volume.directory.show(found[1], path)


def _key(volume: FlexVol, path: str) -> _Key:
    return volume.uuid, path.strip('/')
