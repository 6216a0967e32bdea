"""A Glance that is an object, for drivers that run in this process."""

import copy
import dataclasses
import hashlib
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.glance.documents import ListedImage, image_from_meta
from eic_plugins.glance.image_locations import Location

_GATE_SECONDS = 30


@dataclasses.dataclass
class Image:
    """A disk, ``raw``, and what Glance has ``stored`` of it."""

    meta: Mapping[str, Any]
    raw: bytes
    stored: bytes
    location: str | None = None

    @property
    def id(self) -> str:
        return str(self.meta['id'])

    @property
    def cached(self) -> str:
        """The name of the cached image."""
        return f'img-cache-{self.id}'


class Glance:
    """Images, as Cinder's image service and EIC's own look-ups have them."""

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.downloads: list[str] = []
        # Where Cinder's image utilities remember what they have fetched.
        self.temp_images: Any = None
        # Where simultaneous downloads wait for one another.
        self.gate: threading.Barrier | None = None

    @classmethod
    def served(cls, monkeypatch: pytest.MonkeyPatch) -> 'Glance':
        """One that the driver finds wherever it looks for Glance."""
        from eic_plugins.volume import background  # noqa: PLC0415
        from eic_plugins.volume.from_image import image_source  # noqa: PLC0415
        from eic_plugins.volume.pools import filler as pool_filler  # noqa: PLC0415

        found = cls()
        monkeypatch.setattr(
            image_source, 'ImageLocations', lambda _conf: Locations(found)
        )
        monkeypatch.setattr(background, 'Images', lambda _conf: found)
        monkeypatch.setattr(pool_filler, 'Images', lambda _conf: found)
        monkeypatch.setattr(pool_filler, 'ServiceImageService', lambda _conf: found)
        return found

    def add(
        self,
        raw: bytes,
        stored: bytes | None = None,
        disk_format: str = 'raw',
        image_id: str | None = None,
        **properties: str,
    ) -> Image:
        """A public image of that disk."""
        stored = raw if stored is None else stored
        meta = {
            'id': image_id or str(uuid.uuid4()),
            'status': 'active',
            'disk_format': disk_format,
            'container_format': 'bare',
            'size': len(stored),
            'min_disk': 0,
            'virtual_size': len(raw),
            'os_hash_algo': 'sha256',
            'os_hash_value': hashlib.sha256(stored).hexdigest(),
            'properties': properties,
        }
        image = Image(meta, raw, stored)
        self.images[image.id] = image
        return image

    def all(self) -> Iterator[ListedImage]:
        return iter(
            [
                ListedImage(image_from_meta(image.meta), visibility='public')
                for image in self.images.values()
            ]
        )

    def find(self, image_id: str) -> ListedImage | None:
        return next((each for each in self.all() if each.image.id == image_id), None)

    def is_gone(self, image_id: str) -> bool:
        return image_id not in self.images

    def context(self) -> Any:
        """Of the service itself: no user asks."""
        from cinder import context  # noqa: PLC0415

        return context.get_admin_context()

    def service(self) -> 'Glance':
        """As Cinder gets one for each request."""
        found = copy.copy(self)
        found.temp_images = None
        return found

    def show(
        self,
        context: Any,
        image_id: str,
        store_id: str | None = None,
    ) -> Mapping[str, Any]:
        return self.images[image_id].meta

    def download(self, context: Any, image_id: str, data: Any) -> None:
        self.downloads.append(image_id)
        if self.gate is not None:
            self.gate.wait(_GATE_SECONDS)
        data.write(self.images[image_id].stored)

    def get_location(self, context: Any, image_id: str) -> Any:
        return self.images[image_id].location, []


@dataclasses.dataclass(frozen=True)
class Locations:
    """What the service's own credentials find."""

    glance: Glance

    def find(self, image_id: str) -> Sequence[Location]:
        url, _ = self.glance.get_location(None, image_id)
        return [Location(url, {})] if url else []


def qcow2_of(content: bytes, directory: Path) -> bytes:
    """The same disk as qcow2."""
    raw, made = directory / 'raw', directory / 'qcow2'
    raw.write_bytes(content)
    subprocess.run(
        ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', str(raw), str(made)],
        check=True,
        timeout=60,
    )
    return made.read_bytes()
