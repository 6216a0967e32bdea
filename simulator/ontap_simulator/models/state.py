"""What survives a restart: ``DATA_DIR/state.json``.

The cluster's UUID is stored. The other UUIDs are derived from it and from names:
the same topology in the same data directory has the same UUIDs.
"""

import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any


class State:
    """A small JSON document, written whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._data = self._read()

    @property
    def cluster_uuid(self) -> uuid.UUID:
        """The cluster's UUID."""
        return uuid.UUID(self._data['cluster_uuid'])

    def uuid_of(self, kind: str, name: str) -> str:
        """A UUID that is the same at each start."""
        return str(uuid.uuid5(self.cluster_uuid, f'{kind}/{name}'))

    def load(self, key: str) -> dict[str, Any]:
        """A stored mapping, empty at first."""
        with self._lock:
            return dict(self._data.get(key, {}))

    def save(self, key: str, content: dict[str, Any]) -> None:
        """Store a mapping."""
        with self._lock:
            self._data[key] = content
            self._write()

    def _read(self) -> dict[str, Any]:
        if self._path.exists():
            data: dict[str, Any] = json.loads(self._path.read_text())
            return data
        self._data = {'cluster_uuid': str(uuid.uuid4())}
        self._write()
        return self._data

    def _write(self) -> None:
        write_atomically(self._path, json.dumps(self._data, indent=1))


def write_atomically(path: Path, text: str) -> None:
    """Replace a file; a reader sees the old one or the new one."""
    unfinished = path.with_name(f'.{path.name}.new')
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, 'w') as stream:
        stream.write(text)
    unfinished.rename(path)
