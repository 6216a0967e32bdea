"""What a benchmark makes, all of which is removed at its end.

Volumes and images are named ``bench-…``: what a run that was killed has left is
found by that (`python -m benchmarks --clean`).
"""

import concurrent.futures
import contextlib
import dataclasses
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from benchmarks import storage
from lab import files, identity, image_volumes, luns
from lab.context import Lab
from lab.errors import LabError
from lab.topology import DEMO_PROJECT, DEMO_USER

PREFIX = 'bench-'
_POLL_SECONDS = 0.02
_LIST_SECONDS = 0.5
_VOLUME_SECONDS = 600
_DONE = ('available', 'error')
_UNDER_WAY = ('creating', 'downloading', 'deleting')
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


class Traces:
    """A user of the lab who cleans up."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
        self._ids: set[str] = set()

    def __enter__(self) -> 'Traces':
        return self

    def __exit__(self, *_: object) -> None:
        with self.lab.console.step('delete what was made'), undisturbed():
            self.remove()

    @property
    def directory(self) -> Path:
        """For files that are in the way afterwards."""
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
        found: dict[str, Any] = self._api.request(
            'GET', 'glance', f'/v2/images/{image_id}'
        )
        return found

    def create(self, image_id: str, driver: str, pool: str, size: int = 1) -> Made:
        """A volume of ``size`` GiB, watched closely until it is available."""
        began = time.monotonic()
        volume = self._start(image_id, driver, pool, size)
        while volume['status'] not in _DONE:
            _check(began, f'volume {volume["id"]}')
            time.sleep(_POLL_SECONDS)
            with _answering():
                volume = self._api.cinder('GET', f'/volumes/{volume["id"]}')['volume']
        return _made(volume, driver, pool, began)

    def create_at_once(
        self,
        image_id: str,
        driver: str,
        pools: Sequence[str],
    ) -> list[Made]:
        """A volume in each of the pools, all requested together."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(pools)) as executor:
            started = list(
                executor.map(
                    lambda pool: self._start(image_id, driver, pool, 1)['id'], pools
                )
            )
        places = dict(zip(started, pools, strict=True))
        made: dict[str, Made] = {}
        while len(made) < len(places):
            _check(began, f'{len(places) - len(made)} volumes')
            time.sleep(_LIST_SECONDS)
            for volume in self._seen():
                wanted = places.get(volume['id'])
                if wanted and volume['id'] not in made and (volume['status'] in _DONE):
                    made[volume['id']] = _made(volume, driver, wanted, began)
        return [made[volume_id] for volume_id in started]

    def create_by_users(
        self, image_id: str, volume_type: str, volumes: int, users: int
    ) -> list[Made]:
        """So many volumes of a type, by users who ask for one after the other."""
        with concurrent.futures.ThreadPoolExecutor(users) as executor:
            return list(
                executor.map(
                    lambda _: self._create_patiently(image_id, volume_type),
                    range(volumes),
                )
            )

    def _create_patiently(self, image_id: str, volume_type: str) -> Made:
        began = time.monotonic()
        volume = self._start_of_type(image_id, volume_type, 1)
        while volume['status'] not in _DONE:
            _check(began, f'volume {volume["id"]}')
            time.sleep(_LIST_SECONDS)
            with _answering():
                volume = self._api.cinder('GET', f'/volumes/{volume["id"]}')['volume']
        return _made(volume, volume_type, '', began)

    def expect(self, volume_id: str) -> None:
        """Have the file of a volume removed that Cinder does not know."""
        self._ids.add(volume_id)

    def delete_volumes(self) -> None:
        """Delete all volumes and wait until they are gone."""
        began = time.monotonic()
        left = 1
        while left:
            _check(began, 'the volumes to be deleted')
            with _answering():
                volumes = self._volumes()
                left = len(volumes)
                self._delete(volumes)
            time.sleep(_LIST_SECONDS if left else 0)

    def _delete(self, volumes: list[dict[str, Any]]) -> None:
        for volume in volumes:
            self._ids.add(volume['id'])
            # One that is still being made cannot be deleted yet.
            if volume['status'] not in _UNDER_WAY:
                with contextlib.suppress(exceptions.HttpError):
                    self._api.cinder('DELETE', f'/volumes/{volume["id"]}')

    def remove(self) -> None:
        """Delete volumes, images, cached images and files."""
        self.delete_volumes()
        for image in self._images():
            self._ids.add(image['id'])
            with contextlib.suppress(exceptions.NotFound):
                self._api.request('DELETE', 'glance', f'/v2/images/{image["id"]}')
            image_volumes.remove(self.lab, image['id'])
        for key in self._ids:
            luns.remove(self.lab, f'*{key}*')
        for path in self._files():
            path.unlink(missing_ok=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._ids.clear()

    def _start(
        self,
        image_id: str,
        driver: str,
        pool: str,
        size: int,
    ) -> dict[str, Any]:
        return self._start_of_type(image_id, f'{driver}-{pool}', size)

    def _start_of_type(
        self,
        image_id: str,
        volume_type: str,
        size: int,
    ) -> dict[str, Any]:
        volume: dict[str, Any] = self._api.cinder(
            'POST',
            '/volumes',
            {
                'volume': {
                    'name': f'{PREFIX}{volume_type}',
                    'size': size,
                    'imageRef': image_id,
                    'volume_type': volume_type,
                }
            },
        )['volume']
        return volume

    def _volumes(self) -> list[dict[str, Any]]:
        listed = self._api.cinder('GET', '/volumes/detail')['volumes']
        return [
            volume for volume in listed if (volume['name'] or '').startswith(PREFIX)
        ]

    def _seen(self) -> list[dict[str, Any]]:
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

    def _files(self) -> Iterator[Path]:
        """Files on the FlexVols about anything that was made here."""
        for directory in storage.roots(self.lab).values():
            for path in list(directory.iterdir()):
                if any(key in path.name for key in self._ids):
                    yield path


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal but SIGKILL end what is done within."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Put up with an API that is too busy to answer: it is asked again."""
    with contextlib.suppress(exceptions.ConnectionError):
        yield


def _made(volume: dict[str, Any], driver: str, pool: str, began: float) -> Made:
    seconds = time.monotonic() - began
    if volume['status'] != 'available':
        raise LabError(
            f'Volume {volume["id"]} in {driver}-{pool} is '
            f'{volume["status"]}: see the log of cinder-volume.'
        )
    return Made(str(volume['id']), driver, pool, seconds, volume['metadata'])


def _check(began: float, what: str) -> None:
    if time.monotonic() - began > _VOLUME_SECONDS:
        raise LabError(f'Waited {_VOLUME_SECONDS} s for {what}.')
