"""A user of the lab, and what is on the FlexVols of the user's things."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions
from oslo_utils import units

from lab import identity, luns, simulator
from lab.context import Lab
from lab.topology import DEMO_PROJECT, DEMO_USER, pools
from tests.e2e.deadline import DEADLINE, wait_for

IMAGE_SIZE = 24 * units.Mi
SHARES = {pool.name: pool.share for pool in pools()}


class LabUser:
    """A user of the lab, and the files below the user's volumes."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
        self.admin = identity.admin(lab)
        self.volumes: list[str] = []
        self.images: list[str] = []

    def upload(self, content: bytes, **properties: Any) -> str:
        image = self.api.request(
            'POST',
            'glance',
            '/v2/images',
            {
                'name': 'e2e',
                'disk_format': 'raw',
                'container_format': 'bare',
                **properties,
            },
        )
        self.images.append(image['id'])
        self.api.upload(f'/v2/images/{image["id"]}/file', content)
        return image['id']

    def downloads(self, image_id: str) -> int:
        """How often Glance has sent the image's bytes."""
        log = self.lab.paths.access_log('glance')
        path = f'/v2/images/{image_id}/file'
        entries = map(json.loads, log.read_text().splitlines())
        return sum(
            1 for entry in entries if entry['method'] == 'GET' and entry['path'] == path
        )

    def start(self, image_id: str, volume_type: str, **fields: Any) -> str:
        """POST /volumes; the volume as the API answers."""
        volume = self.api.cinder(
            'POST',
            '/volumes',
            {
                'volume': {
                    'size': 1,
                    'imageRef': image_id,
                    'volume_type': volume_type,
                    **fields,
                }
            },
        )['volume']
        self.volumes.append(volume['id'])
        return volume['id']

    def of_snapshot(self, snapshot_id: str, volume_type: str) -> str:
        """A volume of a snapshot, when it is available; its id."""
        body = {'snapshot_id': snapshot_id, 'volume_type': volume_type, 'size': 1}
        made = self.api.cinder('POST', '/volumes', {'volume': body})['volume']['id']
        self.volumes.append(made)
        assert self.ended(made)['status'] == 'available'
        return str(made)

    def show(self, volume_id: str) -> dict[str, Any]:
        return self.api.cinder('GET', f'/volumes/{volume_id}')['volume']

    def ended(self, volume_id: str, seconds: float = DEADLINE) -> dict[str, Any]:
        """The volume when it is available or in error."""

        def look() -> dict[str, Any] | None:
            volume = self.show(volume_id)
            return volume if volume['status'] in {'available', 'error'} else None

        what = f'volume {volume_id} to be available or in error'
        return wait_for(look, what, seconds)

    def create(self, image_id: str, volume_type: str) -> dict[str, Any]:
        return self.ended(self.start(image_id, volume_type))

    def host_of(self, volume_id: str) -> str:
        """The pool's full name, which only an admin sees."""
        shown = self.admin.cinder('GET', f'/volumes/{volume_id}')['volume']
        return str(shown['os-vol-host-attr:host'])

    def pool_of(self, volume_id: str) -> str | None:
        """The pool's share, which only an admin sees."""
        for volume in self.admin.cinder('GET', '/volumes/detail?all_tenants=1')[
            'volumes'
        ]:
            if volume['id'] == volume_id:
                return volume['os-vol-host-attr:host'].partition('#')[2]
        return None

    def root(self, pool: str) -> Path:
        return simulator.flexvol_directory_from_host(self.lab, SHARES.get(pool, pool))

    def sha256(self, volume: dict[str, Any], pool: str, size: int = IMAGE_SIZE) -> str:
        with (self.root(pool) / f'volume-{volume["id"]}').open('rb') as stream:
            return hashlib.sha256(stream.read(size)).hexdigest()

    def files(self) -> list[str]:
        """Everything on the FlexVols that is about this user's things."""
        return sorted(
            f'{name}/{path.name}'
            for name in SHARES
            for path in self.root(name).iterdir()
            if any(key in path.name for key in [*self.images, *self.volumes])
        )

    def leftovers(self) -> list[str]:
        """Files that are no image, no cached image and no volume of now."""
        alive = {
            volume['id']
            for volume in self.api.cinder('GET', '/volumes/detail')['volumes']
            if volume['status'] == 'available'
        }
        known = {
            *self.images,
            *(f'img-cache-{i}' for i in self.images),
            *(f'.eic-{i}.json' for i in self.images),
            *(f'volume-{i}' for i in alive),
        }
        return [name for name in self.files() if name.partition('/')[2] not in known]

    def evict(self, image_id: str, pool: str) -> None:
        """As an operator may, by hand, at any time."""
        for name in (f'img-cache-{image_id}', f'.eic-{image_id}.json'):
            (self.root(pool) / name).unlink()

    def delete(self, volume_id: str) -> None:
        with contextlib.suppress(exceptions.NotFound):
            self.api.cinder('DELETE', f'/volumes/{volume_id}')
        wait_for(lambda: self._gone(volume_id), f'{volume_id} to be deleted')

    def _gone(self, volume_id: str) -> bool:
        try:
            return self.show(volume_id)['status'] == 'error_deleting'
        except exceptions.NotFound:
            return True

    def clean_up(self) -> list[str]:
        for volume_id in self.volumes:
            self.delete(volume_id)
        left = self.leftovers()
        for name in self.files():
            pool, _, file_name = name.partition('/')
            (self.root(pool) / file_name).unlink(missing_ok=True)
        for image_id in self.images:
            with contextlib.suppress(exceptions.HttpError):
                self.api.request('DELETE', 'glance', f'/v2/images/{image_id}')
            # One that is precached everywhere has cached images there, too.
            luns.remove(self.lab, f'img-cache-{image_id}')
        return left
