"""Families of images, from Glance's notification on a bus to the pools' files."""

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import oslo_messaging
import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.glance.documents import ListedImage, listed_image
from eic_plugins.model import Image, Outcome, StoredObject
from eic_plugins.precache import notifications
from eic_plugins.precache.families import parse_family
from eic_plugins.precache.precache_rules import Wishes
from eic_plugins.precache.precacher import Precacher
from eic_plugins.storage.eviction import Space
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Filled
from eic_plugins.storage.mount import ShareMount
from tests.unit.factories import SEALS, pool
from tests.unit.fake_engine import FakeFill, NoLocks
from tests.unit.fake_files import FakeFiles

SIZE = 4096
SECONDS = 10
LISTENER = oslo_messaging.get_notification_listener


class Cloud:
    """Glance with a bus, and a backend with one pool of files that follows it."""

    def __init__(self, root: Path) -> None:
        self.images: dict[str, Mapping[str, Any]] = {}
        self.seen: queue.Queue[str] = queue.Queue()
        files = FakeFiles({pool().flexvol.uuid: root})
        storage = FileStorage(pool(), ShareMount(str(root), print), files, 1, SEALS)
        self.root, self.cache = root, PoolCache(storage, self)
        wishes = Wishes(
            families=(parse_family('os_distro, os_version | 2'),), keep_unused=0
        )
        self.precacher = Precacher(self, lambda: self, wishes, 10, 600.0)
        self.precacher.start(1)
        self.transport: Any = None

    # What the backend lends.

    def caches(self) -> list[PoolCache]:
        return [self.cache]

    def names_of(self, name: str) -> frozenset[str]:
        return frozenset({name})

    def space_of(self, _name: str) -> Space:
        return Space(1 << 30, 1 << 30)

    def removed(self, image_id: str, name: str) -> None:
        """The scheduler would be told."""

    def precache(self, of: Image, _where: str) -> Outcome:
        self.cache.ensure(of, FakeFill(self._write))
        return Outcome('download', (), 0.1, 0)

    def held(self, name: str, *, wait: bool) -> Any:
        return NoLocks().held(name, wait=wait)

    def _write(self, target: StoredObject) -> Filled:
        (self.root / target.name).write_bytes(b'\x01' * SIZE)
        return Filled(SIZE)

    # Glance.

    def all(self) -> Iterator[ListedImage]:
        return map(listed_image, self.images.values())

    def find(self, image_id: str) -> ListedImage | None:
        found = self.images.get(image_id)
        return listed_image(found) if found else None

    def alike(self, asked: Mapping[str, str]) -> list[ListedImage]:
        return [
            listed_image(each)
            for each in self.images.values()
            if asked.items() <= each.items()
        ]

    def is_gone(self, image_id: str) -> bool:
        return image_id not in self.images

    def upload(self, number: int, visibility: str = 'public', **also: str) -> None:
        image_id = f'2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d{number:02}'
        self.images[image_id] = {
            'id': image_id,
            'status': 'active',
            'disk_format': 'raw',
            'container_format': 'bare',
            'size': SIZE,
            'os_hash_value': f'{number}',
            'visibility': visibility,
            'owner': 'somebody',
            'created_at': f'2026-11-{number:02}T00:00:00Z',
            'os_distro': 'ubuntu',
            'os_version': '24.04',
            **also,
        }
        self.notify('image.activate', image_id)

    def delete(self, number: int) -> None:
        image_id = f'2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d{number:02}'
        del self.images[image_id]
        self.notify('image.delete', image_id)

    def notify(self, event: str, image_id: str) -> None:
        """As Glance sends it; returns when the backend has looked."""
        self.transport._driver._exchange_manager._default_exchange = 'glance'
        oslo_messaging.Notifier(
            self.transport, 'image.host', driver='messagingv2'
        ).info({}, event, {'id': image_id})
        assert self.seen.get(timeout=SECONDS) == image_id

    def look_at(self, image_id: str) -> None:
        self.precacher.look_at(image_id)
        self.seen.put(image_id)

    # What there is.

    def cached(self) -> set[int]:
        return {int(each[-2:]) for each in self.cache.storage.image_ids()}

    def comes_to(self, *numbers: int) -> None:
        """The pool has these in the end."""
        deadline = time.monotonic() + SECONDS
        while self.cached() != set(numbers) or self.precacher.waiting:
            assert time.monotonic() < deadline, self.cached()
            time.sleep(0.02)

    def age(self, seconds: float = 3600) -> None:
        for path in self.root.iterdir():
            then = time.time() - seconds
            self.cache.storage.mount.touch(path.name, then)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    found, listening = Cloud(tmp_path), queue.Queue[Any]()

    def listener(transport: Any, *arguments: Any, **keywords: Any) -> Any:
        made = LISTENER(transport, *arguments, **keywords)
        start: Callable[[], None] = made.start
        made.start = lambda: (start(), listening.put((transport, made)))
        return made

    monkeypatch.setattr(oslo_messaging, 'get_notification_listener', listener)
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([])
    conf.set_override('notification_transport_url', 'fake://', 'eic')
    notifications.listen(conf, 'host@families', found.look_at)
    found.transport, server = listening.get(timeout=SECONDS)
    yield found
    server.stop()
    server.wait()


def test_uploads_keep_the_newest_two_warm_and_let_older_ones_go(cloud: Cloud) -> None:
    for number in (1, 2, 3):
        cloud.upload(number)
    cloud.comes_to(1, 2, 3)  # the first was used a moment ago
    cloud.age()
    cloud.upload(4)
    cloud.comes_to(3, 4)


def test_a_deletion_brings_the_one_before_back(cloud: Cloud) -> None:
    for number in (1, 2, 3):
        cloud.upload(number)
    cloud.comes_to(1, 2, 3)
    cloud.age()
    cloud.precacher.reconcile()
    cloud.comes_to(2, 3)
    cloud.delete(3)
    cloud.comes_to(1, 2)


@pytest.mark.parametrize('visibility', ['private', 'shared', 'community'])
def test_a_tenant_fills_and_evicts_nothing_by_such_an_upload(
    cloud: Cloud, visibility: str
) -> None:
    cloud.upload(1)
    cloud.upload(2)
    cloud.comes_to(1, 2)
    cloud.age()
    for number in (7, 8, 9):
        cloud.upload(number, visibility)
    cloud.precacher.reconcile()
    cloud.comes_to(1, 2)
