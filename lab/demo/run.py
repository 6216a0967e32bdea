"""One run of the demo: what it makes, all of which is removed when it ends."""

import contextlib
import secrets
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from lab import leftovers, simulator
from lab.context import Lab
from lab.demo.user import CommandLineUser
from lab.errors import LabError
from lab.topology import DRIVERS


class DemoRun:
    """Makes volumes and images, named for this run, and removes them."""

    def __init__(self, lab: Lab, user: CommandLineUser) -> None:
        self._lab = lab
        self._user = user
        self._name = secrets.token_hex(3)
        self._images: list[str] = []
        self._volumes: list[str] = []
        self._driver_of: dict[str, str] = {}

    def __enter__(self) -> 'DemoRun':
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            # The first error is what matters; what is left does no harm.
            with contextlib.suppress(LabError, exceptions.ClientException):
                self.remove()

    def upload(self, name: str, path: Path) -> str:
        """An image; its id."""
        image_id = self._user.upload(f'{name}-{self._name}', path)
        self._images.append(image_id)
        return image_id

    def create_volume(
        self, image_id: str, volume_type: str
    ) -> tuple[dict[str, Any], float]:
        """A volume, and its seconds from the request until it was usable."""
        name = f'demo-{self._name}-{secrets.token_hex(3)}'
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
        leftovers.remove(self._lab, self._images)
        self._images.clear()

    def orphans(self) -> dict[str, list[str]]:
        """Files of this run's volumes that are still on any FlexVol, by
        driver: called when the volumes are deleted. They are removed.
        """
        left: dict[str, list[str]] = {driver: [] for driver in DRIVERS}
        for root in sorted(set(simulator.pool_directories(self._lab).values())):
            for volume_id, driver in self._driver_of.items():
                path = root / f'volume-{volume_id}'
                if path.exists():
                    left[driver].append(f'{root.name}/{path.name}')
                    path.unlink()
        return left
