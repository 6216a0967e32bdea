"""The comparison is carried out: on files, with Glance played by the test."""

import contextlib
import dataclasses
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.pool_cache import LockTimeoutError, PoolCache
from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Reason, Refusal
from eic_plugins.precache.families import Family
from eic_plugins.precache.precache_rules import Wishes
from eic_plugins.precache.precacher import Precacher
from eic_plugins.storage.eviction import Space
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Filled
from eic_plugins.storage.mount import ShareMount
from tests.unit.factories import SEALS, image, pool
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_engine import FakeFill, FakeHeld
from tests.unit.fake_files import FakeFiles

SIZE = 300_000
RAW = image(size=SIZE)
ASKED = ListedImage(
    image(size=SIZE, properties={'eic_precache': 'all'}), 'ubuntu', 'o', 'public'
)
UNREACHABLE = Outcome(
    CINDER_DOWNLOAD, (Refusal.of_route('download', Reason.DOWNLOAD_FAILED),), 0.0, 0
)


class Backends:
    """A pool, Glance, and what the driver lends."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.pool = pool()
        self.files = FakeFiles({self.pool.flexvol.uuid: root})
        self.mutex = threading.Lock()
        self.cache = PoolCache(
            FileStorage(self.pool, ShareMount(str(root), print), self.files, 1, SEALS),
            self,
        )
        self.in_order = [self.cache]
        self.images = {}
        self.hidden = set()
        self.deleted = set()
        self.glance_error = None
        self.space = Space(1000 * SIZE, 999 * SIZE)
        self.fills = []
        self.failure = None
        self.told = []
        self.clock = FakeClock(time.time())
        self.wishes = {}
        self.precacher = Precacher(
            self,
            lambda: self,
            Wishes(self.wishes),
            20,
            600.0,
            self.clock,
        )

    def caches(self) -> Any:
        return self.in_order

    def names_of(self, name: Any) -> Any:
        return frozenset({name})

    def space_of(self, _name: Any) -> Any:
        return self.space

    def removed(self, image_id: Any, name: Any) -> None:
        self.told.append((name, image_id))

    @contextlib.contextmanager
    def held(self, _name: Any, *, wait: Any) -> Iterator[Any]:
        if not self.mutex.acquire(blocking=wait):
            raise LockTimeoutError('it is being made')
        try:
            yield FakeHeld()
        finally:
            self.mutex.release()

    def all(self) -> Any:
        if self.glance_error:
            raise self.glance_error
        return iter(
            [each for key, each in self.images.items() if key not in self.hidden]
        )

    def find(self, image_id: Any) -> Any:
        if self.glance_error:
            raise self.glance_error
        return self.images.get(image_id)

    def is_gone(self, image_id: Any) -> Any:
        if self.glance_error:
            raise self.glance_error
        return image_id in self.deleted

    def precache(self, of: Any, where: Any) -> Any:
        self.fills.append((of.id, where))
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure:
            return self.failure
        self.cached(of)
        return Outcome('copy_offload', (), 0.1, of.size)

    def cached(self, of: Any = RAW) -> None:
        self.cache.ensure(of, FakeFill(self.write))

    def write(self, target: Any) -> Any:
        (self.root / target.name).write_bytes(b'\x01' * SIZE)
        return Filled(SIZE)

    def aged(self, seconds: Any = 3600) -> None:
        for path in self.root.iterdir():
            os.utime(path, (self.clock.now - seconds, self.clock.now - seconds))

    def fill_all(self) -> None:
        while self.precacher.waiting:
            self.precacher.fill_next()

    def names(self) -> Any:
        return sorted(path.name for path in self.root.iterdir())


CACHED = sorted([RAW.cached_name, f'.eic-{RAW.id}.json'])


@pytest.fixture
def backend(tmp_path: Path) -> Backends:
    return Backends(tmp_path)


@pytest.fixture(params=['comparison', 'notification'])
def look(request: pytest.FixtureRequest, backend: Backends) -> Callable[..., Any]:
    """Either way leads to the same."""
    return (
        backend.precacher.reconcile
        if request.param == 'comparison'
        else lambda: backend.precacher.look_at(RAW.id)
    )


def test_what_an_image_asks_for_is_filled_in(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    look()
    backend.fill_all()
    assert backend.fills == [(RAW.id, backend.pool.name)]
    assert backend.names() == CACHED
    assert backend.precacher.wanted_in(backend.pool.name) == {RAW.id}


def test_a_hidden_image_is_filled_in_if_the_operator_names_it(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ListedImage(RAW, 'n', 'o', 'private', hidden=True)
    backend.hidden.add(RAW.id)
    look()
    assert not backend.precacher.waiting
    backend.wishes[RAW.id] = frozenset({'all'})
    look()
    backend.fill_all()
    assert backend.names() == CACHED


def test_it_is_filled_in_once_however_often_it_is_looked_at(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    for _ in range(3):
        look()
    backend.fill_all()
    look()
    backend.fill_all()
    assert len(backend.fills) == 1


def test_what_was_evicted_by_hand_is_filled_in_again(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    backend.cached()
    (backend.root / RAW.cached_name).unlink()
    look()
    backend.fill_all()
    assert len(backend.fills) == 1


def test_an_image_that_was_deleted_before_its_turn_is_not_filled_in(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    look()
    del backend.images[RAW.id]
    backend.fill_all()
    assert backend.fills == []


def test_what_a_deleted_image_left_is_removed_and_the_weigher_told(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.cached()
    backend.aged()
    backend.deleted.add(RAW.id)
    look()
    assert backend.names() == []
    assert backend.told == [(backend.pool.name, RAW.id)]


@pytest.mark.parametrize('left', CACHED)
def test_half_of_a_cached_image_is_removed_too(
    backend: Backends, look: Callable[..., Any], left: str
) -> None:
    backend.cached()
    backend.aged()
    for name in backend.names():
        if name != left:
            (backend.root / name).unlink()
    backend.deleted.add(RAW.id)
    look()
    assert backend.names() == []


def test_what_glance_does_not_know_to_be_deleted_stays(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.cached()
    backend.aged()
    look()
    assert backend.names() == CACHED


def test_without_glance_nothing_is_removed_or_filled_in(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.cached()
    backend.aged()
    backend.deleted.add(RAW.id)
    backend.glance_error = ConnectionError('refused')
    look()
    backend.fill_all()
    assert backend.names() == CACHED
    assert backend.fills == []


def test_what_is_being_made_is_not_removed(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.cached()
    backend.aged()
    backend.deleted.add(RAW.id)
    with backend.mutex:
        look()
    assert backend.names() == CACHED


def test_a_use_that_comes_after_the_look_keeps_it(
    backend: Backends, look: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.cached()
    backend.aged()
    backend.deleted.add(RAW.id)
    evict = backend.cache.evict

    def used_just_before(usage: Any) -> Any:
        backend.cache.touch(RAW)
        return evict(usage)

    monkeypatch.setattr(backend.cache, 'evict', used_just_before)
    look()
    assert backend.names() == CACHED
    assert backend.told == []


def test_a_share_that_is_not_mounted_holds_up_no_other(
    backend: Backends, look: Callable[..., Any], tmp_path: Path
) -> None:
    gone = PoolCache(
        FileStorage(
            pool('gone'),
            ShareMount(str(tmp_path / 'gone'), print),
            backend.files,
            1,
            SEALS,
        ),
        backend,
    )
    backend.in_order.insert(0, gone)
    backend.images[RAW.id] = ASKED
    look()
    backend.fill_all()
    assert backend.fills == [(RAW.id, backend.pool.name)]


def test_other_files_of_the_share_are_nobodys_business(backend: Backends) -> None:
    names = ['volume-1', 'img-cache-notes', '.eic-notes.json', RAW.id]
    for name in names:
        (backend.root / name).write_text('x')
    backend.aged()
    backend.deleted.update({'notes', RAW.id})
    backend.precacher.reconcile()
    assert backend.names() == sorted(names)


def test_a_pool_without_room_is_not_filled_to_be_cleaned(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    backend.space = Space(1000 * SIZE, 201 * SIZE)
    look()
    backend.fill_all()
    assert backend.fills == []
    backend.space = Space(1000 * SIZE, 202 * SIZE)
    look()
    backend.fill_all()
    assert len(backend.fills) == 1


@pytest.mark.parametrize('failure', [UNREACHABLE, OSError('no')])
def test_a_fill_that_fails_is_tried_again_ever_more_rarely(
    backend: Backends, look: Callable[..., Any], failure: Any
) -> None:
    backend.images[RAW.id] = ASKED
    backend.failure = failure
    begun = backend.clock.now
    tried = []
    while backend.clock.now < begun + 6000:
        look()
        backend.fill_all()
        if len(backend.fills) > len(tried):
            tried.append(backend.clock.now - begun)
        backend.clock.now += 100
    assert tried == [0, 600, 1800, 4200]


def test_a_fill_that_ended_well_makes_good_for_those_that_failed(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    backend.failure = UNREACHABLE
    look()
    backend.fill_all()
    backend.failure, backend.clock.now = None, backend.clock.now + 601
    look()
    backend.fill_all()
    (backend.root / RAW.cached_name).unlink()
    look()
    backend.fill_all()
    assert len(backend.fills) == 3


def test_an_image_that_asks_no_more_is_not_kept_longer_than_others(
    backend: Backends, look: Callable[..., Any]
) -> None:
    backend.images[RAW.id] = ASKED
    look()
    backend.images[RAW.id] = ListedImage(RAW, 'ubuntu', 'o', 'public')
    look()
    assert backend.precacher.wanted_in(backend.pool.name) == frozenset()


def test_the_workers_fill_in_the_background(backend: Backends) -> None:
    backend.images[RAW.id] = ASKED
    backend.precacher.start(2)
    backend.precacher.reconcile()
    deadline = time.monotonic() + 10
    while backend.names() != CACHED:
        assert time.monotonic() < deadline, 'waited 10 s for the fill'
        time.sleep(0.01)


def test_what_is_looked_at_during_the_comparison_stays_known(backend: Backends) -> None:
    """The list of images that it began with is older than the look."""
    listed = backend.all

    def all_while_an_image_is_uploaded() -> Any:
        found = list(listed())
        backend.images[RAW.id] = ASKED
        backend.precacher.look_at(RAW.id)
        return iter(found)

    backend.all = all_while_an_image_is_uploaded
    backend.precacher.reconcile()
    assert backend.precacher.wanted_in(backend.pool.name) == {RAW.id}


class Counted(ShareMount):
    """Counts what goes to the server."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.reads, self.stats, self.listings = 0, 0, 0

    def read(self, name: Any, most: Any) -> Any:
        self.reads += 1
        return super().read(name, most)

    def stat(self, name: Any) -> Any:
        self.stats += 1
        return super().stat(name)

    def names(self) -> Any:
        self.listings += 1
        return super().names()


