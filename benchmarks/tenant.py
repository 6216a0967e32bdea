"""A user of the lab who makes volumes and images, and removes them all.

They are named ``bench-…``: what a run that was killed has left is found by that
(`python -m benchmarks --clean`).
"""

import concurrent.futures
import contextlib
import dataclasses
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from benchmarks.undisturbed import undisturbed
from lab import files, identity, leftovers
from lab.context import Lab
from lab.errors import LabError
from lab.topology import DEMO_PROJECT, DEMO_USER
from lab.waiting import wait_until

PREFIX = 'bench-'
_CLOSELY = 0.02
_LIST_SECONDS = 0.5
_VOLUME_SECONDS = 600
_DELETE_SECONDS = 5
"""More for each that there is to delete."""
_DONE = ('available', 'error')
_UNDER_WAY = ('creating', 'downloading', 'deleting')

Volume = dict[str, Any]
"""As Cinder's API shows it."""


@dataclasses.dataclass(frozen=True)
class Made:
    """A volume that a benchmark had made."""

    id: str
    driver: str
    pool: str
    seconds: float
    """From the request until it was seen to be available."""
    metadata: dict[str, str]

    @property
    def route(self) -> str:
        """The route that EIC's driver says it took."""
        return self.metadata.get('eic_route', '-')


