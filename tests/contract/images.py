"""Images of a Glance that is an object, for drivers that run in this process."""

import dataclasses
import hashlib
import subprocess
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_COUNTING = threading.Lock()


@dataclasses.dataclass
class Glance:
    """One image, as Cinder's image service has it.

    ``temp_images`` is where Cinder's image utilities remember what they have
    fetched; ``downloads`` counts.
    """

    meta: Mapping[str, Any]
    raw: bytes
    stored: bytes
    location: str | None = None
    temp_images: Any = None
    downloads: int = 0

    def show(self, context: Any, image_id: str) -> Mapping[str, Any]:
        return self.meta

    def download(self, context: Any, image_id: str, data: Any) -> None:
        with _COUNTING:
            self.downloads += 1
        data.write(self.stored)

    def get_location(self, context: Any, image_id: str) -> Any:
        return self.location, []


def image_of(content: bytes, stored: bytes, disk_format: str = 'raw',
             location: str | None = None, image_id: str | None = None) -> Glance:
    """An image whose raw bytes are ``content``."""
    image_id = image_id or str(uuid.uuid4())
    meta = {
        'id': image_id, 'status': 'active', 'disk_format': disk_format,
        'container_format': 'bare', 'size': len(stored), 'min_disk': 0,
        'virtual_size': len(content), 'os_hash_algo': 'sha256',
        'os_hash_value': hashlib.sha256(stored).hexdigest(), 'properties': {}}
    return Glance(meta, content, stored,
                  location and f'nfs://{location}/{image_id}')


def qcow2_of(content: bytes, directory: Path) -> bytes:
    """The same disk as qcow2."""
    raw, made = directory / 'raw', directory / 'qcow2'
    raw.write_bytes(content)
    subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2',
                    str(raw), str(made)], check=True, timeout=60)
    return made.read_bytes()