def test_a_notification_about_one_image_looks_at_that_image_alone(
    backend: Backends,
) -> None:
    """However many others the pools have."""
    mounts = []
    for name in ('one', 'two'):
        root = backend.root / name
        root.mkdir()
        for _ in range(2500):
            (root / f'.eic-{uuid.uuid4()}.json').write_bytes(b'{}')
        (root / RAW.cached_name).write_bytes(b'')
        (root / f'.eic-{RAW.id}.json').write_bytes(b'{}')
        mounts.append(Counted(str(root), print))
    backend.in_order = [
        PoolCache(
            FileStorage(pool(f'vol_{number}'), mount, backend.files, 1, SEALS),
            backend,
        )
        for number, mount in enumerate(mounts)
    ]
    backend.precacher.look_at(RAW.id)
    assert [(mount.reads, mount.stats, mount.listings) for mount in mounts] == [
        (1, 2, 0)
    ] * 2
    backend.precacher.reconcile()
    assert [(mount.reads, mount.listings) for mount in mounts] == [(2502, 1)] * 2


@pytest.mark.parametrize('workers', [1, 3])
def test_lost_records_are_made_good_by_no_more_workers_than_there_are(
    backend: Backends, workers: int
) -> None:
    """Twenty files that no seal vouches for any more."""
    ids = [f'{number:08d}-7c5e-4c6e-9d3b-0c1f4a7f0d11' for number in range(20)]
    for image_id in ids:
        (backend.root / f'img-cache-{image_id}').write_bytes(b'\x01' * SIZE)
        (backend.root / f'.eic-{image_id}.json').write_bytes(b'{"seal": "x"}')
        backend.images[image_id] = dataclasses.replace(
            ASKED, image=dataclasses.replace(ASKED.image, id=image_id)
        )
    running, most, done = [], [], []
    ended, mutex = threading.Event(), threading.Lock()

    def fill(of: Any, _where: Any) -> Any:
        with mutex:
            running.append(of.id)
            most.append(len(running))
        # A moment in which others could begin.
        ended.wait(0.01)
        with mutex:
            running.remove(of.id)
            done.append(of.id)
            if len(done) == len(ids):
                ended.set()
        return Outcome('adopt', (), 0.1, of.size)

    backend.precache = fill
    backend.precacher.reconcile()
    assert backend.precacher.waiting == len(ids)
    backend.precacher.start(workers)
    assert ended.wait(30)
    assert sorted(done) == ids
    assert max(most) <= workers