class Tenant:
    """A user of the lab who cleans up."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
        self._ids: set[str] = set()

    def __enter__(self) -> 'Tenant':
        return self

    def __exit__(self, *_: object) -> None:
        with self.lab.console.step('delete what was made'), undisturbed():
            self.remove()

    @property
    def directory(self) -> Path:
        """For files of the benchmark's own, which are deleted at the end."""
        return files.private_dir(self.lab.paths / 'bench')

    def upload(
        self, path: Path, disk_format: str = 'raw', store: str | None = None
    ) -> str:
        """An image with these bytes; its id."""
        image = self._api.request(
            'POST',
            'glance',
            '/v2/images',
            {
                'name': f'{PREFIX}{path.name}',
                'disk_format': disk_format,
                'container_format': 'bare',
            },
        )
        self._ids.add(image['id'])
        with path.open('rb') as stream:
            self._api.upload(f'/v2/images/{image["id"]}/file', stream, store)
        return str(image['id'])

    def image(self, image_id: str) -> dict[str, Any]:
        """What Glance says of an image."""
        shown: dict[str, Any] = self._api.request(
            'GET', 'glance', f'/v2/images/{image_id}'
        )
        return shown

    def create(self, image_id: str, driver: str, pool: str, size: int = 1) -> Made:
        """A volume of ``size`` GiB, watched closely until it is available."""
        began = time.monotonic()
        volume = self._start(image_id, f'{driver}-{pool}', size)
        return _made(self._ended(volume['id'], _CLOSELY), driver, pool, began)

    def create_at_once(
        self, image_id: str, driver: str, pools: Sequence[str]
    ) -> list[Made]:
        """A volume in each of the pools, all requested together."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(pools)) as executor:
            started = list(
                executor.map(
                    lambda pool: self._start(image_id, f'{driver}-{pool}')['id'], pools
                )
            )
        places = dict(zip(started, pools, strict=True))
        made: dict[str, Made] = {}

        def all_made() -> bool:
            for volume in self._listed():
                pool = places.get(volume['id'])
                if pool and volume['id'] not in made and volume['status'] in _DONE:
                    made[volume['id']] = _made(volume, driver, pool, began)
            return len(made) == len(places)

        wait_until(
            all_made,
            lambda: f'{len(places) - len(made)} of {len(places)} volumes',
            _VOLUME_SECONDS,
            every=_LIST_SECONDS,
        )
        return [made[volume_id] for volume_id in started]

    def create_by_users(
        self, image_id: str, volume_type: str, volumes: int, users: int
    ) -> list[Made]:
        """So many volumes of a type, by users who ask for one after the other."""

        def create(_: int) -> Made:
            began = time.monotonic()
            volume = self._start(image_id, volume_type)
            ended = self._ended(volume['id'], _LIST_SECONDS)
            return _made(ended, volume_type, '', began)

        with concurrent.futures.ThreadPoolExecutor(users) as executor:
            return list(executor.map(create, range(volumes)))

    def ask(self, image_id: str, volume_type: str, name: str, service: str) -> str:
        """Ask a cinder-api for a volume, and wait for nothing; its id.

        :param name: of the volume, behind the prefix
        """
        wanted = _wanted(image_id, volume_type, name)
        path = f'/v3/{self._api.project_id}/volumes'
        answer = self._api.request('POST', service, path, wanted)
        return str(answer['volume']['id'])

    def expect(self, volume_id: str) -> None:
        """Have the file of a volume removed, too, that Cinder does not know."""
        self._ids.add(volume_id)

    def delete_volumes(self) -> None:
        """Delete all volumes and wait until they are gone."""
        count = len(self._listed())
        wait_until(
            self._have_none_left,
            'the volumes to be deleted',
            _VOLUME_SECONDS + _DELETE_SECONDS * count,
            every=_LIST_SECONDS,
        )

    def _have_none_left(self) -> bool:
        with _answering():
            volumes = self._volumes()
            for volume in volumes:
                self._delete(volume)
            return not volumes
        return False

    def _delete(self, volume: Volume) -> None:
        self._ids.add(volume['id'])
        # One that is still being made cannot be deleted yet.
        if volume['status'] not in _UNDER_WAY:
            with contextlib.suppress(exceptions.HttpError):
                self._api.cinder('DELETE', f'/volumes/{volume["id"]}')

    def remove(self) -> None:
        """Delete volumes, images, cached images and files."""
        self.delete_volumes()
        images = [image['id'] for image in self._images()]
        for image_id in images:
            with contextlib.suppress(exceptions.NotFound):
                self._api.request('DELETE', 'glance', f'/v2/images/{image_id}')
        leftovers.remove(self.lab, images, self._ids)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._ids.clear()

    def _start(self, image_id: str, volume_type: str, size: int = 1) -> Volume:
        wanted = _wanted(image_id, volume_type, volume_type, size)
        return dict(self._api.cinder('POST', '/volumes', wanted)['volume'])

    def _ended(self, volume_id: str, every: float) -> Volume:
        """The volume when it is available or in error."""

        def look() -> Volume | None:
            with _answering():
                volume = self._api.cinder('GET', f'/volumes/{volume_id}')['volume']
                return dict(volume) if volume['status'] in _DONE else None
            return None

        return wait_until(look, f'volume {volume_id}', _VOLUME_SECONDS, every=every)

    def _volumes(self) -> list[Volume]:
        listed = self._api.cinder('GET', '/volumes/detail')['volumes']
        return [
            volume for volume in listed if (volume['name'] or '').startswith(PREFIX)
        ]

    def _listed(self) -> list[Volume]:
        """The volumes; none where the API does not answer in time."""
        with _answering():
            return self._volumes()
        return []

    def _images(self) -> list[dict[str, Any]]:
        listed = self._api.request('GET', 'glance', '/v2/images?limit=1000')
        return [
            image
            for image in listed['images']
            if (image['name'] or '').startswith(PREFIX)
        ]


def _wanted(
    image_id: str, volume_type: str, name: str, size: int = 1
) -> dict[str, Any]:
    """The body of a request for a volume, whose name is one of a benchmark."""
    volume = {
        'name': f'{PREFIX}{name}',
        'size': size,
        'imageRef': image_id,
        'volume_type': volume_type,
    }
    return {'volume': volume}


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Put up with an API that is too busy to answer: it is asked again."""
    with contextlib.suppress(exceptions.ConnectionError):
        yield


def _made(volume: Volume, driver: str, pool: str, began: float) -> Made:
    seconds = time.monotonic() - began
    if volume['status'] != 'available':
        raise LabError(
            f'Volume {volume["id"]} in {driver}-{pool} is '
            f'{volume["status"]}: see the log of cinder-volume.'
        )
    return Made(str(volume['id']), driver, pool, seconds, volume['metadata'])
