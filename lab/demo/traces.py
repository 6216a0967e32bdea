"""What the demo makes, and is removed when it ends."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from lab import image_volumes, luns, simulator
from lab.context import Lab
from lab.demo.user import User
from lab.errors import LabError
from lab.topology import DRIVERS, all_pools


class Traces:
    """What the demo makes, all of which is removed at its end."""

    def __init__(self, lab: Lab, user: User) -> None:
        self._lab = lab
        self._user = user
        self._run = secrets.token_hex(3)
        self._images: list[str] = []
        self._volumes: list[str] = []
        self._driver_of: dict[str, str] = {}

    def __enter__(self) -> 'Traces':
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            # The first error is what matters; what is left over harms nobody.
            with contextlib.suppress(LabError, exceptions.ClientException):
                self.remove()

    def upload(self, name: str, path: Path) -> str:
        """An image, named for this run."""
        image_id = self._user.upload(f'{name}-{self._run}', path)
        self._images.append(image_id)
        return image_id

    def create_volume(
        self,
        image_id: str,
        volume_type: str,
    ) -> tuple[dict[str, Any], float]:
        """A volume, named for this run."""
        name = f'demo-{self._run}-{secrets.token_hex(3)}'
        volume, seconds = self._user.create_volume(name, image_id, volume_type)
        self._volumes.append(str(volume['id']))
        self._driver_of[str(volume['id'])] = volume_type.partition('-')[0]
        return volume, seconds

    def remove(self) -> None:
        """Delete volumes, images and the cached images of these images."""
        while self._volumes:
            self._user.delete_volume(self._volumes.pop())
        for image_id in self._images:
            self._user.delete_image(image_id)
            image_volumes.remove(self._lab, image_id)
            luns.remove(self._lab, f'img-cache-{image_id}')
            for path in self._cached_files(image_id):
                path.unlink(missing_ok=True)
        self._images.clear()

    def orphans(self) -> dict[str, list[str]]:
        """Files of this run's volumes that are still on any FlexVol, by
        driver: called when the volumes are deleted. They are removed.
        """
        found: dict[str, list[str]] = {driver: [] for driver in DRIVERS}
        for root in self._roots():
            for volume_id, driver in self._driver_of.items():
                path = root / f'volume-{volume_id}'
                if path.exists():
                    found[driver].append(f'{root.name}/{path.name}')
                    path.unlink()
        return found

    def _cached_files(self, image_id: str) -> Iterator[Path]:
        for root in self._roots():
            yield root / f'img-cache-{image_id}'
            yield root / f'.eic-{image_id}.json'

    def _roots(self) -> list[Path]:
        return sorted(
            {
                simulator.pool_directory_from_host(self._lab, pool)
                for pool in all_pools()
            }
        )