FAMILY = [
    ListedImage(
        image(
            id=f'2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d0{number}',
            size=SIZE,
            properties={'os_distro': 'ubuntu'},
        ),
        'ubuntu',
        'o',
        'public',
        False,
        f'2026-11-0{number}T00:00:00Z',
    )
    for number in range(1, 4)
]
OLD, MIDDLE, NEW = FAMILY


@pytest.fixture
def followed(backend: Backends) -> Backends:
    """A backend that keeps the newest two of a family."""
    backend.precacher = Precacher(
        backend,
        lambda: backend,
        Wishes(families=(Family(('os_distro',), 2),), keep_unused=1800),
        20,
        600.0,
        backend.clock,
    )
    backend.alike = lambda asked: [
        each
        for each in backend.images.values()
        if asked.items() <= each.image.properties.items()
    ]
    for each in (OLD, MIDDLE):
        backend.images[each.image.id] = each
    backend.precacher.reconcile()
    backend.fill_all()
    assert cached_ids(backend) == {OLD.image.id, MIDDLE.image.id}
    backend.fills.clear()
    return backend


def cached_ids(backend: Backends) -> set[str]:
    return set(backend.cache.storage.image_ids())


def upload(backend: Backends, how: str = 'notified') -> None:
    """A newer image comes, and the backend sees it one way or the other."""
    backend.images[NEW.image.id] = NEW
    if how == 'notified':
        backend.precacher.look_at(NEW.image.id)
    else:
        backend.precacher.reconcile()


