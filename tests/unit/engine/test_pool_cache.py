"""A cached image is whole, inspected and of these very bytes, or is not."""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.pool_cache import (
    LockLostError,
    LocksUnavailableError,
    LockTimeoutError,
    NotLockedError,
    PoolCache,
    PublishForbiddenError,
)
from eic_plugins.ontap.session import OntapForbiddenError, OntapRejectedError
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.inspection import NotTheImageError, UnsafeImageError
from eic_plugins.storage.interface import Filled, NotReadableError, Record
from eic_plugins.storage.mount import ShareMount
from eic_plugins.storage.seals import Place
from tests.unit.factories import SEALS, SIGNATURE, image, pool
from tests.unit.fake_engine import FakeFill
from tests.unit.fake_files import FakeFiles

SIZE = 300_000
RAW = image(size=SIZE)
SIGNED = dataclasses.replace(RAW, properties=SIGNATURE)


class Share:
    """A pool on a directory, and its cache."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.pool = pool()
        self.files = FakeFiles({self.pool.flexvol.uuid: root})
        self.mutex = threading.Lock()
        self.locked = []
        self.confirms: list[Callable[[], bool]] = []
        self.commands = []
        self.mount = ShareMount(str(root), self.run, 0o660)
        self.storage = FileStorage(self.pool, self.mount, self.files, 1, SEALS)
        self.cache = PoolCache(self.storage, self)

    def run(self, *command: Any) -> None:
        self.commands.append(command)

    @contextlib.contextmanager
    def held(self, name: Any, *, wait: Any) -> Iterator[Any]:
        if not self.mutex.acquire(blocking=wait):
            raise LockTimeoutError('somebody else fills it')
        try:
            self.locked.append(name)
            yield self
        finally:
            self.mutex.release()

    def confirm(self) -> bool:
        """What a test says of the lock, else that it is held."""
        return self.confirms.pop(0)() if self.confirms else True

    def fill_with(self, content: Any) -> Any:
        def fill(target: Any) -> Any:
            (self.root / target.name).write_bytes(content)
            return Filled()

        return fill

    def ensure(self, content: Any = b'\x01' * SIZE, of: Any = RAW) -> Any:
        return self.cache.ensure(of, FakeFill(self.fill_with(content)))

    def fill_by(self, make: Any) -> Any:
        return self.cache.ensure(RAW, FakeFill(make))

    def names(self) -> Any:
        return sorted(path.name for path in self.root.iterdir())


@pytest.fixture
def share(tmp_path: Path) -> Share:
    return Share(tmp_path)


def test_a_filled_image_is_found_by_its_stock_name(share: Share) -> None:
    cached, made = share.ensure()
    assert made
    assert cached.stored.path == f'img-cache-{RAW.id}'
    assert share.cache.find(RAW) == cached
    assert share.names() == [f'.eic-{RAW.id}.json', f'img-cache-{RAW.id}']


def test_a_second_fill_does_nothing(share: Share) -> None:
    share.ensure()
    before = list(share.files.calls)
    cached, made = share.fill_by(pytest.fail)
    assert not made
    assert cached == share.cache.find(RAW)
    assert share.files.calls == before


def test_the_fill_of_one_image_in_one_pool_has_one_lock(share: Share) -> None:
    share.ensure()
    assert share.locked == [f'eic-{RAW.id}-{share.pool.flexvol.uuid}']


def test_finding_costs_no_call(share: Share) -> None:
    share.ensure()
    before = list(share.files.calls)
    share.cache.find(RAW)
    assert share.files.calls == before


def test_the_record_says_whose_bytes_these_are(share: Share) -> None:
    share.ensure()
    record = json.loads((share.root / f'.eic-{RAW.id}.json').read_text())
    assert abs(record.pop('made') - time.time()) < 60
    assert record == {
        'image_id': RAW.id,
        'identity': RAW.identity,
        'virtual_size': SIZE,
        'signature': '',
        'seal': SEALS.make(
            Place(share.pool.flexvol.uuid, RAW.cached_name, RAW.id),
            Record(RAW.identity, SIZE),
        ),
    }
    assert (share.root / f'.eic-{RAW.id}.json').stat().st_mode & 0o007 == 0


def test_an_image_with_other_bytes_is_not_found_and_replaces_the_old(
    share: Share,
) -> None:
    share.ensure()
    changed = image(size=SIZE, os_hash_value='other')
    assert share.cache.find(changed) is None
    _, made = share.ensure(b'\x02' * SIZE, changed)
    assert made
    assert share.cache.find(RAW) is None
    assert (share.root / RAW.cached_name).read_bytes()[:1] == b'\x02'
    assert len(share.names()) == 2


def test_a_file_that_nobody_recorded_is_no_cached_image(share: Share) -> None:
    (share.root / RAW.cached_name).write_bytes(b'\x03' * SIZE)
    assert share.cache.find(RAW) is None
    share.ensure()
    assert (share.root / RAW.cached_name).read_bytes()[:1] == b'\x01'


@pytest.mark.parametrize(
    'damage',
    [
        lambda root: (root / RAW.cached_name).unlink(),
        lambda root: os.truncate(root / RAW.cached_name, SIZE - 1),
        lambda root: (root / f'.eic-{RAW.id}.json').write_text('{'),
        lambda root: (root / f'.eic-{RAW.id}.json').write_text('[]'),
        lambda root: (root / f'.eic-{RAW.id}.json').unlink(),
    ],
)
def test_a_damaged_cached_image_is_not_found(
    share: Share, damage: Callable[..., Any]
) -> None:
    share.ensure()
    damage(share.root)
    assert share.cache.find(RAW) is None


@pytest.mark.parametrize(
    ('content', 'why'),
    [
        (b'\x01' * (SIZE - 1), 'bytes'),
        (b'QFI\xfb' + b'\0' * (SIZE - 4), 'qcow2|inspection'),
        (b'KDMV' + b'\0' * (SIZE - 4), 'vmdk|inspection'),
    ],
)
def test_bytes_that_are_not_the_raw_image_are_never_published(
    share: Share, content: bytes, why: str
) -> None:
    with pytest.raises((UnsafeImageError, NotTheImageError), match=why):
        share.ensure(content)
    assert share.names() == []


def test_a_partitioned_disk_is_raw(share: Share) -> None:
    disk = bytearray(SIZE)
    disk[446:462] = bytes(
        [0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    )
    disk[510:512] = b'\x55\xaa'
    disk[512:520] = b'EFI PART'
    share.ensure(bytes(disk))
    assert share.cache.find(RAW)


def test_a_name_that_ontap_refuses_to_give_is_given_through_the_mount(
    share: Share,
) -> None:
    for _ in range(2):
        share.files.fail('rename', OntapForbiddenError(403, '6', 'no'))
    share.ensure()
    assert share.cache.find(RAW)
    assert not [name for name in share.names() if name.startswith('eic-fill-')]


def test_a_role_that_may_not_publish_is_said_to_be_one(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShareMount, 'rename', _not_permitted)
    for _ in range(2):
        share.files.fail('rename', OntapForbiddenError(403, '6', 'no'))
    with pytest.raises(PublishForbiddenError, match='403'):
        share.ensure()
    assert share.names() == []


def _not_permitted(*_names: Any) -> None:
    raise PermissionError('not yours')


@pytest.mark.parametrize('operations', [['rename', 'rename'], ['rename', 'delete']])
def test_a_publication_that_fails_leaves_nothing(
    share: Share, operations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShareMount, 'rename', _not_permitted)
    for operation in operations:
        share.files.fail(operation, OntapRejectedError(500, '1', 'no'))
    with pytest.raises(OntapRejectedError):
        share.ensure()
    assert share.names() == []
    assert share.cache.find(RAW) is None


def test_a_first_publication_is_one_call(share: Share) -> None:
    share.ensure()
    assert [call[0] for call in share.files.calls] == ['rename']


def test_a_fill_that_fails_half_way_leaves_nothing(share: Share) -> None:
    def fill(target: Any) -> None:
        (share.root / target.name).write_bytes(b'half')
        raise OntapRejectedError(500, '917', 'no space')

    with pytest.raises(OntapRejectedError, match='917'):
        share.fill_by(fill)
    assert share.names() == []


def test_a_cached_image_has_the_mode_of_a_volume(share: Share) -> None:
    def fill(target: Any) -> Any:
        filled = share.fill_with(b'\x01' * SIZE)(target)
        (share.root / target.name).chmod(0o400)
        return filled

    share.fill_by(fill)
    assert (share.root / RAW.cached_name).stat().st_mode & 0o777 == 0o660


def test_a_file_that_may_not_be_read_says_what_to_do(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_name: Any) -> None:
        raise PermissionError('permission denied')

    monkeypatch.setattr(share.mount, 'make_accessible', denied)
    with pytest.raises(NotReadableError, match='nas_secure_file_operations'):
        share.ensure()
    assert share.names() == []


def test_a_record_that_cannot_be_written_takes_the_image_with_it(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_name: Any, _content: Any) -> None:
        raise PermissionError('permission denied')

    monkeypatch.setattr(share.mount, 'write', denied)
    with pytest.raises(PermissionError):
        share.ensure()
    assert share.names() == []


def test_who_does_not_wait_gives_up_at_once(share: Share) -> None:
    with share.mutex, pytest.raises(LockTimeoutError):
        share.cache.ensure(RAW, FakeFill(pytest.fail), wait=False)


def test_many_at_once_fill_once(share: Share) -> None:
    fills = []

    def fill(target: Any) -> Any:
        fills.append(target)
        return share.fill_with(b'\x01' * SIZE)(target)

    results = []
    threads = [
        threading.Thread(target=lambda: results.append(share.fill_by(fill)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(fills) == 1
    assert sorted(made for _, made in results) == [False] * 7 + [True]


def test_the_images_of_a_pool_are_listed_by_their_records(share: Share) -> None:
    share.ensure()
    (share.root / 'img-cache-not-recorded').write_bytes(b'')
    assert list(share.storage.image_ids()) == [RAW.id]


def test_a_use_is_remembered_as_the_records_time(share: Share) -> None:
    share.ensure()
    record = share.root / f'.eic-{RAW.id}.json'
    for path in (record, share.root / RAW.cached_name):
        os.utime(path, (1, 1))
    assert share.cache.touch(RAW)
    assert record.stat().st_mtime > 1
    assert (share.root / RAW.cached_name).stat().st_atime > 1


def test_touching_or_forgetting_what_is_gone_is_no_error(share: Share) -> None:
    assert not share.cache.touch(RAW)
    share.cache.forget(RAW)
    assert share.names() == []


def test_an_evicted_image_is_gone_and_made_again_when_wanted(share: Share) -> None:
    share.ensure()
    (usage,) = share.storage.usages()
    assert share.cache.evict(usage)
    assert share.names() == []
    _, made = share.ensure()
    assert made


def test_an_image_that_was_used_meanwhile_is_not_evicted(share: Share) -> None:
    share.ensure()
    os.utime(share.root / f'.eic-{RAW.id}.json', (1, 1))
    (usage,) = share.storage.usages()
    share.cache.touch(RAW)
    assert not share.cache.evict(usage)
    assert share.cache.find(RAW)


def test_a_use_between_the_look_and_the_eviction_keeps_the_image(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's touch comes first: the evictor sees it, whatever it knew."""
    share.ensure()
    os.utime(share.root / f'.eic-{RAW.id}.json', (1, 1))
    (usage,) = share.storage.usages()
    move_aside = share.mount.move_aside

    def touched_first(name: Any) -> Any:
        assert share.cache.touch(RAW)
        return move_aside(name)

    monkeypatch.setattr(share.mount, 'move_aside', touched_first)
    assert not share.cache.evict(usage)
    assert share.cache.find(RAW)