@pytest.mark.parametrize('how', ['notified', 'compared'])
def test_an_upload_is_filled_in_and_then_the_oldest_goes(
    followed: Backends, how: str
) -> None:
    followed.aged()
    upload(followed, how)
    followed.fill_all()
    assert followed.fills == [(NEW.image.id, followed.pool.name)]
    assert cached_ids(followed) == {MIDDLE.image.id, NEW.image.id}
    assert followed.told == [(followed.pool.name, OLD.image.id)]
    assert followed.precacher.wanted_in(followed.pool.name) == cached_ids(followed)


def test_the_oldest_stays_while_somebody_uses_it(followed: Backends) -> None:
    upload(followed)
    followed.fill_all()
    upload(followed)
    followed.precacher.reconcile()
    assert cached_ids(followed) == {each.image.id for each in FAMILY}


def test_without_room_the_oldest_goes_first_and_nothing_else(
    followed: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed.aged()

    def space(_pool: Any) -> Space:
        return Space(10 * SIZE, (4 - len(cached_ids(followed))) * SIZE)

    monkeypatch.setattr(followed, 'space_of', space)
    upload(followed)
    followed.fill_all()
    assert cached_ids(followed) == {MIDDLE.image.id}
    assert followed.fills == []


def test_with_room_for_it_the_newest_takes_the_place_of_the_oldest(
    followed: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed.aged()
    monkeypatch.setattr(
        followed,
        'space_of',
        lambda _pool: Space(10 * SIZE, (5 - len(cached_ids(followed))) * SIZE),
    )
    upload(followed)
    followed.fill_all()
    assert cached_ids(followed) == {MIDDLE.image.id, NEW.image.id}


def test_when_the_newest_is_deleted_the_one_before_it_comes_back(
    followed: Backends,
) -> None:
    followed.aged()
    upload(followed)
    followed.fill_all()
    upload(followed)
    del followed.images[NEW.image.id]
    followed.deleted.add(NEW.image.id)
    followed.precacher.look_at(NEW.image.id)
    followed.fill_all()
    assert OLD.image.id in cached_ids(followed)


def test_a_tenants_upload_with_these_properties_changes_nothing(
    followed: Backends,
) -> None:
    followed.aged()
    followed.images[NEW.image.id] = dataclasses.replace(NEW, visibility='private')
    followed.precacher.look_at(NEW.image.id)
    followed.precacher.reconcile()
    followed.fill_all()
    assert followed.fills == []
    assert cached_ids(followed) == {OLD.image.id, MIDDLE.image.id}