def test_a_use_after_the_eviction_began_finds_nothing(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evictor comes first: the user sees it, and has the image made again."""
    share.ensure()
    os.utime(share.root / f'.eic-{RAW.id}.json', (1, 1))
    (usage,) = share.storage.usages()
    move_aside = share.mount.move_aside
    touched = []

    def touched_after(name: Any) -> Any:
        aside = move_aside(name)
        touched.append(share.cache.touch(RAW))
        return aside

    monkeypatch.setattr(share.mount, 'move_aside', touched_after)
    assert share.cache.evict(usage)
    assert touched == [False]
    assert share.names() == []


def test_an_eviction_that_was_cut_off_leaves_what_the_sweep_takes(share: Share) -> None:
    share.ensure()
    share.mount.move_aside(f'.eic-{RAW.id}.json')
    assert share.cache.find(RAW) is None
    share.cache.sweep(LATER)
    assert share.names() == [RAW.cached_name]
    assert share.storage.foreign_files.unrecorded(RAW.id).path == RAW.cached_name


def verified(share: Any, result: Any = None) -> Any:
    seen = []

    def verify(path: Any) -> None:
        seen.append(path.read_bytes()[:1])
        if result:
            raise result

    return seen, verify


def test_a_signature_is_verified_before_publication_and_remembered(
    share: Share,
) -> None:
    seen, verify = verified(share)
    cached, _ = share.cache.ensure(
        SIGNED, FakeFill(share.fill_with(b'\x01' * SIZE), verify)
    )
    assert seen == [b'\x01']
    assert cached.signature == SIGNED.signature != ''
    assert share.cache.find(SIGNED, verified=True) == cached


def test_a_wrong_signature_publishes_nothing(share: Share) -> None:
    _, verify = verified(share, ValueError('wrong'))
    with pytest.raises(ValueError, match='wrong'):
        share.cache.ensure(RAW, FakeFill(share.fill_with(b'\x01' * SIZE), verify))
    assert share.names() == []


def test_what_the_fill_verified_is_not_verified_again(share: Share) -> None:
    def make(target: Any) -> Any:
        share.fill_with(b'\x01' * SIZE)(target)
        return Filled(SIZE, SIGNED.signature)

    cached, _ = share.cache.ensure(SIGNED, FakeFill(make, pytest.fail))
    assert cached.signature == SIGNED.signature


def test_an_unverified_cached_image_is_made_again_for_who_wants_it_verified(
    share: Share,
) -> None:
    share.ensure()
    assert share.cache.find(SIGNED, verified=True) is None
    seen, verify = verified(share)
    _, made = share.cache.ensure(
        SIGNED, FakeFill(share.fill_with(b'\x02' * SIZE), verify)
    )
    assert made
    assert seen == [b'\x02']


def test_an_image_that_is_being_made_is_not_evicted(share: Share) -> None:
    share.ensure()
    (usage,) = share.storage.usages()
    with share.mutex, pytest.raises(LockTimeoutError):
        share.cache.evict(usage)
    assert share.cache.find(RAW)


def test_last_use_is_that_of_the_record_and_without_one_of_the_file(
    share: Share,
) -> None:
    share.ensure()
    os.utime(share.root / f'.eic-{RAW.id}.json', (500, 500))
    (share.root / 'img-cache-of-the-stock-driver').write_bytes(b'x')
    os.utime(share.root / 'img-cache-of-the-stock-driver', (7, 7))
    assert {u.image_id: u.last_used for u in share.storage.usages()} == {
        RAW.id: 500,
        'of-the-stock-driver': 7,
    }


def test_an_eviction_that_was_cut_off_is_finished_by_the_next(share: Share) -> None:
    share.ensure()
    (share.root / f'.eic-{RAW.id}.json').unlink()
    (usage,) = share.storage.usages()
    assert share.cache.evict(usage)
    assert share.names() == []


LATER = time.time() + 3600
LEFTOVERS = (f'eic-fill-{RAW.id}-0badcafe', f'.eic-{RAW.id}.json.0badcafe')


@pytest.fixture
def left_over(share: Share) -> Share:
    share.ensure()
    for name in (*LEFTOVERS, 'eic-fill-notes.txt'):
        (share.root / name).write_bytes(b'half')
    return share


KEPT = [f'.eic-{RAW.id}.json', 'eic-fill-notes.txt', RAW.cached_name]


def test_a_sweep_removes_what_killed_fills_left_and_nothing_else(
    left_over: Share,
) -> None:
    left_over.cache.sweep(LATER)
    assert left_over.names() == KEPT
    assert set(left_over.locked) == {f'eic-{RAW.id}-{left_over.pool.flexvol.uuid}'}


def test_a_sweep_leaves_a_fill_that_has_the_lock(left_over: Share) -> None:
    with left_over.mutex:
        left_over.cache.sweep(LATER)
    assert left_over.names() == sorted([*KEPT, *LEFTOVERS])


def test_a_sweep_leaves_a_fill_that_still_writes(left_over: Share) -> None:
    """As on another host, where locks are not shared."""
    left_over.cache.sweep(time.time())
    assert left_over.names() == sorted([*KEPT, *LEFTOVERS])


def test_a_leftover_that_cannot_be_removed_ends_no_sweep(left_over: Share) -> None:
    left_over.files.fail('delete', OntapRejectedError(403, '6', 'not authorized'))
    left_over.cache.sweep(LATER)
    assert left_over.names() == KEPT


def test_a_leftover_is_in_nobodys_way(left_over: Share) -> None:
    changed = image(size=SIZE, os_hash_value='other')
    left_over.ensure(b'\x02' * SIZE, changed)
    assert left_over.cache.find(changed)


def lost() -> bool:
    raise LockLostError('another host has it')


def unknown() -> bool:
    raise LocksUnavailableError('no answer')


def test_who_has_lost_the_lock_waits_and_uses_what_the_other_made(
    share: Share,
) -> None:
    other = Share(share.root)

    def another_makes_it() -> bool:
        other.ensure(b'\x02' * SIZE)
        return lost()

    share.confirms = [another_makes_it]
    _cached, made = share.ensure()
    assert not made
    assert len(share.locked) == 2
    assert (share.root / RAW.cached_name).read_bytes() == b'\x02' * SIZE
    assert share.names() == other.names()


def test_who_got_the_lock_back_looks_first(share: Share) -> None:
    other = Share(share.root)
    share.confirms = [lambda: not other.ensure(b'\x02' * SIZE)]
    _cached, made = share.ensure()
    assert not made
    assert (share.root / RAW.cached_name).read_bytes() == b'\x02' * SIZE
    assert not [name for name in share.names() if name.startswith('eic-fill-')]


def test_who_got_the_lock_back_and_finds_nothing_publishes(share: Share) -> None:
    share.confirms = [lambda: False]
    _cached, made = share.ensure()
    assert made
    assert share.cache.find(RAW)


@pytest.mark.parametrize('ends', [unknown, lost])
def test_without_the_lock_nothing_is_published(
    ends: Callable[[], bool], share: Share
) -> None:
    share.confirms = [ends, ends]
    with pytest.raises(NotLockedError):
        share.ensure()
    assert share.names() == []


def test_who_does_not_wait_does_not_wait_for_who_has_the_lock(share: Share) -> None:
    share.confirms = [lost]
    with pytest.raises(LockLostError):
        share.cache.ensure(RAW, FakeFill(share.fill_with(b'\x01' * SIZE)), wait=False)
    assert len(share.locked) == 1
    assert share.names() == []


STEPS = [
    ('mount', 'unlink'),
    ('files', 'rename'),
    ('mount', 'write'),
    ('mount', 'touch'),
]
"""Of a publication, in this order."""


@pytest.mark.parametrize(('part', 'step'), STEPS)
def test_two_that_publish_at_once_leave_one_whole_cached_image(
    part: str, step: str, share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the lock and the last step there is a moment in which the
    lock can be lost: another one publishes in the middle of this publication.
    """
    other = Share(share.root)
    done: list[object] = []
    real = getattr(getattr(share, part), step)

    def after_another(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(None)
            done.append(publish(other, b'\x02' * SIZE, 'eic-fill-2'))
        return real(*args, **kwargs)

    monkeypatch.setattr(getattr(share, part), step, after_another)
    publish(share, b'\x01' * SIZE, 'eic-fill-1')
    assert len(done) == 2
    assert share.names() == [f'.eic-{RAW.id}.json', RAW.cached_name]
    whole = (share.root / RAW.cached_name).read_bytes()
    assert whole in {b'\x01' * SIZE, b'\x02' * SIZE}
    for seen in (share, other):
        assert seen.cache.find(RAW)


def publish(share: Share, content: bytes, name: str) -> Record:
    (share.root / name).write_bytes(content)
    return share.storage.publish(
        share.pool.stored(name), RAW, Record(RAW.identity, SIZE)
    )


def served_once(share: Any) -> Any:
    (usage,) = share.storage.usages()
    return usage.served_once


def test_a_second_use_is_seen_however_soon(share: Share) -> None:
    share.ensure()
    assert served_once(share)
    record = share.root / f'.eic-{RAW.id}.json'
    made = json.loads(record.read_text())['made']
    assert record.stat().st_mtime == pytest.approx(made, abs=0.01)
    share.mount.touch(record.name, made + 1.5)
    assert not served_once(share)
    share.ensure(of=image(size=SIZE, os_hash_value='other'))
    assert served_once(share)


def test_of_what_the_stock_driver_left_nothing_is_known(share: Share) -> None:
    (share.root / RAW.cached_name).write_bytes(b'x' * SIZE)
    (usage,) = share.storage.usages()
    assert not usage.served_once
    assert usage.size == SIZE


def test_a_cached_image_takes_its_whole_disk_of_the_cap(share: Share) -> None:
    """However sparse it is on the share."""
    share.cache.ensure(
        RAW,
        FakeFill(
            lambda target: (
                (share.root / target.name).touch(),
                os.truncate(share.root / target.name, SIZE),
                Filled(),
            )[-1]
        ),
    )
    (usage,) = share.storage.usages()
    assert (usage.size, usage.allocated) == (SIZE, 0)


@pytest.fixture
def order(share: Share, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What goes to the server, in its order: what is made stable, of which
    inode, and what ONTAP is asked to do with files.
    """
    seen = []
    fsync, rename = os.fsync, share.files.rename

    def sync(descriptor: Any) -> None:
        seen.append(('fsync', os.fstat(descriptor).st_ino))
        fsync(descriptor)

    def renamed(file: Any, to: Any) -> None:
        seen.append(('rename', (share.root / file.name).stat().st_ino))
        rename(file, to)

    monkeypatch.setattr(os, 'fsync', sync)
    monkeypatch.setattr(share.files, 'rename', renamed)
    return seen


def written_by(share: Any, name: Any, content: Any = b'\x01' * SIZE) -> Any:
    with share.storage.writable(name, SIZE) as path:
        path.write_bytes(content)
        path.chmod(0o660)
    return Filled()


def test_what_this_host_wrote_is_on_the_server_before_ontap_sees_it(
    share: Share, order: list[Any]
) -> None:
    cached, _ = share.fill_by(lambda target: written_by(share, target.name))
    file = (share.root / cached.stored.name).stat().st_ino
    record = (share.root / f'.eic-{RAW.id}.json').stat().st_ino
    assert order == [('fsync', file), ('rename', file), ('fsync', record)]


def test_what_ontap_made_is_there_already(share: Share, order: list[Any]) -> None:
    cached, _ = share.ensure()
    file = (share.root / cached.stored.name).stat().st_ino
    assert ('fsync', file) not in order


def test_a_file_that_is_adopted_may_be_this_hosts(
    share: Share, order: list[Any]
) -> None:
    content = b'\x01' * SIZE
    adopted = image(
        size=SIZE,
        os_hash_algo='sha256',
        os_hash_value=hashlib.sha256(content).hexdigest(),
    )
    path = share.root / 'eic-fill-x-1'
    path.write_bytes(content)
    path.chmod(0o660)
    share.storage.foreign_files.prove(path.name, adopted)
    assert order == [('fsync', path.stat().st_ino)]


def test_what_the_server_has_not_got_is_no_cached_image(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: Any) -> None:
        raise OSError(errno.EDQUOT, 'quota exceeded')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='quota'):
        share.fill_by(lambda target: written_by(share, target.name))
    assert share.names() == []
    assert share.storage._written == set()
